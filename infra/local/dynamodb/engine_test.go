package dynamodb

import (
	"bytes"
	"encoding/json"
	"hash/crc32"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const authorization = "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0"

func newEngine(t testing.TB, opts Options) *Engine {
	e := New(opts)
	t.Cleanup(e.Close)
	return e
}

// send makes a call and returns the response.
func (e *Engine) send(operation, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	api := tableAPI
	if _, ok := operations[streamAPI+operation]; ok {
		api = streamAPI
	}
	r.Header.Set("X-Amz-Target", api+operation)
	r.Header.Set("Authorization", authorization)
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	return w
}

// call makes a call that must succeed and decodes the response.
func call[T any](t testing.TB, e *Engine, operation, body string) (out T) {
	t.Helper()
	w := e.send(operation, body)
	if w.Code != http.StatusOK {
		t.Fatalf("%s %.300s: %d %s", operation, body, w.Code, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		t.Fatalf("%s answered %s: %v", operation, w.Body, err)
	}
	return out
}

// do makes a call that must succeed.
func do(t testing.TB, e *Engine, operation, body string) {
	t.Helper()
	call[json.RawMessage](t, e, operation, body)
}

// refused makes a call that must fail with an error of this name and returns the message.
func refused(t testing.TB, e *Engine, operation, body, name string) string {
	t.Helper()
	w := e.send(operation, body)
	var fail struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}
	json.Unmarshal(w.Body.Bytes(), &fail) // an empty name fails below
	if _, short, _ := strings.Cut(fail.Type, "#"); short != name || w.Code == http.StatusOK {
		t.Fatalf("%s %.300s: %d %s, want %s", operation, body, w.Code, w.Body, name)
	}
	return fail.Message
}

const createMusic = `{"TableName":"Music","BillingMode":"PAY_PER_REQUEST",
	"AttributeDefinitions":[{"AttributeName":"p","AttributeType":"S"},{"AttributeName":"s","AttributeType":"N"}],
	"KeySchema":[{"AttributeName":"p","KeyType":"HASH"},{"AttributeName":"s","KeyType":"RANGE"}],
	"StreamSpecification":{"StreamEnabled":true,"StreamViewType":"NEW_AND_OLD_IMAGES"}}`

func TestBadRequestsGetDefinedAnswers(t *testing.T) {
	e := newEngine(t, Options{})
	do(t, e, "CreateTable", createMusic)
	cases := []struct{ name, operation, body, want, message string }{
		{"no JSON", "PutItem", `{`, "SerializationException", ""},
		{"nothing", "PutItem", ``, "SerializationException", ""},
		{"an array", "PutItem", `[]`, "SerializationException", "Start of list found where not expected"},
		{"a number for a name", "PutItem", `{"TableName":1}`, "SerializationException", "NUMBER_VALUE cannot be converted. Parameter: TableName"},
		{"a map for a flag", "GetItem", `{"TableName":"Music","ConsistentRead":{}}`, "SerializationException", "Parameter: ConsistentRead"},
		{"a text for an item", "PutItem", `{"TableName":"Music","Item":"x"}`, "SerializationException", "STRING_VALUE cannot be converted to Map"},
		{"a number for a text", "PutItem", `{"TableName":"Music","Item":{"p":{"S":1}}}`, "SerializationException", "NUMBER_VALUE cannot be converted to String"},
		{"a text for a list", "PutItem", `{"TableName":"Music","Item":{"p":{"L":"x"}}}`, "SerializationException", "STRING_VALUE cannot be converted to List"},
		{"bytes that are not base64", "PutItem", `{"TableName":"Music","Item":{"p":{"B":"*"}}}`, "SerializationException", "base64"},
		{"a value without a type", "PutItem", `{"TableName":"Music","Item":{"p":{}}}`, "ValidationException", "Supplied AttributeValue is empty"},
		{"a value with an unknown type", "PutItem", `{"TableName":"Music","Item":{"p":{"X":[{"a":1}]}}}`, "ValidationException", "Supplied AttributeValue is empty"},
		{"a value with two types", "PutItem", `{"TableName":"Music","Item":{"p":{"S":"a","N":"1"}}}`, "ValidationException", "more than one datatypes"},
		{"a bad value in an expression", "Query", `{"TableName":"Music","ExpressionAttributeValues":{":v":{"N":"x"}}}`, "ValidationException", "ExpressionAttributeValues contains invalid value: The parameter cannot be converted to a numeric value: x for key :v"},
		{"no table name", "DescribeTable", `{}`, "ValidationException", "TableName"},
		{"no item", "PutItem", `{"TableName":"Music"}`, "ValidationException", "item"},
		{"no key", "GetItem", `{"TableName":"Music"}`, "ValidationException", "key"},
		{"an unknown operation", "ExecuteStatement", `{}`, "UnknownOperationException", "ExecuteStatement"},
		{"an unknown enum value", "PutItem", `{"TableName":"Music","Item":{},"ReturnConsumedCapacity":"SOME"}`, "ValidationException", "Value 'SOME' at 'returnConsumedCapacity'"},
		{"a legacy condition", "PutItem", `{"TableName":"Music","Item":{},"Expected":{"p":{"Exists":false}}}`, "ValidationException", "Expected"},
		{"a legacy update", "UpdateItem", `{"TableName":"Music","Key":{},"AttributeUpdates":{}}`, "ValidationException", "AttributeUpdates"},
		{"a legacy query", "Query", `{"TableName":"Music","KeyConditions":{}}`, "ValidationException", "KeyConditions"},
		{"a legacy projection in a batch", "BatchGetItem", `{"RequestItems":{"Music":{"Keys":[{"p":{"S":"a"},"s":{"N":"1"}}],"AttributesToGet":["p"]}}}`, "ValidationException", "AttributesToGet"},
		{"placeholders without expressions", "GetItem", `{"TableName":"Music","Key":{"p":{"S":"a"},"s":{"N":"1"}},"ExpressionAttributeNames":{"#a":"a"}}`, "ValidationException", "ExpressionAttributeNames can only be specified when using expressions"},
		{"adding an index later", "UpdateTable", `{"TableName":"Music","GlobalSecondaryIndexUpdates":[{}]}`, "ValidationException", "GlobalSecondaryIndexUpdates"},
		{"both kinds of write in one request", "BatchWriteItem", `{"RequestItems":{"Music":[{"PutRequest":{"Item":{}},"DeleteRequest":{"Key":{}}}]}}`, "ValidationException", "exactly one"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := refused(t, e, c.operation, c.body, c.want); !strings.Contains(got, c.message) {
				t.Errorf("message %q does not contain %q", got, c.message)
			}
		})
	}
}

