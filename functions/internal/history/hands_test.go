package history_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"edgestream/functions/internal/history"
	"edgestream/functions/internal/historytest"
	"edgestream/functions/internal/stream"
)

var list = history.Bound{Subscription: stream.Subscription{Stream: stream.List, Param: "12"}, Account: "A"}

// listLog is a list's log. Times are seconds after noon.
type listLog struct {
	*historytest.Memory
	n uint64
}

func at(seconds float64) time.Time { return noon.Add(time.Duration(seconds * float64(time.Second))) }

func (l *listLog) add(t *testing.T, place float64, m stream.Message) {
	t.Helper()
	l.n++
	m.Topic = stream.ListTopic("12")
	e := history.Entry{Topic: m.Topic, Record: fmt.Sprint("r", l.n), At: at(place), Writer: fmt.Sprintf("writer%02d", l.n%100), N: 1, Messages: []stream.Message{m}}
	if _, err := l.Append(t.Context(), e); err != nil {
		t.Fatal(err)
	}
}

// say fills the log: "5" is an event placed at 5, and "8/A>B" a move at 8, which is told two
// seconds later.
func (l *listLog) say(t *testing.T, words string) {
	t.Helper()
	for _, word := range strings.Fields(words) {
		when, move, moved := strings.Cut(word, "/")
		place, err := strconv.ParseFloat(when, 64)
		if err != nil {
			t.Fatal(err)
		}
		if !moved {
			l.add(t, place, stream.Message{Streams: []stream.Name{stream.List}, Event: "update", Payload: []byte(word)})
			continue
		}
		from, to, _ := strings.Cut(move, ">")
		p := history.Move{From: from, To: to, At: at(place)}.Payload()
		l.add(t, place+2+float64(l.n)/1e6, stream.Message{Event: history.ControlList, Payload: []byte(p)})
	}
}

// shown is what the account is shown behind the position, each once.
func (l *listLog) shown(t *testing.T, b history.Bound, after float64) string {
	t.Helper()
	return heardBy(t, history.NewReader(l, b, history.Position{After: at(after)}), b, at(10_000))
}

// heardBy is what the account hears now of what is new to the reader.
func heardBy(t *testing.T, r *history.Reader, b history.Bound, now time.Time) string {
	t.Helper()
	var all []string
	listener := stream.Listener{Subscription: b.Subscription, Account: b.Account}
	for more := true; more; {
		var items []history.Item
		var err error
		if items, more, err = r.Read(t.Context(), now, true); err != nil {
			t.Fatal(err)
		}
		for _, item := range items {
			for _, i := range history.Heard(listener, item.Entry) {
				all = append(all, string(item.Messages[i].Payload))
			}
			r.Done(item, len(item.Messages))
		}
	}
	return strings.Join(all, " ")
}

func TestAListShowsItsOwnerWhatIsItsOwn(t *testing.T) {
	for name, tt := range map[string]struct {
		log   string
		after float64
		want  string
	}{
		"never moved":                        {"5 20 40", 0, "5 20 40"},
		"away and back":                      {"5 20/A>B 30 40/B>A 55", 0, "5 55"},
		"resumed in the other's time":        {"20/A>B 30 35 40/B>A 55", 32, "55"},
		"resumed after it":                   {"5 20/A>B 30 40/B>A 55 60", 56, "60"},
		"another's before, and of one moved": {"5 20/B>A 35", 0, "35"},
		"through two hands":                  {"5 20/A>B 25 30/B>C 35 50/C>A 65", 0, "5 65"},
		"began with a third one's":           {"5 20/C>B 25 30/B>A 45", 0, "45"},
		"what was on its way":                {"5 20/A>B 30 40/B>A 41 49 51", 0, "5 51"},
		"removed and made again":             {"5 20/A> 25 40/>A 41", 0, "5 41"},
		"made":                               {"20/>A 20.1 21", 0, "20.1 21"},
		"removed by another, and made":       {"5 20/B> 25 26/>A 27 31", 0, "31"},
		"away":                               {"5 20/A>B 30", 0, "5"},
		"in one second":                      {"5 20/A>B 20/B>A 20.5 31", 0, "5 31"},
		"told twice":                         {"5 20/A>B 20/A>B 25 40/B>A 40/B>A 55", 0, "5 55"},
		"a move that was never told":         {"5 20/A>B 25 40/C>A 55", 0, "5 55"},
		"only the return is still known":     {"30 40/B>A 55", 25, "55"},
		"moved right before the position":    {"20/B>A 29 31", 23, "31"},
	} {
		l := &listLog{Memory: historytest.NewMemory()}
		l.say(t, tt.log)
		if got := l.shown(t, list, tt.after); got != tt.want {
			t.Errorf("%s: %q behind %v: %q, want %q", name, tt.log, tt.after, got, tt.want)
		}
		l.Page = 1
		if got := l.shown(t, list, tt.after); got != tt.want {
			t.Errorf("%s: %q behind %v, page by page: %q, want %q", name, tt.log, tt.after, got, tt.want)
		}
	}
}

