package mastodon

import (
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"testing"

	"edgestream/functions/internal/stream"
)

// golden reads the lines of a file that are no comments.
func golden(t *testing.T, name string) []string {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.SplitSeq(strings.TrimSuffix(string(b), "\n"), "\n") {
		if !strings.HasPrefix(line, "# ") {
			lines = append(lines, line)
		}
	}
	return lines
}

func TestFramesAreThoseOfAMastodonServer(t *testing.T) {
	for _, line := range golden(t, "frames.txt") {
		fields := strings.SplitN(line, "|", 4)
		for i := range fields {
			fields[i] = strings.Trim(fields[i], " ")
		}
		name, param, _ := strings.Cut(fields[0], " ")
		m := stream.Message{Event: fields[1]}
		if fields[2] != "-" {
			payload, err := strconv.Unquote(fields[2])
			if err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			m.Payload = []byte(payload)
		}
		got := Frame(stream.Subscription{Stream: stream.Name(name), Param: param}, m)
		if string(got) != fields[3] {
			t.Errorf("%s %s\n got %s\nwant %s", fields[0], fields[1], got, fields[3])
		}
	}
}

func TestAnIDIsTheLastMember(t *testing.T) {
	cats := stream.Subscription{Stream: stream.Hashtag, Param: "Café"}
	for want, m := range map[string]stream.Message{
		`{"stream":["hashtag","Café"],"event":"update","payload":"{}","id":"a-_9"}`:                {Event: "update", Payload: []byte("{}")},
		`{"stream":["hashtag","Café"],"event":"filters_changed","id":"a-_9"}`:                      {Event: "filters_changed"},
		`{"stream":["hashtag","Café"],"event":"edgestream.position","payload":"p","id":"a-_9"}`:    {Event: "edgestream.position", Payload: []byte("p")},
		`{"stream":["hashtag","Café"],"event":"edgestream.gap","payload":"{\"a\":1}","id":"a-_9"}`: {Event: "edgestream.gap", Payload: []byte(`{"a":1}`)},
	} {
		if got := string(FrameID(cats, m, "a-_9")); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		shared := Frame(cats, m)
		before := string(shared)
		if got := string(WithID(shared, "a-_9")); got != want || string(shared) != before {
			t.Errorf("got %s from the frame, want %s, and the frame is %s", got, want, shared)
		}
		if bare := strings.Replace(want, `,"id":"a-_9"`, "", 1); string(FrameID(cats, m, "")) != bare || string(Frame(cats, m)) != bare {
			t.Errorf("without an id: %s", FrameID(cats, m, ""))
		}
	}
}

func TestRefusalsAreThoseOfAMastodonServer(t *testing.T) {
	all := append(refusals(), refusal{err: os.ErrClosed})
	lines := golden(t, "refusals.txt")
	if len(lines) != len(all) {
		t.Fatalf("%d refusals, %d golden", len(all), len(lines))
	}
	for i, r := range all {
		if got := string(RefusalOf(r.err).Frame()); got != lines[i] {
			t.Errorf("%v\n got %s\nwant %s", r.err, got, lines[i])
		}
	}
}

func TestAParameterThatTheStreamDoesNotTakeIsNotShown(t *testing.T) {
	odd := stream.Subscription{Stream: stream.User, Param: "odd"}
	const want = `{"stream":["user"],"event":"update","payload":"{}"}`
	if got := string(Frame(odd, stream.Message{Event: "update", Payload: []byte("{}")})); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func FuzzAFrameIsTheJSONOfItsMessage(f *testing.F) {
	f.Add("Café", "update", []byte(`{"a":"\u003c\ud83c"}`))
	f.Add("\xff\"", "", []byte{0, 0x80, '\\'})
	f.Add("\u2028", "\n", []byte("\U0001f389\xf0\x9f"))
	f.Fuzz(func(t *testing.T, tag, event string, payload []byte) {
		if payload == nil {
			payload = []byte{}
		}
		b := Frame(stream.Subscription{Stream: stream.Hashtag, Param: tag}, stream.Message{Event: event, Payload: payload})
		var got struct {
			Stream  []string
			Event   string
			Payload *string
		}
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatalf("%s: %v", b, err)
		}
		valid := func(s string) string { return string([]rune(s)) }
		if len(got.Stream) != 2 || got.Stream[0] != "hashtag" || got.Stream[1] != valid(tag) ||
			got.Event != valid(event) || *got.Payload != valid(string(payload)) {
			t.Errorf("%q %q %q became %s", tag, event, payload, b)
		}
	})
}

func BenchmarkFrame(b *testing.B) {
	m := stream.Message{Event: "update", Payload: []byte(strings.Repeat(`{"content":"<p>héllo wörld</p>"},`, 100))}
	b.SetBytes(int64(len(m.Payload)))
	b.ReportAllocs()
	for b.Loop() {
		Frame(stream.Subscription{Stream: stream.User}, m)
	}
}

// BenchmarkMarshal is what BenchmarkFrame is measured by.
func BenchmarkMarshal(b *testing.B) {
	payload := strings.Repeat(`{"content":"<p>héllo wörld</p>"},`, 100)
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := json.Marshal(payload); err != nil {
			b.Fatal(err)
		}
	}
}
