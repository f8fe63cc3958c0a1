package dynamo

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/table"
)

const ordersStream = "arn:aws:dynamodb:eu-west-1:210987654321:table/orders/stream/2026-11-22T10:00:00.000"

var shop = NewSource(ordersStream)

// order is a record of a table of orders. Its images are without their key.
func order(event, before, after string) json.RawMessage {
	images := ""
	for name, image := range map[string]string{"OldImage": before, "NewImage": after} {
		if image != "none" {
			images += `"` + name + `":{"orderId":{"S":"o7"}` + image + `},`
		}
	}
	return json.RawMessage(`{"eventID":"9f61","eventName":"` + event + `","eventVersion":"1.1","eventSource":"aws:dynamodb","awsRegion":"eu-west-1",
		"dynamodb":{"ApproximateCreationDateTime":1769900000,"Keys":{"orderId":{"S":"o7"}},` + images + `"SequenceNumber":"300"},
		"eventSourceARN":"` + ordersStream + `"}`)
}

// saying is the attribute edgestream with these members.
func saying(members string) string { return `,"edgestream":{"M":{` + members + `}}` }

const (
	aNote   = `"kind":{"S":"notification"},"owner":{"S":"1"}`
	aStatus = `"kind":{"S":"status"},"owner":{"N":"2"},"id":{"S":"status#5"},"home":{"NS":["1"]},"lists":{"L":[{"S":"9"}]},"local":{"BOOL":true},"listed":{"BOOL":false}`
)

