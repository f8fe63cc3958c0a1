package stream

import (
	"errors"
	"strings"
	"testing"
)

func TestItemsThatDoNotFitAreRefusedWithAReason(t *testing.T) {
	noID := &Item{Owner: "1", ID: "12", Kind: "status", Payload: []byte(`{}`)}
	nameless := broadcastTo("x", Target{Stream: User})
	nameless.Event = ""
	broken := broadcastTo("x", Target{Stream: User})
	broken.Event = "a\ndata: b"
	kill := broadcastTo("x", Target{Stream: User})
	kill.Event = "kill"
	forged, control := broadcastTo("x", Target{Stream: User}), broadcastTo("x", Target{Stream: User})
	forged.Event, control.Event = "edgestream.position", "_close"
	for reason, i := range map[string]*Item{
		"the item has no kind":                                         {Owner: "1", ID: "x"},
		`unknown kind "toot"`:                                          {Owner: "1", ID: "x", Kind: "toot"},
		"the item has no owner":                                        item("filter", "", "1", ""),
		"status: the item has no payload":                              item("status", "1", "1", ""),
		"status: the payload is no JSON object":                        item("status", "1", "1", `["id"]`),
		"status: the payload does not fit: unexpected end":             item("status", "1", "1", `{"id":"1"`),
		"status: the payload does not fit: an id is neither":           item("status", "1", "1", `{"id":true}`),
		`does not fit: "visibility" is a number`:                       item("status", "1", "1", `{"visibility":1}`),
		`does not fit: "tags" is a string`:                             item("status", "1", "1", `{"tags":"a"}`),
		"status: neither the payload nor the item has an id":           noID,
		"notification: the payload is no JSON object":                  item("notification", "1", "1", `null`),
		"notification: the payload does not fit":                       item("notification", "1", "1", `{x}`),
		"conversation: the item has no payload":                        item("conversation", "1", "1", ""),
		"announcement: neither the payload nor the item has an id":     {Owner: "1", ID: "announcement#", Kind: "announcement", Payload: []byte(`{}`)},
		"reaction: the payload has no name":                            item("reaction", "1", "1", `{"name":{},"count":1,"announcement_id":"1"}`),
		"reaction: the payload has no count":                           item("reaction", "1", "1", `{"name":"a","announcement_id":"1"}`),
		"reaction: the payload has no announcement_id":                 item("reaction", "1", "1", `{"name":"a","count":1}`),
		"broadcast: the item has no payload":                           broadcastTo("", Target{Stream: User}),
		"broadcast: the item has no event":                             nameless,
		"broadcast: the event's name has a control character":          broken,
		"broadcast: the event kill is Mastodon's own":                  kill,
		`broadcast: events that begin with "_" or "edgestream." are`:   forged,
		`broadcast: events that begin with "_"`:                        control,
		"broadcast: the item has no topics":                            broadcastTo("x"),
		`broadcast: topics[1]: unknown stream "home"`:                  broadcastTo("x", Target{Stream: User}, Target{Stream: "home"}),
		"broadcast: topics[0]: stream hashtag needs a tag":             broadcastTo("x", Target{Stream: Hashtag, Tag: "🎉"}),
		"broadcast: topics[0]: stream list needs a list":               broadcastTo("x", Target{Stream: List}),
		"broadcast: topics[0]: stream direct needs an account":         broadcastTo("x", Target{Stream: Direct}),
		"broadcast: topics[0]: stream public takes no such parameter":  broadcastTo("x", Target{Stream: Public, Account: "1"}),
		"broadcast: topics[0]: stream list takes no such parameter":    broadcastTo("x", Target{Stream: List, List: "1", Account: "1"}),
		"broadcast: topics[0]: stream user takes no such parameter":    broadcastTo("x", Target{Stream: User, Tag: "a"}),
		"broadcast: topics[0]: stream hashtag takes no such parameter": broadcastTo("x", Target{Stream: Hashtag, Tag: "a", List: "1"}),
	} {
		for name, c := range map[string]Change{"insert": inserted(i), "modification": modified(item("filter", "1", "1", ""), i), "removal": removed(i)} {
			messages, err := c.Messages()
			if err == nil || !strings.Contains(err.Error(), reason) {
				t.Errorf("%s of %q: error %v, want %q", name, i.ID, err, reason)
			}
			if messages != nil {
				t.Errorf("%s of %q: messages beside an error", name, i.ID)
			}
		}
	}
}

func TestARecordThatCouldNotBeReadIsItsProblem(t *testing.T) {
	problem := errors.New("owner is no string")
	if _, err := (Change{Problem: problem, New: item("filter", "1", "1", "")}).Messages(); err != problem {
		t.Errorf("got %v, want the problem", err)
	}
	if _, err := (Change{}).Messages(); err != errNoImage {
		t.Errorf("got %v for a record without images", err)
	}
}
