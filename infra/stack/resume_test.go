package stack_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// numbers is what stands in the URL of a client that wants ids.
const numbers = "&event_ids=true"

// told is a frame of a connection with ids.
type told struct {
	Stream  []string `json:"stream"`
	Event   string   `json:"event"`
	Payload string   `json:"payload"`
	ID      string   `json:"id"`
}

// nextTold is the next frame, of which the id must be the last member.
func (s *socket) nextTold() (f told) {
	s.t.Helper()
	text := s.next()
	if err := json.Unmarshal([]byte(text), &f); err != nil || f.ID == "" || !strings.HasSuffix(text, `,"id":"`+f.ID+`"}`) {
		s.t.Fatalf("no frame with an id: %s", text)
	}
	return f
}

// begins reads the frames with which a subscription begins, and returns the id to go on from.
func (s *socket) begins(gap string, stream ...string) (id string) {
	s.t.Helper()
	if gap != "" {
		want := told{Stream: stream, Event: "edgestream.gap", Payload: `{"reason":"` + gap + `"}`}
		got := s.nextTold()
		if want.ID = got.ID; fmt.Sprint(got) != fmt.Sprint(want) {
			s.t.Fatalf("it begins with %v, want %v", got, want)
		}
	}
	got := s.nextTold()
	want := told{Stream: stream, Event: "edgestream.position", Payload: got.ID, ID: got.ID}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		s.t.Fatalf("it begins with %v, want %v", got, want)
	}
	return got.ID
}

// hears reads until it has had as many events of these names, in order, dropping those whose id is
// known, and returns the last one's id.
func (s *socket) hears(known map[string]bool, names ...string) (id string) {
	s.t.Helper()
	for len(names) > 0 {
		got := s.nextTold()
		id = got.ID
		if known[id] {
			continue
		}
		known[id] = true
		if got.Event != names[0] {
			s.t.Fatalf("it got %v, want %s", got, names[0])
		}
		names = names[1:]
	}
	return id
}

func names(from, to int) (all []string) {
	for n := from; n < to; n++ {
		all = append(all, fmt.Sprint("event", n))
	}
	return all
}

func TestASocketWithIDsGetsWhatItMissedFirst(t *testing.T) {
	t.Parallel()
	w := theStack(t)
	account, token, _ := w.member(t)
	known := map[string]bool{}
	s := w.dial(t, token, "stream=user"+numbers)
	id := s.begins("", "user")
	for round := range 3 {
		notes, _ := numbered(account, 10*round, 10*round+10)
		s.conn.CloseNow() // in the first round, with nothing but the position
		w.content(t, notes[:5]...)
		s = w.dial(t, token, "stream=user"+numbers+"&last_event_id="+url.QueryEscape(id))
		s.begins("", "user")
		w.content(t, notes[5:]...)
		id = s.hears(known, names(10*round, 10*round+10)...)
	}
}

// resubscribe is a client's message that goes on behind an id.
func resubscribe(stream, tag, list, id string) string {
	text := subscribe(stream, tag, list)
	return strings.TrimSuffix(text, "}") + `,"last_event_id":"` + id + `"}`
}

func TestEachSubscriptionByMessageHasAPositionAndGoesOnFromIt(t *testing.T) {
	t.Parallel()
	w := theStack(t)
	account, token, list := w.member(t)
	tag := "Resüme" + account
	ids, known := map[string]string{}, map[string]bool{}
	fields := map[string][]string{"user": {"user"}, "hashtag": {"hashtag", tag}, "list": {"list", list}, "direct": {"direct"}}
	topics := []any{row{"stream": "user", "account": account}, row{"stream": "hashtag", "tag": tag},
		row{"stream": "list", "list": list}, row{"stream": "direct", "account": account}}
	say := func(event string) {
		w.content(t, row{"owner": account, "id": "broadcast#" + fresh(), "kind": "broadcast", "event": event, "payload": "", "topics": topics})
	}
	for round := range 3 {
		if round > 0 {
			say(fmt.Sprint("away", round))
			w.published(t) // or it may come once more, after its subscription has gone live
		}
		s := w.dial(t, token, numbers[1:])
		for stream, f := range fields {
			param := strings.Join(f[1:], "")
			s.send(resubscribe(stream, param, param, ids[stream]))
			s.begins("", f...)
			if round > 0 {
				ids[stream] = s.hears(known, fmt.Sprint("away", round))
			}
			s.send(subscribe(stream, param, param)) // a duplicate is silent
		}
		say(fmt.Sprint("live", round))
		for range fields {
			got := s.nextTold()
			for known[got.ID] {
				got = s.nextTold()
			}
			known[got.ID] = true
			if want := fields[got.Stream[0]]; got.Event != fmt.Sprint("live", round) || fmt.Sprint(got.Stream) != fmt.Sprint(want) {
				t.Fatalf("round %d: %v, want on %v", round, got, want)
			}
			ids[got.Stream[0]] = got.ID
		}
		s.conn.CloseNow()
	}
}

