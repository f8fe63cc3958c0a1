package dynamo

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"edgestream/functions/internal/stream"
)

// recordOf is a stream record as Lambda delivers it.
func recordOf(event, images string) json.RawMessage {
	return json.RawMessage(`{"eventID":"c4ca4238","eventName":"` + event + `","eventVersion":"1.1","eventSource":"aws:dynamodb","awsRegion":"us-east-1",
		"dynamodb":{"ApproximateCreationDateTime":1769900000.0,"Keys":{"owner":{"S":"1"},"id":{"S":"status#7"}},` + images + `
		"SequenceNumber":"4421584500000000017450439091","SizeBytes":26,"StreamViewType":"NEW_AND_OLD_IMAGES"},
		"eventSourceARN":"arn:aws:dynamodb:us-east-1:123456789012:table/Content/stream/2026"}`)
}

func inserted(attributes string) json.RawMessage {
	return recordOf("INSERT", `"NewImage":{"owner":{"S":"1"},"id":{"S":"status#7"}`+attributes+`},`)
}

func yes() *bool { b := true; return &b }
func no() *bool  { b := false; return &b }

func TestARecordIsDecoded(t *testing.T) {
	raw := recordOf("MODIFY", `"OldImage":{"id":{"S":"status#7"},"owner":{"S":"1"},"kind":{"S":"status"},"payload":{"S":"{\"id\":\"7\"}"}},
		"NewImage":{"id":{"S":"status#7"},"owner":{"S":"1"},"kind":{"S":"status"},"payload":{"S":"{\"id\": \"7\",\"x\":\"\\u00fc<\"}"},
			"home":{"L":[{"S":"2"},{"N":"3"}]},"lists":{"NS":["4","5"]},"local":{"BOOL":true},"listed":{"BOOL":false},"mine":{"B":"AAEC"}},`)
	got := Change(raw)
	want := stream.Change{
		EventID: "c4ca4238", Sequence: "4421584500000000017450439091", Owner: "1", At: time.Unix(1769900000, 0).UTC(), Raw: raw,
		Old: &stream.Item{Owner: "1", ID: "status#7", Kind: "status", Payload: []byte(`{"id":"7"}`)},
		New: &stream.Item{Owner: "1", ID: "status#7", Kind: "status", Payload: []byte(`{"id": "7","x":"\u00fc<"}`),
			Home: []string{"2", "3"}, Lists: []string{"4", "5"}, Local: yes(), Listed: no()},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEventsHaveTheirImages(t *testing.T) {
	image := `{"owner":{"S":"1"},"id":{"S":"x"}}`
	for name, tt := range map[string]struct {
		raw      json.RawMessage
		old, new bool
	}{
		"insert": {recordOf("INSERT", `"NewImage":`+image+`,`), false, true},
		"modify": {recordOf("MODIFY", `"NewImage":`+image+`,"OldImage":`+image+`,`), true, true},
		"remove": {recordOf("REMOVE", `"OldImage":`+image+`,`), true, false},
	} {
		if c := Change(tt.raw); c.Problem != nil || (c.Old != nil) != tt.old || (c.New != nil) != tt.new || c.Expired {
			t.Errorf("%s: %+v", name, c)
		}
	}
}

func TestMendingAnItemThatDidNotFitIsAnInsert(t *testing.T) {
	c := Change(recordOf("MODIFY", `"NewImage":{"owner":{"S":"1"},"kind":{"S":"status"}},"OldImage":{"owner":{"S":"1"},"kind":{"N":"1"}},`))
	if c.Problem != nil || c.Old != nil || c.New == nil {
		t.Errorf("%+v", c)
	}
}

func TestARemovalByTimeToLiveIsExpired(t *testing.T) {
	removed := string(recordOf("REMOVE", `"OldImage":{"owner":{"S":"1"},"kind":{"N":"1"}},`))
	byTTL := strings.Replace(removed, `{"eventID"`, `{"userIdentity":{"type":"Service","principalId":"dynamodb.amazonaws.com"},"eventID"`, 1)
	if c := Change([]byte(byTTL)); !c.Expired || c.Problem != nil || c.Owner != "1" {
		t.Errorf("%+v", c)
	}
	byUser := strings.Replace(byTTL, "dynamodb.amazonaws.com", "AIDAX", 1)
	if c := Change([]byte(byUser)); c.Expired || c.Problem == nil {
		t.Errorf("%+v", c)
	}
	inserted := strings.Replace(string(inserted("")), `{"eventID"`, `{"userIdentity":{"principalId":"dynamodb.amazonaws.com"},"eventID"`, 1)
	if c := Change([]byte(inserted)); c.Expired {
		t.Error("an insert is not an expiry")
	}
}

func TestPayloads(t *testing.T) {
	for attribute, want := range map[string]string{
		`"payload":{"S":"any <text>, \"verbatim\"\n"}`: "any <text>, \"verbatim\"\n",
		`"payload":{"S":""}`:                           "",
		`"payload":{"M":{}}`:                           `{}`,
		`"payload":{"M":{"b":{"N":"1E+2"},"a":{"S":"<&\u2028\"\\\u0001\n"},"":{"NULL":true}}}`:                                                `{"":null,"a":"<&` + "\u2028" + `\"\\\u0001\n","b":1E+2}`,
		`"payload":{"M":{"s":{"SS":["b","a"]},"n":{"NS":["2","1.50"]},"y":{"BS":["AA=="]},"l":{"L":[{"BOOL":false},{"L":[]},{"B":"AA=="}]}}}`: `{"l":[false,[],"AA=="],"n":[2,1.50],"s":["b","a"],"y":["AA=="]}`,
		`"kind":{"S":"broadcast"},"payload":{"L":[{"N":"1"}]}`:                                                                                `[1]`,
		`"kind":{"S":"broadcast"},"payload":{"N":"-0.5"}`:                                                                                     `-0.5`,
		`"kind":{"S":"broadcast"},"payload":{"BOOL":true}`:                                                                                    `true`,
		`"payload":{"SS":["x"]},"kind":{"S":"filter"}`:                                                                                        `["x"]`,
		`"kind":{"S":"event"},"payload":{"L":[{"M":{"name":{"S":"a"},"data":{"M":{"x":{"N":"1"}}}}},{"M":{}}]}`:                               `[{"data":{"x":1},"name":"a"},{}]`,
		`"kind":{"S":"event"},"payload":{"M":{"name":{"S":"a"}}}`:                                                                             `{"name":"a"}`,
	} {
		c := Change(inserted("," + attribute))
		if c.Problem != nil || string(c.New.Payload) != want || c.New.Payload == nil {
			t.Errorf("%s: got %q, %v, want %q", attribute, c.New.Payload, c.Problem, want)
		}
	}
	for _, attribute := range []string{`"payload":{"NULL":true}`, `"other":{"S":"x"}`} {
		if c := Change(inserted("," + attribute)); c.Problem != nil || c.New.Payload != nil {
			t.Errorf("%s: %q, %v", attribute, c.New.Payload, c.Problem)
		}
	}
}

func TestBroadcastTargets(t *testing.T) {
	c := Change(inserted(`,"event":{"S":"custom"},"topics":{"L":[{"M":{"stream":{"S":"user"}}},
		{"M":{"stream":{"S":"hashtag"},"tag":{"S":"Caf\u00e9"},"extra":{"B":""}}},{"M":{"stream":{"S":"list"},"list":{"N":"12"},"account":{"NULL":true}}},
		{"M":{"channel":{"S":"news"},"app":{"N":"4072"}}}]}`))
	want := []stream.Target{{Stream: "user"}, {Stream: "hashtag", Tag: "Café"}, {Stream: "list", List: "12"}, {App: "4072", Channel: "news"}}
	if c.Problem != nil || c.New.Event != "custom" {
		t.Fatal(c.Problem, c.New)
	}
	if diff := cmp.Diff(want, c.New.Topics); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWhatDoesNotFitIsNamed(t *testing.T) {
	for attribute, want := range map[string]string{
		`"kind":{"N":"1"}`:                                "new image: attribute kind is N, not S",
		`"home":{"S":"2"}`:                                "new image: attribute home is S, not L, SS or NS",
		`"home":{"L":[{"S":"2"},{"BOOL":true}]}`:          "new image: attribute home has an element of type BOOL, not S or N",
		`"lists":{"BS":["AA=="]}`:                         "new image: attribute lists is BS, not L, SS or NS",
		`"local":{"S":"true"}`:                            "new image: attribute local is S, not BOOL",
		`"listed":{"N":"1"}`:                              "new image: attribute listed is N, not BOOL",
		`"payload":{"B":"AA=="}`:                          "new image: attribute payload is B, not S or M",
		`"payload":{"L":[]}`:                              "new image: attribute payload is L, not S or M",
		`"kind":{"S":"broadcast"},"payload":{"B":"AA=="}`: "new image: attribute payload is B, not text or JSON",
		`"topics":{"M":{}}`:                               "new image: attribute topics is M, not L",
		`"topics":{"L":[{"S":"user"}]}`:                   "new image: attribute topics element 0: is S, not M",
		`"topics":{"L":[{"M":{"stream":{"N":"1"}}}]}`:     "new image: attribute topics element 0: attribute stream is N, not S",
		`"kind":{"S":"event"},"payload":{"SS":["a"]}`:     "new image: attribute payload is SS, not S, M or L",
		`"kind":{"S":"item"},"app":{"BOOL":true}`:         "new image: attribute app is BOOL, not S or N",
		`"topics":{"L":[{"M":{"channel":{"N":"1"}}}]}`:    "new image: attribute topics element 0: attribute channel is N, not S",
		`"event":{"SS":["a"]}`:                            "new image: attribute event is SS, not S",
		`"kind":{"X":"1"}`:                                "malformed DynamoDB JSON: unknown type at byte",
		`"kind":{"S":"a","N":"1"}`:                        "malformed DynamoDB JSON: not one type at byte",
		`"kind":{}`:                                       "malformed DynamoDB JSON: not one type at byte",
		`"n":{"N":"1x"}`:                                  "malformed DynamoDB JSON: not a number at byte",
		`"payload":` + strings.Repeat(`{"L":[`, 200) + strings.Repeat(`]}`, 200): "malformed DynamoDB JSON: too deep",
	} {
		c := Change(inserted("," + attribute))
		if c.Problem == nil || !strings.HasPrefix(c.Problem.Error(), want) {
			t.Errorf("%.60s: got %v, want %s", attribute, c.Problem, want)
		}
		if c.New != nil || c.Owner != "1" || c.Sequence == "" || c.EventID == "" || c.Raw == nil {
			t.Errorf("%.60s: owner %q, sequence %q, event %q, new %v", attribute, c.Owner, c.Sequence, c.EventID, c.New)
		}
	}
}

func TestARecordThatIsNoneHasAProblem(t *testing.T) {
	image := `{"owner":{"S":"1"}}`
	for name, raw := range map[string]json.RawMessage{
		"empty": nil, "null": json.RawMessage(`null`), "array": json.RawMessage(`[]`), "truncated": json.RawMessage(`{"dynamodb":{`),
		"keys only":     recordOf("INSERT", ""),
		"new image":     recordOf("MODIFY", `"NewImage":`+image+`,`),
		"both":          recordOf("INSERT", `"NewImage":`+image+`,"OldImage":`+image+`,`),
		"unknown event": recordOf("UPSERT", `"NewImage":`+image+`,`),
		"text image":    recordOf("INSERT", `"NewImage":"x",`),
		"number owner":  json.RawMessage(`{"eventName":"INSERT","dynamodb":{"Keys":{"owner":{"N":"1"}},"NewImage":{}}}`),
		"text time":     json.RawMessage(`{"eventName":"INSERT","dynamodb":{"ApproximateCreationDateTime":"now","Keys":{"owner":{"S":"1"}},"NewImage":{}}}`),
	} {
		if c := Change(raw); c.Problem == nil {
			t.Errorf("%s: no problem: %+v", name, c)
		}
	}
}

func TestAnOddTimeIsNoTime(t *testing.T) {
	for epoch, want := range map[string]time.Time{
		"1.7699E9": time.Unix(1769900000, 0).UTC(), "0": {}, "-1": {}, "1e300": {}, "1769900000.999": time.Unix(1769900000, 0).UTC(),
	} {
		raw := strings.Replace(string(inserted("")), "1769900000.0", epoch, 1)
		if c := Change([]byte(raw)); c.Problem != nil || !c.At.Equal(want) {
			t.Errorf("%s: %v, %v", epoch, c.At, c.Problem)
		}
	}
}

// FuzzChange asserts that any bytes give a change that the publisher can rely on.
func FuzzChange(f *testing.F) {
	f.Add([]byte(inserted(`,"kind":{"S":"status"},"payload":{"M":{"a":{"L":[{"NS":["1"]}]}}},"home":{"SS":["1"]},"topics":{"L":[{"M":{"stream":{"S":"user"}}}]}`)))
	f.Add([]byte(recordOf("REMOVE", `"OldImage":{"kind":{"S":"\ud800\u0000"},"payload":{"M":{"\u2028":{"N":"1E-5"}}}},`)))
	f.Add([]byte(`{"dynamodb":null}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c := Change(raw)
		if c.Problem != nil && (c.Old != nil || c.New != nil) {
			t.Error("a change with a problem has images")
		}
		if c.Problem == nil && !c.Expired && c.Old == nil && c.New == nil {
			t.Error("a change without a problem has no image")
		}
		if c.Problem == nil && !json.Valid(raw) {
			t.Error("what is no JSON is accepted")
		}
		var other struct {
			DynamoDB struct{ SequenceNumber string }
		}
		if json.Unmarshal(raw, &other) == nil && strings.Count(string(raw), "equence") == 1 && c.Sequence != other.DynamoDB.SequenceNumber {
			t.Errorf("sequence number %q, want %q", c.Sequence, other.DynamoDB.SequenceNumber)
		}
	})
}

// aStatusRecord is the record of a status of two kilobytes.
func aStatusRecord(t testing.TB) json.RawMessage {
	t.Helper()
	payload, err := json.Marshal(strings.Repeat(`{"id":"7","content":"<p>ü</p>"}`, 60))
	if err != nil {
		t.Fatal(err)
	}
	return inserted(fmt.Sprintf(`,"kind":{"S":"status"},"payload":{"S":%s},"home":{"SS":["1","2","3"]}`, payload))
}

func BenchmarkChange(b *testing.B) {
	raw := aStatusRecord(b)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if c := Change(raw); c.Problem != nil {
			b.Fatal(c.Problem)
		}
	}
}
