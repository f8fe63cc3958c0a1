package mastodon

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestEventsAsTheyStandInAStream(t *testing.T) {
	for name, tt := range map[string]struct{ event, payload, id, want string }{
		"status":                 {"update", `{"id":"1"}`, "abc", "event: update\ndata: {\"id\":\"1\"}\nid: abc\n\n"},
		"bare id":                {"delete", "901", "", "event: delete\ndata: 901\n\n"},
		"pretty JSON":            {"update", "{\r\n  \"id\": 1\r}\n", "a", "event: update\ndata: {  \"id\": 1}\nid: a\n\n"},
		"text of two lines":      {"custom", "data: a\r\nevent: b", "", "event: custom\ndata: data: a\ndata: event: b\n\n"},
		"text with an end":       {"custom", "a\n", "", "event: custom\ndata: a\ndata: \n\n"},
		"lone carriage returns":  {"custom", "a\r\rb", "", "event: custom\ndata: a\ndata: \ndata: b\n\n"},
		"broken JSON":            {"update", "{\"a\":\"b\nc\"}", "", "event: update\ndata: {\"a\":\"b\ndata: c\"}\n\n"},
		"nothing but a break":    {"custom", "\n", "", "event: custom\ndata: \ndata: \n\n"},
		"empty":                  {"custom", "", "", "event: custom\ndata: null\n\n"},
		"no UTF-8":               {"custom", "a\xffb\xed\xa0\x80", "", "event: custom\ndata: a\uFFFDb\uFFFD\uFFFD\uFFFD\n\n"},
		"NUL":                    {"custom", "a\x00b", "", "event: custom\ndata: a\uFFFDb\n\n"},
		"a space in front":       {"custom", " a", "", "event: custom\ndata:  a\n\n"},
		"a name of two lines":    {"a\nid: 5\x00\r", "1", "x\ny", "event: aid: 5\ndata: 1\nid: xy\n\n"},
		"a name that is no UTF8": {"a\xff", "1", "", "event: a\uFFFD\ndata: 1\n\n"},
	} {
		if got := string(Event(tt.event, []byte(tt.payload), tt.id)); got != tt.want {
			t.Errorf("%s:\ngot  %q\nwant %q", name, got, tt.want)
		}
	}
	if got, want := string(Event("filters_changed", nil, "a")), "event: filters_changed\ndata: null\nid: a\n\n"; got != want {
		t.Errorf("no payload: %q", got)
	}
}

func TestAPayloadIsNotChangedByItsEvent(t *testing.T) {
	payload := []byte("{\n}")
	Event("update", payload, "")
	if string(payload) != "{\n}" {
		t.Errorf("now %q", payload)
	}
}

func TestRetryStandsBeforeTheFirstEvent(t *testing.T) {
	s := Hello + Thump + string(Retry(time.Second)) + string(Event("update", []byte("{}"), "i")) + Thump
	if want := ":)\n:thump\nretry: 1000\nevent: update\ndata: {}\nid: i\n\n:thump\n"; s != want {
		t.Fatalf("%q", s)
	}
	if events, err := mastodonPy(s); err != nil || len(events) != 1 {
		t.Errorf("Mastodon.py: %v, %v", events, err)
	}
	if events := goMastodon(s); len(events) != 1 || events[0].name != "update" {
		t.Errorf("go-mastodon: %v", events)
	}
}

// FuzzEventsKeepTheirFrame: whatever an event holds, readers find that event and no other, and
// what comes after it.
func FuzzEventsKeepTheirFrame(f *testing.F) {
	for _, seed := range []string{"", "1", "{\"a\":\n[1,\r\n2]}", "a\n\nb", "data: x\n\nevent: y\n\n", "\x00", "\xed\xa0\x80", "\ufeffx", ": \r", "\u2028", "\"\u0085\""} {
		f.Add("update", []byte(seed), "id")
		f.Add("status.update", []byte(seed), "")
		f.Add(seed, []byte("{}"), seed)
	}
	f.Fuzz(func(t *testing.T, name string, payload []byte, id string) {
		wire := Hello + string(Retry(time.Second)) + string(Event(name, payload, id)) + Thump + string(Event("last", []byte("7"), ""))
		if !utf8.ValidString(wire) || strings.ContainsAny(wire, "\r\x00") {
			t.Fatalf("a reader may stumble over %q", wire)
		}
		want := decoded{name: oneLine(name), data: shown(payload), id: oneLine(id)}
		if want.name == "" {
			want.name = "message"
		}
		got := eventSource(wire)
		if len(got) != 2 || got[0] != want || got[1].name != "last" || got[1].data != "7" {
			t.Fatalf("EventSource reads\n%q of\n%q, want %q", got, wire, want)
		}
		py, err := mastodonPy(wire)
		if err != nil || len(py) != 2 || py[0].data != want.data || py[0].name != oneLine(name) {
			t.Fatalf("Mastodon.py reads %q, %v of\n%q", py, err, wire)
		}
		checkGoMastodon(t, wire, oneLine(name), want.data)
	})
}

// checkGoMastodon: one line of JSON is one event; of other text each line is.
func checkGoMastodon(t *testing.T, wire, name, data string) {
	t.Helper()
	got := goMastodon(wire)
	lines := strings.Split(data, "\n")
	if len(got) != len(lines)+1 || got[len(lines)].data != " 7" {
		t.Fatalf("go-mastodon reads %q of\n%q", got, wire)
	}
	for i, line := range lines {
		if got[i].name != strings.TrimSpace(name) || got[i].data != " "+line {
			t.Fatalf("go-mastodon reads %q of\n%q", got, wire)
		}
	}
}

// shown is what a reader must make of a payload: the text, its line breaks all "\n", or of JSON
// the same value.
func shown(payload []byte) string {
	if len(payload) == 0 {
		return "null"
	}
	s := string([]rune(string(payload))) // a character for each byte that is none
	s = strings.NewReplacer("\x00", "\uFFFD", "\r\n", "\n", "\r", "\n").Replace(s)
	if strings.Contains(s, "\n") && json.Valid([]byte(s)) {
		return strings.ReplaceAll(s, "\n", "")
	}
	return s
}