func TestAnOrderSaysWhatItsMapSays(t *testing.T) {
	for name, tt := range map[string]struct {
		image string
		want  stream.Item
	}{
		"payload, text": {saying(aNote + `,"payload":{"S":"{\"id\": 7}"}`),
			stream.Item{Owner: "1", ID: "notification#o7", Kind: "notification", Payload: []byte(`{"id": 7}`)}},
		"payload, map": {saying(aNote + `,"payload":{"M":{"b":{"N":"1"},"a":{"S":"x"}}}`),
			stream.Item{Owner: "1", ID: "notification#o7", Kind: "notification", Payload: []byte(`{"a":"x","b":1}`)}},
		"payload from an attribute, map": {`,"order":{"M":{"total":{"N":"12.50"}}}` + saying(aNote+`,"payloadFrom":{"S":"order"}`),
			stream.Item{Owner: "1", ID: "notification#o7", Kind: "notification", Payload: []byte(`{"total":12.50}`)}},
		"payload from an attribute, text": {`,"order":{"S":"{ }"}` + saying(aNote+`,"payloadFrom":{"S":"order"}`),
			stream.Item{Owner: "1", ID: "notification#o7", Kind: "notification", Payload: []byte(`{ }`)}},
		"every attribute": {`,"kind":{"S":"wholesale"},"owner":{"BOOL":true},"body":{"S":"{}"}` + saying(aStatus+`,"payloadFrom":{"S":"body"},"members":{"S":"mine"},"payload":{"NULL":true}`),
			stream.Item{Owner: "2", ID: "status#5", Kind: "status", Payload: []byte(`{}`), Home: []string{"1"}, Lists: []string{"9"}, Local: yes(), Listed: no()}},
		"broadcast": {saying(`"kind":{"S":"broadcast"},"owner":{"S":"x"},"event":{"S":"sold"},"topics":{"L":[{"M":{"channel":{"S":"news"},"app":{"N":"4072"}}}]},"payload":{"N":"1"}`),
			stream.Item{Owner: "x", ID: "broadcast#o7", Kind: "broadcast", Event: "sold", Payload: []byte(`1`), Topics: []stream.Target{{App: "4072", Channel: "news"}}}},
	} {
		raw := order("INSERT", "none", tt.image)
		want := stream.Change{EventID: "source#9f61", Sequence: "300", Owner: shop.owner(orderKey("o7")), At: time.Unix(1769900000, 0).UTC(),
			New: &tt.want, Elsewhere: true, Raw: raw}
		if diff := cmp.Diff(want, shop.Change(raw)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestAnOrdersChangesAreThoseOfItsMapAndPayload: + is an item that is shown, . is one that is not.
func TestAnOrdersChangesAreThoseOfItsMapAndPayload(t *testing.T) {
	note := saying(aNote + `,"payloadFrom":{"S":"order"}`)
	for _, tt := range []struct{ name, event, before, after, want string }{
		{"insert", "INSERT", "none", `,"order":{"S":"{}"}` + note, ".+"},
		{"insert without a map", "INSERT", "none", `,"order":{"S":"{}"}`, "unchanged"},
		{"another attribute", "MODIFY", `,"order":{"S":"{}"},"n":{"N":"1"}` + note, `,"order":{"S":"{}"},"n":{"N":"2"}` + note, "unchanged"},
		{"neither has a map", "MODIFY", `,"order":{"S":"{}"}`, `,"order":{"S":"{1}"}`, "unchanged"},
		{"the payload's attribute", "MODIFY", `,"order":{"S":"{}"}` + note, `,"order":{"S":"{ }"}` + note, "++"},
		{"the payload's attribute empty", "MODIFY", note, `,"order":{"S":""}` + note, ".+"},
		{"the map", "MODIFY", `,"order":{"S":"{}"}` + note, `,"order":{"S":"{}"}` + saying(`"kind":{"S":"merge"},"owner":{"S":"1"}`), "++"},
		{"a member that is not read", "MODIFY", saying(`"kind":{"S":"merge"},"owner":{"S":"1"}`), saying(`"kind":{"S":"merge"},"owner":{"S":"1"},"n":{"N":"1"}`), "++"},
		{"the order of members", "MODIFY", saying(`"kind":{"S":"merge"},"owner":{"S":"1"}`), saying(`"owner":{"S":"1"},"kind":{"S":"merge"}`), "unchanged"},
		{"gains it", "MODIFY", `,"order":{"S":"{}"}`, `,"order":{"S":"{}"}` + note, ".+"},
		{"loses it", "MODIFY", `,"order":{"S":"{}"}` + note, `,"order":{"S":"{}"}`, "+."},
		{"it becomes a text", "MODIFY", `,"order":{"S":"{}"}` + note, `,"order":{"S":"{}"},"edgestream":{"S":"off"}`, "+."},
		{"it becomes null", "MODIFY", `,"order":{"S":"{}"}` + note, `,"order":{"S":"{}"},"edgestream":{"NULL":true}`, "+."},
		{"remove", "REMOVE", `,"order":{"S":"{}"}` + note, "none", "+."},
		{"mended", "MODIFY", note, `,"order":{"S":"{}"}` + note, ".+"},
	} {
		c := shop.Change(order(tt.event, tt.before, tt.after))
		if got := shownIn(c); got != tt.want {
			t.Errorf("%s: %s (%v), want %s", tt.name, got, c.Problem, tt.want)
		}
		if messages, err := c.Messages(); tt.want == "unchanged" && (err != nil || messages != nil) {
			t.Errorf("%s: %v, %v", tt.name, messages, err)
		}
	}
}

func shownIn(c stream.Change) string {
	if c.Unchanged {
		return "unchanged"
	}
	shown := map[bool]string{true: "+", false: "."}
	return shown[c.Old != nil] + shown[c.New != nil]
}

func TestAnOrderThatExpiresIsSilent(t *testing.T) {
	raw := strings.Replace(string(order("REMOVE", saying(`"kind":{"N":"1"}`), "none")), `{"eventID"`,
		`{"userIdentity":{"type":"Service","principalId":"dynamodb.amazonaws.com"},"eventID"`, 1)
	c := shop.Change([]byte(raw))
	if messages, err := c.Messages(); !c.Expired || messages != nil || err != nil {
		t.Errorf("%+v %v %v", c, messages, err)
	}
}

func TestWhatDoesNotFitInAnOrderIsNamed(t *testing.T) {
	for image, want := range map[string]string{
		saying(`"kind":{"N":"1"}`):                                                            "new image: edgestream: attribute kind is N, not S",
		saying(aNote + `,"home":{"S":"2"}`):                                                   "new image: edgestream: attribute home is S, not L, SS or NS",
		saying(aNote + `,"payload":{"BOOL":true}`):                                            "new image: edgestream: attribute payload is BOOL, not S or M",
		saying(`"kind":{"S":"notification"},"owner":{"M":{}}`):                                "new image: edgestream: attribute owner is M, not S",
		saying(aNote + `,"payloadFrom":{"N":"1"}`):                                            "new image: edgestream: attribute payloadFrom is N, not S",
		saying(aNote + `,"payloadFrom":{"S":"order"}`):                                        `new image: edgestream: attribute payloadFrom names "order", which the item has not`,
		`,"order":{"NULL":true}` + saying(aNote+`,"payloadFrom":{"S":"order"}`):               `new image: edgestream: attribute payloadFrom names "order", which the item has not`,
		`,"order":{"B":"AA=="}` + saying(aNote+`,"payloadFrom":{"S":"order"}`):                "new image: edgestream: attribute payload is B, not S or M",
		`,"order":{"M":{}}` + saying(aNote+`,"payloadFrom":{"S":"order"},"payload":{"M":{}}`): "new image: edgestream: there are both a payload and a payloadFrom",
		saying(`"kind":{"S":"_roster"},"owner":{"S":"app#4072#presence-x"}`):                  `new image: edgestream: kind "_roster" is the service's own`,
		saying(`"kind":{"X":"1"}`):                                                            "malformed DynamoDB JSON: unknown type at byte",
	} {
		raw := order("INSERT", "none", image)
		c := shop.Change(raw)
		if c.Problem == nil || !strings.HasPrefix(c.Problem.Error(), want) {
			t.Errorf("%s: got %v, want %s", image, c.Problem, want)
		}
		if c.New != nil || c.EventID != "source#9f61" || c.Sequence != "300" || c.Owner != shop.owner(orderKey("o7")) || string(c.Raw) != string(raw) {
			t.Errorf("%s: %+v", image, c)
		}
	}
	for image, want := range map[string]string{
		saying(`"owner":{"S":"1"}`):                         "no kind",
		saying(`"kind":{"S":"filter"}`):                     "no owner",
		saying(`"kind":{"S":"invoice"},"owner":{"S":"1"}`):  "unknown kind",
		saying(aNote + `,"payload":{"S":"no JSON object"}`): "no JSON object",
	} {
		if _, err := shop.Change(order("INSERT", "none", image)).Messages(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", image, err, want)
		}
	}
}

func TestAnOrderIsRemovedWithItsProblem(t *testing.T) {
	for event, after := range map[string]string{"REMOVE": "none", "MODIFY": `,"n":{"N":"1"}`} {
		c := shop.Change(order(event, saying(`"kind":{"N":"1"}`), after))
		if c.Problem == nil || !strings.HasPrefix(c.Problem.Error(), "old image: edgestream: ") {
			t.Errorf("%s: %v", event, c.Problem)
		}
	}
}

func TestAStreamWithoutBothImagesIsSaidToBeOne(t *testing.T) {
	c := shop.Change(order("MODIFY", "none", saying(aNote+`,"payload":{"M":{}}`)))
	if c.Problem == nil || !strings.Contains(c.Problem.Error(), "NEW_AND_OLD_IMAGES") {
		t.Error(c.Problem)
	}
}

// TestARecordOfAnotherTableIsContents: by its ARN alone, whatever it holds.
func TestARecordOfAnotherTableIsContents(t *testing.T) {
	image := `,"owner":{"S":"1"},"kind":{"S":"merge"}` + saying(aNote+`,"payload":{"M":{}}`)
	raw := order("INSERT", "none", image)
	content := strings.Replace(string(raw), `"Keys":{`, `"Keys":{"owner":{"S":"1"},`, 1)
	for arn, source := range map[string]Source{
		"arn:aws:dynamodb:us-east-1:123456789012:table/Content/stream/2026": shop,
		"arn:aws:dynamodb:us-east-1:123456789012:table/orders2/stream/2026": shop,
		"": shop, ordersStream: {},
	} {
		c := source.Change([]byte(strings.Replace(content, ordersStream, arn, 1)))
		if c.Problem != nil || c.New.Kind != "merge" || c.EventID != "9f61" || c.Owner != "1" || c.Elsewhere {
			t.Errorf("%q: %+v", arn, c)
		}
	}
	// A runner's ARN has another region, and a label of its own.
	other := strings.Replace(string(raw), ordersStream, "arn:aws:dynamodb:ddblocal:000000000000:table/orders/stream/x", 1)
	if c := shop.Change([]byte(other)); c.Problem != nil || c.New.Kind != "notification" || !c.Elsewhere {
		t.Errorf("%+v", c)
	}
}

func TestOnlyTheSameOrderIsOneOwner(t *testing.T) {
	seen := map[string]string{}
	for name, owner := range map[string]string{
		"o7": shop.owner(orderKey("o7")), "o8": shop.owner(orderKey("o8")), "none": shop.owner(nil),
		"another table's": NewSource("arn:aws:dynamodb:x:1:table/returns/stream/1").owner(orderKey("o7")),
	} {
		if other, again := seen[owner]; again || !strings.HasPrefix(owner, "source#") {
			t.Errorf("%s and %s are %s", name, other, owner)
		}
		seen[owner] = name
	}
	composite := func(keys string) stream.Change {
		return shop.Change([]byte(strings.Replace(string(order("INSERT", "none", saying(aNote+`,"payload":{"M":{}}`))), `{"orderId":{"S":"o7"}}`, keys, 1)))
	}
	one, other := composite(`{"day":{"N":"3"},"at":{"S":"x"}}`), composite(`{"at":{"S":"x"},"day":{"N":"3"}}`)
	if one.Owner != other.Owner || one.New.ID != "notification#x#3" || other.New.ID != one.New.ID {
		t.Errorf("%+v\n%+v", one, other)
	}
}

func orderKey(id string) table.Item { return table.Item{{"orderId", table.Text(id)}} }

// FuzzSource asserts that any bytes give a change that the publisher can rely on, and that its names
// are never those of a record of Content.
func FuzzSource(f *testing.F) {
	f.Add([]byte(order("INSERT", "none", `,"order":{"M":{"a":{"L":[{"NS":["1"]}]}}}`+saying(aStatus+`,"payloadFrom":{"S":"order"}`))))
	f.Add([]byte(order("MODIFY", saying(aNote+`,"payload":{"S":"{}"}`), `,"edgestream":{"S":""}`)))
	f.Add([]byte(order("REMOVE", saying(`"kind":{"S":"_x"},"payloadFrom":{"S":"edgestream"}`), "none")))
	f.Add([]byte(fmt.Sprintf(`{"eventSourceARN":%q,"dynamodb":{"Keys":null}}`, ordersStream)))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c := shop.Change(raw)
		if c.Problem != nil && (c.Old != nil || c.New != nil) {
			t.Error("a change with a problem has images")
		}
		if c.Problem == nil && !c.Expired && !c.Unchanged && c.Old == nil && c.New == nil {
			t.Error("a change without a problem has no image")
		}
		if c.Elsewhere != strings.HasPrefix(c.EventID, "source#") && !strings.Contains(string(raw), "source#") {
			t.Errorf("event %q, elsewhere %v", c.EventID, c.Elsewhere)
		}
		for _, i := range []*stream.Item{c.Old, c.New} {
			if c.Elsewhere && i != nil && (strings.HasPrefix(i.Kind, "_") || i.Members != nil) {
				t.Errorf("the service's own: %+v", i)
			}
		}
		if _, err := c.Messages(); c.Problem != nil && !c.Expired && err == nil {
			t.Error("a problem is not reported")
		}
	})
}