func TestASocketWithAnIDThatIsNoneOfItsOwnIsToldOfTheGap(t *testing.T) {
	t.Parallel()
	w := theStack(t)
	account, token, list := w.member(t)
	id := func(token, query string, stream ...string) string {
		return w.dial(t, token, query+numbers).begins("", stream...)
	}
	_, theirs, _ := w.member(t)
	wrong := map[string]string{
		"garbage": "garbage", "a number": "17", "another stream's": id(token, "stream=direct", "direct"),
		"another list's": id(token, "stream=list&list="+list, "list", list), "another account's": id(theirs, "stream=user", "user"),
	}
	w.content(t, note(account, "before", account))
	w.published(t)
	for what, last := range wrong {
		s := w.dial(t, token, "stream=user"+numbers+"&last_event_id="+url.QueryEscape(last))
		s.begins("unknown_id", "user")
		w.content(t, note(account, "live", account))
		if got := s.nextTold(); got.Event != "live" {
			t.Errorf("%s: after the gap came %v", what, got)
		}
		s.send(message("unsubscribe", "user", "", ""))
		w.handled(t, w.newest(t, account), 1)
		s.send(resubscribe("user", "", "", last))
		s.begins("unknown_id", "user")
	}
}

// newest is the account's connection that was made last.
func (w *world) newest(t *testing.T, account string) (id string) {
	t.Helper()
	var last json.Number
	for _, each := range w.connections(t, account) {
		if at := w.connectedAt(t, each).(json.Number); at > last {
			last, id = at, each
		}
	}
	return id
}

// The frames of a client that did not ask are what they would be if nobody had.
func TestASocketWithoutIDsSeesNothingNew(t *testing.T) {
	t.Parallel()
	w := theStack(t)
	account, token, list := w.member(t)
	tag := "plain" + account
	plain := w.dial(t, token, "stream=user&event_ids=yes&last_event_id=garbage")
	plainID := w.connections(t, account)[0]
	modern := w.dial(t, token, "stream=user"+numbers)
	r := w.read(t, account, path("hashtag", tag, ""))
	modern.begins("", "user")
	plain.send(resubscribe("hashtag", tag, "", "garbage"))
	plain.send(resubscribe("list", "", list, "AAAA"))
	modern.send(subscribe("hashtag", tag, ""))
	modern.begins("", "hashtag", tag)
	item := publicStatus(fresh(), "Hello", tag).with(row{"home": set{account}, "lists": set{list}})
	w.handled(t, plainID, 2)
	w.content(t, item)
	payload := item["payload"].(string)
	want := map[string]bool{frame(payload, "update", "user"): true, frame(payload, "update", "hashtag", tag): true,
		frame(payload, "update", "list", list): true}
	for range 3 {
		if got := plain.next(); !want[got] {
			t.Errorf("it got %s", got)
		}
	}
	for range 2 {
		modern.nextTold()
	}
	if got := r.next(); got.data != payload {
		t.Errorf("the reader got %v", got)
	}
	w.content(t, row{"owner": account, "id": "filter#1", "kind": "filter"}, note(account, "end", account))
	plain.expect(`{"stream":["user"],"event":"filters_changed"}`, frame("", "end", "user"))
	if got := modern.next(); !strings.HasPrefix(got, `{"stream":["user"],"event":"filters_changed","id":"`) {
		t.Errorf("with ids it is %s", got)
	}
}

func TestAnIDFromBeforeTheLogWasKeptIsToldOfTheGap(t *testing.T) {
	t.Parallel()
	w := theStack(t)
	account, token, _ := w.member(t)
	id := w.dial(t, token, "stream=direct"+numbers).begins("", "direct")
	r := w.read(t, account, "/direct")
	conversation := func() {
		w.content(t, row{"owner": account, "id": "conversation#" + fresh(), "kind": "conversation", "payload": "{}"})
	}
	conversation()
	last := r.expect(event{name: "conversation", data: "{}"})
	w.keptSince(t, account, time.Now().Add(5*time.Minute)) // as if it had not been kept at all until then
	s := w.dial(t, token, "stream=direct"+numbers+"&last_event_id="+id)
	s.begins("too_old", "direct")
	again := w.listen(t, w.reading(t, account), "/direct", http.Header{"Last-Event-Id": {last}})
	again.expect(event{name: "edgestream.gap", data: `{"reason":"too_old"}`})
	conversation()
	s.hears(map[string]bool{}, "conversation")
	again.expect(event{name: "conversation", data: "{}"})
}

// keptSince changes since when the log of the account's streams has been kept.
func (w *world) keptSince(t *testing.T, account string, since time.Time) {
	t.Helper()
	_, err := w.db.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{TableName: aws.String("Connections"),
		Key: row{"pk": "account#" + account, "sk": "account"}.item(), UpdateExpression: aws.String("SET k.s = :since"),
		ExpressionAttributeValues: row{":since": since.UnixMilli()}.item()})
	if err != nil {
		t.Fatal(err)
	}
}