func TestResponsesCarryAWSHeaders(t *testing.T) {
	e := newEngine(t, Options{})
	w := e.send("ListTables", `{}`)
	sum := strconv.FormatUint(uint64(crc32.ChecksumIEEE(w.Body.Bytes())), 10)
	h := w.Header()
	if h.Get("Content-Type") != contentType || h.Get("X-Amz-Crc32") != sum || len(h.Get("X-Amzn-RequestId")) < 20 {
		t.Errorf("headers %v for %s", h, w.Body)
	}
}

func TestASignatureMustHaveItsForm(t *testing.T) {
	e := newEngine(t, Options{})
	for header, want := range map[string]string{
		"": "MissingAuthenticationTokenException", "Bearer x": "IncompleteSignatureException",
		"AWS4-HMAC-SHA256 Credential=x, SignedHeaders=host": "IncompleteSignatureException", authorization: "TableNames",
	} {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(`{}`))
		r.Header.Set("X-Amz-Target", tableAPI+"ListTables")
		r.Header.Set("Authorization", header)
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("%q was answered %s, want %s", header, w.Body, want)
		}
	}
}

func TestALargeBodyIsRefusedWithoutReadingItAll(t *testing.T) {
	e := newEngine(t, Options{})
	for _, known := range []bool{true, false} {
		r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(make([]byte, maxBody+1)))
		if !known {
			r.ContentLength = -1
		}
		r.Header.Set("X-Amz-Target", tableAPI+"ListTables")
		r.Header.Set("Authorization", authorization)
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		if w.Code != http.StatusRequestEntityTooLarge {
			t.Errorf("length known %t: %d %s", known, w.Code, w.Body)
		}
	}
}

func TestAGetIsAHealthCheck(t *testing.T) {
	e := newEngine(t, Options{Region: "eu-west-3"})
	w := httptest.NewRecorder()
	e.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "dynamodb.eu-west-3") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestATableCanBeNamedByItsARN(t *testing.T) {
	e := newEngine(t, Options{Region: "eu-west-3", AccountID: "123456789012"})
	do(t, e, "CreateTable", createMusic)
	do(t, e, "DescribeTable", `{"TableName":"arn:aws:dynamodb:eu-west-3:123456789012:table/Music"}`)
}
