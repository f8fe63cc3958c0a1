package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// item is an item, or its key, in DynamoDB's JSON.
type item = map[string]any

// record is a stream record as Lambda hands it to a function; of raw, what is needed here.
// https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
type record struct {
	raw       json.RawMessage
	EventID   string `json:"eventID"`
	EventName string `json:"eventName"`
	Stream    string `json:"eventSourceARN"`
	DynamoDB  struct {
		Created  float64 `json:"ApproximateCreationDateTime"`
		Keys     item
		Old      item   `json:"OldImage"`
		New      item   `json:"NewImage"`
		Sequence string `json:"SequenceNumber"`
		View     string `json:"StreamViewType"`
	} `json:"dynamodb"`
}

// parseRecord reads a record; false if it is none.
func parseRecord(text []byte) (r record, ok bool) {
	if json.Unmarshal(text, &r) != nil || len(r.DynamoDB.Keys) == 0 || r.DynamoDB.Sequence == "" {
		return record{}, false
	}
	r.raw = bytes.Clone(text)
	return r, true
}

// raw are records as they are in an event.
func raw(records []record) (all []json.RawMessage) {
	for _, r := range records {
		all = append(all, r.raw)
	}
	return all
}

// renamed is the record under another id.
func (r record) renamed(id string) record {
	var members map[string]json.RawMessage
	if json.Unmarshal(r.raw, &members) != nil {
		return r
	}
	r.EventID = id
	members["eventID"], _ = json.Marshal(id)
	r.raw, _ = json.Marshal(members)
	return r
}

// table is the name in arn:aws:dynamodb:REGION:ACCOUNT:table/NAME/stream/LABEL.
func (r *record) table() string {
	_, rest, _ := strings.Cut(r.Stream, ":table/")
	name, _, _ := strings.Cut(rest, "/")
	return name
}

// created is when the item was changed, to the second.
func (r *record) created() time.Time { return time.Unix(int64(r.DynamoDB.Created), 0) }

// key tells items apart.
func (r *record) key() string {
	text, _ := json.Marshal(r.DynamoDB.Keys)
	return r.table() + string(text)
}

// before orders sequence numbers, which are decimal and of any length.
func before(a, b string) bool {
	if len(a) != len(b) {
		return len(a) < len(b)
	}
	return a < b
}

// same reports whether two items are equal. Sets have no order.
func same(a, b item) bool {
	return reflect.DeepEqual(unordered(a), unordered(b))
}

// unordered is the value with its sets sorted.
func unordered(v any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = unordered(v[i])
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for name, value := range v {
			set, isList := value.([]any)
			if isSet := isList && len(v) == 1 && (name == "SS" || name == "NS" || name == "BS"); isSet {
				set = slices.Clone(set)
				slices.SortFunc(set, func(a, b any) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
				out[name] = set
				continue
			}
			out[name] = unordered(value)
		}
		return out
	}
	return v
}

// maxShown is how much of a key's value is shown: what is longer may be a hash of a credential.
const maxShown = 40

// name says which item it is, and its kind where it has such an attribute.
func (r *record) name() string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(r.DynamoDB.Keys)) {
		parts = append(parts, name+"="+plain(r.DynamoDB.Keys[name]))
	}
	image := r.DynamoDB.New
	if image == nil {
		image = r.DynamoDB.Old
	}
	if kind, ok := image["kind"]; ok {
		parts = append(parts, "kind="+plain(kind))
	}
	return strings.Join(parts, " ")
}

// plain is a value without its type.
func plain(v any) string {
	text, _ := json.Marshal(v)
	if typed, ok := v.(map[string]any); ok && len(typed) == 1 {
		for _, inner := range typed {
			if s, ok := inner.(string); ok {
				text = []byte(s)
			}
		}
	}
	if runes := []rune(string(text)); len(runes) > maxShown {
		return string(runes[:maxShown/4]) + "…"
	}
	return string(text)
}