// TestAnEventOfAListIsShownToOneAccountAtMost: whatever the moves, to nobody but who has the list at
// its place.
func TestAnEventOfAListIsShownToOneAccountAtMost(t *testing.T) {
	for _, log := range []string{
		"5 20/A>B 30 40/B>A 55 60/A>C 62 71 80/C>B 85 95 100/B>A 101 120",
		"5 20/A>B 25 26/B>C 27 28/C>A 29 39 60/A> 61 65/>B 70 90",
	} {
		l := &listLog{Memory: historytest.NewMemory()}
		l.say(t, log)
		seen := map[string]string{}
		for _, account := range []string{"A", "B", "C"} {
			b := list
			b.Account = account
			for _, event := range strings.Fields(l.shown(t, b, 0)) {
				if seen[event] != "" {
					t.Errorf("%s: %s is shown to %s and %s", log, event, seen[event], account)
				}
				seen[event] = account
			}
		}
		if len(seen) < 4 {
			t.Errorf("%s: shown %v", log, seen)
		}
	}
}

// TestWhatIsSaidToAListThatWasGivenAwayIsShownToWhoHasIt: at once, also while what is there already may
// yet be the other's, and before the move is told.
func TestWhatIsSaidToAListThatWasGivenAwayIsShownToWhoHasIt(t *testing.T) {
	for name, tt := range map[string]struct{ there, then, want string }{
		"given a moment ago":             {"5 20/B>A 24", "25 27 40", "25 27 40"},
		"given, and not yet told of":     {"5", "21 20/B>A 24 40", "5 21 24 40"},
		"back":                           {"5 20/A>B 25 40/B>A 41", "44 60", "5 44 60"},
		"back, and not yet told of":      {"5 20/A>B 25", "41 40/B>A 44", "5 41 44"},
		"away":                           {"5", "18 20/A>B 21 25", "5 18"},
		"away and back":                  {"5", "20/A>B 25 40/B>A 41", "5 41"},
		"told again of what was before":  {"5 20/A>B 25 40/B>A 41", "20/A>B 44 40/B>A 45", "5 44 45"},
		"away for good after it is back": {"20/A>B 25 40/B>A 41", "44 50/A>C 55", "44"},
	} {
		l := &listLog{Memory: historytest.NewMemory()}
		l.say(t, tt.there)
		r := history.NewReader(l, list, history.Position{After: at(0)})
		got := heardBy(t, r, list, at(20))
		l.say(t, tt.then)
		if got = strings.TrimSpace(got + " " + heardBy(t, r, list, at(10_000))); got != tt.want {
			t.Errorf("%s: %q and then %q: %q, want %q", name, tt.there, tt.then, got, tt.want)
		}
	}
}

func TestAReaderOfAListStillGetsWhatIsForItself(t *testing.T) {
	l := &listLog{Memory: historytest.NewMemory()}
	l.say(t, "20/A>B")
	l.add(t, 25, stream.Message{Event: "_close", Payload: []byte("reader 1")})
	r := history.NewReader(l, list, history.Position{After: at(0)})
	items, _, err := r.Read(t.Context(), at(100), true)
	if err != nil || len(items) != 2 || items[0].Messages[0].Event != history.ControlList || items[1].Messages[0].Event != "_close" {
		t.Errorf("%+v %v", items, err)
	}
}

func TestAMoveIsReadBack(t *testing.T) {
	m := history.Move{From: `a"b`, To: "", At: noon.Truncate(time.Second)}
	got, ok := history.MoveOf(stream.Message{Event: history.ControlList, Payload: []byte(m.Payload())})
	if !ok || got != m {
		t.Errorf("%+v %v", got, ok)
	}
	for _, other := range []stream.Message{{Event: "_close", Payload: []byte(m.Payload())}, {Event: history.ControlList, Payload: []byte("2")}, {Event: history.ControlList}} {
		if _, ok := history.MoveOf(other); ok {
			t.Errorf("%s %s tells of a move", other.Event, other.Payload)
		}
	}
}

// FuzzMoveOf: whatever stands in a log, what is read of it as a move is one.
func FuzzMoveOf(f *testing.F) {
	for _, payload := range []string{history.Move{From: "1", To: "2", At: noon}.Payload(), `{"at":-1}`, `{"at":1e99}`, `{"from":1}`, "", "2", "[]"} {
		f.Add(history.ControlList, payload)
	}
	f.Fuzz(func(t *testing.T, event, payload string) {
		m, ok := history.MoveOf(stream.Message{Event: event, Payload: []byte(payload)})
		if !ok {
			if m != (history.Move{}) {
				t.Fatalf("no move, and %+v", m)
			}
			return
		}
		again, ok := history.MoveOf(stream.Message{Event: event, Payload: []byte(m.Payload())})
		if event != history.ControlList || !ok || again != m {
			t.Fatalf("%q of %s: %+v, and again %+v", payload, event, m, again)
		}
	})
}
