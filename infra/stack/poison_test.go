package stack_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestItemsThatDoNotFitAreReportedWholeAndHoldNothingUp(t *testing.T) {
	t.Parallel()
	w := theStack(t)
	account, token, _ := w.member(t)
	s := w.dial(t, token, "stream=user")
	status := row{"kind": "status", "home": set{account}, "payload": `{"id":"1","account":{"acct":"a"}}`}
	speech := row{"kind": "broadcast", "event": "e", "payload": "x", "topics": []any{row{"stream": "user", "account": account}}}
	bad := map[string]row{
		"the item has no kind":                       status.with(row{"kind": nil}),
		"attribute kind is N, not S":                 status.with(row{"kind": 7}),
		`unknown kind "statuses"`:                    status.with(row{"kind": "statuses"}),
		"the item has no payload":                    status.with(row{"payload": nil}),
		"attribute payload is N, not S or M":         status.with(row{"payload": 1}),
		"attribute payload is L, not S or M":         status.with(row{"payload": []any{}}),
		"attribute payload is B, not S or M":         status.with(row{"payload": []byte("{}")}),
		"the payload is no JSON object":              status.with(row{"payload": "[]"}),
		"the payload does not fit":                   status.with(row{"payload": `{"id":`}),
		`"visibility" is a number`:                   status.with(row{"payload": `{"id":"1","visibility":1}`}),
		"an id is neither a string nor a number":     status.with(row{"payload": `{"id":[]}`}),
		"neither the payload nor the item has an id": status.with(row{"payload": `{}`}),
		"attribute home":                             status.with(row{"home": account}),
		"attribute lists":                            status.with(row{"lists": []any{row{}}}),
		"attribute local is S, not BOOL":             status.with(row{"local": "true"}),
		"attribute listed is N, not BOOL":            status.with(row{"listed": 1}),
		"the item has no topics":                     speech.with(row{"topics": nil}),
		"attribute topics is S, not L":               speech.with(row{"topics": "user"}),
		`unknown stream "everybody"`:                 speech.with(row{"topics": []any{row{"stream": "everybody"}}}),
		"the item has no event":                      speech.with(row{"event": nil}),
		"attribute event is N, not S":                speech.with(row{"event": 7}),
		"the payload has no count":                   {"kind": "reaction", "payload": `{"name":"x","announcement_id":"1"}`},
	}
	n := 0
	for _, item := range bad {
		n++
		w.content(t, item.with(row{"owner": account, "id": fmt.Sprint("bad", n)}), note(account, fmt.Sprint("after", n), account))
	}
	for i := range n {
		s.expect(frame("", fmt.Sprint("after", i+1), "user"))
	}
	found := map[string]report{}
	for _, r := range w.reports(t, n, func(r report) bool { return strings.Contains(r.Body, `"`+account+`"`) }) {
		for reason := range bad {
			if strings.Contains(r.MessageAttributes["reason"].StringValue, reason) {
				found[reason] = r
			}
		}
	}
	for reason := range bad {
		checkWhole(t, reason, found[reason])
	}
}

// checkWhole wants a report to hold the stream's record with the whole item.
func checkWhole(t *testing.T, reason string, r report) {
	t.Helper()
	var record struct {
		EventID   string
		EventName string
		DynamoDB  struct {
			SequenceNumber string
			NewImage       map[string]json.RawMessage
		}
	}
	if err := json.Unmarshal([]byte(r.Body), &record); err != nil {
		t.Errorf("%s: no report, or one that cannot be read: %v", reason, err)
		return
	}
	if record.EventID == "" || record.EventName != "INSERT" || record.DynamoDB.SequenceNumber == "" || len(record.DynamoDB.NewImage) < 3 {
		t.Errorf("%s: the report is not the whole record: %s", reason, r.Body)
	}
}

func TestAPayloadOver128KBIsCountedAndDroppedAndTheNextArrives(t *testing.T) {
	t.Parallel()
	w := theStack(t)
	account, token, _ := w.member(t)
	s := w.dial(t, token, "stream=user:notification")
	around := len(frame("", "notification", "user:notification"))
	before := w.tooLarge()
	for _, size := range []int{131072 - around, 131072 - around + 1, 300_000} {
		w.content(t, row{"owner": account, "id": fmt.Sprint("notification#", size), "kind": "notification", "payload": `{` + strings.Repeat(" ", size-2) + `}`})
	}
	w.content(t, row{"owner": account, "id": "notification#1", "kind": "notification", "payload": `{"id":"1"}`})
	if first := s.next(); len(first) != 131072 {
		t.Errorf("the first frame has %d bytes, want 128 KB", len(first))
	}
	s.expect(frame(`{"id":"1"}`, "notification", "user:notification"))
	eventually(t, "two frames are counted as too large", func() bool { return w.tooLarge() >= before+2 })
}

// tooLarge is how many frames the publisher has dropped as too large so far.
func (w *world) tooLarge() (dropped int) {
	for _, line := range w.Lines() {
		var batch struct{ TooLarge int }
		if line.Function == "PublishFunction" && strings.Contains(line.Text, `"msg":"batch"`) && json.Unmarshal([]byte(line.Text), &batch) == nil {
			dropped += batch.TooLarge
		}
	}
	return dropped
}
