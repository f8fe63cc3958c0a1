package contract

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
)

type item = map[string]types.AttributeValue

// shorthand is how the tables write attribute values: as the API's JSON.
type shorthand struct {
	S    *string
	N    *string
	B    []byte
	BOOL *bool
	NULL *bool
	M    map[string]shorthand
	L    []shorthand
	SS   []string
	NS   []string
	BS   [][]byte
}

// parse reads an item from JSON such as {"p":{"S":"a"}}; "" is no item.
func parse(t *testing.T, text string) item {
	t.Helper()
	if text == "" {
		return nil
	}
	var values map[string]shorthand
	if err := json.Unmarshal([]byte(text), &values); err != nil {
		t.Fatalf("test data %s: %v", text, err)
	}
	return members(values)
}

func members(values map[string]shorthand) item {
	it := make(item, len(values))
	for name, v := range values {
		it[name] = v.value()
	}
	return it
}

func (v shorthand) value() types.AttributeValue {
	switch {
	case v.S != nil:
		return &types.AttributeValueMemberS{Value: *v.S}
	case v.N != nil:
		return &types.AttributeValueMemberN{Value: *v.N}
	case v.B != nil:
		return &types.AttributeValueMemberB{Value: v.B}
	case v.BOOL != nil:
		return &types.AttributeValueMemberBOOL{Value: *v.BOOL}
	case v.NULL != nil:
		return &types.AttributeValueMemberNULL{Value: *v.NULL}
	case v.M != nil:
		return &types.AttributeValueMemberM{Value: members(v.M)}
	case v.L != nil:
		list := []types.AttributeValue{}
		for _, e := range v.L {
			list = append(list, e.value())
		}
		return &types.AttributeValueMemberL{Value: list}
	case v.SS != nil:
		return &types.AttributeValueMemberSS{Value: v.SS}
	case v.NS != nil:
		return &types.AttributeValueMemberNS{Value: v.NS}
	}
	return &types.AttributeValueMemberBS{Value: v.BS}
}

// text writes an item back as JSON, names and sets sorted.
func text(it item) string {
	if it == nil {
		return ""
	}
	var b strings.Builder
	b.WriteByte('{')
	for i, name := range slices.Sorted(maps.Keys(it)) {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(quote(name) + ":" + valueText(it[name]))
	}
	return b.String() + "}"
}

func valueText(v types.AttributeValue) string {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return `{"S":` + quote(v.Value) + `}`
	case *types.AttributeValueMemberN:
		return `{"N":` + quote(v.Value) + `}`
	case *types.AttributeValueMemberB:
		return `{"B":` + quote(v.Value) + `}`
	case *types.AttributeValueMemberBOOL:
		return `{"BOOL":` + quote(v.Value) + `}`
	case *types.AttributeValueMemberNULL:
		return `{"NULL":` + quote(v.Value) + `}`
	case *types.AttributeValueMemberM:
		return `{"M":` + text(v.Value) + `}`
	case *types.AttributeValueMemberL:
		parts := make([]string, len(v.Value))
		for i, e := range v.Value {
			parts[i] = valueText(e)
		}
		return `{"L":[` + strings.Join(parts, ",") + `]}`
	case *types.AttributeValueMemberSS:
		return `{"SS":` + quote(sorted(v.Value)) + `}`
	case *types.AttributeValueMemberNS:
		return `{"NS":` + quote(sorted(v.Value)) + `}`
	case *types.AttributeValueMemberBS:
		sort.Slice(v.Value, func(i, j int) bool { return string(v.Value[i]) < string(v.Value[j]) })
		return `{"BS":` + quote(v.Value) + `}`
	}
	return "?"
}

func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }

func quote(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

// code returns the name of an API error, "" for no error.
func code(err error) string {
	var api smithy.APIError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &api):
		return api.ErrorCode()
	}
	return "not an API error: " + err.Error()
}

// wantError checks an error: "" for none, else its code, and after a colon a part of its message.
func wantError(t *testing.T, err error, want string) {
	t.Helper()
	wantCode, message, _ := strings.Cut(want, ":")
	if code(err) != wantCode {
		t.Fatalf("error %v, want %q", err, want)
	}
	if err != nil && !strings.Contains(err.Error(), strings.TrimSpace(message)) {
		t.Errorf("message %q does not contain %q", err, strings.TrimSpace(message))
	}
}

const (
	validation = "ValidationException"
	failed     = "ConditionalCheckFailedException"
	notFound   = "ResourceNotFoundException"
	inUse      = "ResourceInUseException"
	cancelled  = "TransactionCanceledException"
)

// asType returns the error of this type that err is.
func asType[E error](t *testing.T, err error) E {
	t.Helper()
	found, ok := errors.AsType[E](err)
	if !ok {
		t.Fatalf("%v is no %T", err, found)
	}
	return found
}
