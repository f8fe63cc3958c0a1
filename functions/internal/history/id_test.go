package history_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"edgestream/functions/internal/history"
	"edgestream/functions/internal/stream"
)

var (
	noon = time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)
	user = history.Bound{Subscription: stream.Subscription{Stream: stream.User}, Account: "1"}
	cats = history.Bound{Subscription: stream.Subscription{Stream: stream.Hashtag, Param: "cats"}, Account: "1"}
)

func TestAPositionIsReadBack(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		b := rapid.SampledFrom([]history.Bound{user, cats}).Draw(r, "bound")
		logs := len(b.Logs(b.Account))
		p := history.Position{After: time.UnixMicro(rapid.Int64Range(0, noon.UnixMicro()).Draw(r, "after")).UTC(), Seen: history.Seen{}}
		for range rapid.IntRange(0, 20).Draw(r, "marks") {
			m := history.Mark{Log: rapid.IntRange(0, logs-1).Draw(r, "log"), Writer: rapid.StringMatching(`[A-Za-z0-9_-]{8}`).Draw(r, "writer")}
			p.Seen[m] = history.Progress{N: rapid.Uint64().Draw(r, "n"), Messages: rapid.IntRange(0, 255).Draw(r, "messages"), Partly: rapid.Bool().Draw(r, "partly")}
		}
		got, err := b.Parse(b.PositionID(p), noon)
		if diff := cmp.Diff(p, got); err != nil || diff != "" {
			r.Errorf("%v (-want +got):\n%s", err, diff)
		}
	})
}

func TestAnEventIDIsAPositionSomewhatBefore(t *testing.T) {
	e := history.Entry{At: noon, Writer: "_-09azAZ", N: 1<<64 - 1}
	seen := map[string]bool{}
	for message := range 256 {
		id := user.EventID(e, message)
		p, err := user.Parse(id, noon)
		if err != nil || !p.After.Equal(noon.Add(-history.Delivery)) || len(p.Seen) != 0 {
			t.Errorf("%v, %v", p, err)
		}
		if seen[id] || len(id) >= 64 {
			t.Errorf("id %q, seen %v", id, seen[id])
		}
		seen[id] = true
	}
	for _, other := range []history.Entry{{At: noon.Add(time.Microsecond), Writer: e.Writer, N: e.N}, {At: noon, Writer: "AAAAAAAA", N: e.N}, {At: noon, Writer: e.Writer, N: 1}} {
		if seen[user.EventID(other, 0)] {
			t.Errorf("another entry has the same id: %v", other)
		}
	}
}

func TestIDsOfOthersAreUnknown(t *testing.T) {
	spelled, other, list := cats, cats, history.Bound{Subscription: stream.Subscription{Stream: stream.List, Param: "1"}, Account: "1"}
	spelled.Param, other.Param = "#CATS", "dogs"
	local, account := cats, cats
	local.Stream, account.Account = stream.HashtagLocal, "2"
	p := history.Position{After: noon, Seen: history.Seen{{Writer: "AAAAAAAA"}: {N: 1, Messages: 1}}}
	for _, id := range []string{cats.PositionID(p), cats.EventID(history.Entry{At: noon, Writer: "AAAAAAAA", N: 1}, 0)} {
		if _, err := spelled.Parse(id, noon); err != nil {
			t.Errorf("another spelling: %v", err)
		}
		for name, b := range map[string]history.Bound{"tag": other, "stream": local, "kind": list, "account": account, "user": user} {
			if _, err := b.Parse(id, noon); !errors.Is(err, history.ErrUnknownPosition) {
				t.Errorf("another %s: %v", name, err)
			}
		}
	}
}

func TestIDsOfATimeToComeAreUnknown(t *testing.T) {
	for ahead, known := range map[time.Duration]bool{history.Lateness: true, history.Lateness + time.Microsecond: false} {
		for _, id := range []string{user.PositionID(history.Position{After: noon.Add(ahead)}), user.EventID(history.Entry{At: noon.Add(ahead), Writer: "AAAAAAAA"}, 0)} {
			if _, err := user.Parse(id, noon); (err == nil) != known {
				t.Errorf("%v ahead: %v", ahead, err)
			}
		}
	}
}

// raw is an id of the user stream with another version and content.
func raw(version byte, content string) string {
	id, _ := base64.RawURLEncoding.DecodeString(user.PositionID(history.Position{}))
	return base64.RawURLEncoding.EncodeToString(append(append([]byte{version}, id[1:7]...), content...))
}

func TestWhatIsNoIDIsUnknown(t *testing.T) {
	known := raw(1, "\x05"+"writer\x01\x02")
	if p, err := user.Parse(known, noon); err != nil || p.Seen[history.Mark{Writer: "d3JpdGVy"}].N != 1 {
		t.Fatalf("%v, %v", p, err)
	}
	var many strings.Builder
	for i := range 513 {
		fmt.Fprintf(&many, "w%05d\x01\x02", i)
	}
	for name, id := range map[string]string{
		"empty": "", "text": "12345", "padded": known + "==", "standard alphabet": strings.Repeat("+", len(known)),
		"newline": known[:4] + "\n" + known[4:], "cut": known[:len(known)-4], "binding alone": raw(1, ""), "short": "AQ",
		"version 0": raw(0, "\x05"), "version 3": raw(3, "\x05"), "event's rest": raw(2, "\x05writer\x01\x02\x00"),
		"long number": raw(1, "\x85\x00"), "endless number": raw(1, strings.Repeat("\xff", 20)), "half a mark": raw(1, "\x05writ"),
		"message 256": raw(1, "\x05writer\x01\x80\x08"), "marks out of order": raw(1, "\x05writer\x01\x02writeq\x01\x02"),
		"one mark twice": raw(1, "\x05writer\x01\x02writer\x01\x02"), "too many marks": raw(1, "\x05"+many.String()),
		"bits at the end": known[:len(known)-1] + "B", "huge": strings.Repeat("A", 1<<20),
		"time beyond all": raw(1, "\x80\x80\x80\x80\x80\x80\x80\x80\x40"), "event of message 256": raw(2, "\x05writer\x01\x80\x02"),
	} {
		if p, err := user.Parse(id, noon); !errors.Is(err, history.ErrUnknownPosition) {
			t.Errorf("%s: %v, %v", name, p, err)
		}
	}
	if _, err := cats.Parse(cats.PositionID(history.Position{Seen: history.Seen{{Log: 1, Writer: "AAAAAAAA"}: {N: 1}}}), noon); err == nil {
		t.Error("a second log of a tag")
	}
}

func TestAnIDIsBounded(t *testing.T) {
	p := history.Position{After: noon, Seen: history.Seen{}}
	for i := range 2000 {
		p.Seen[history.Mark{Log: i % 2, Writer: fmt.Sprintf("w%07d", i)}] = history.Progress{N: 1 << 60, Messages: 255}
	}
	id := user.PositionID(p)
	got, err := user.Parse(id, noon)
	if err != nil || len(got.Seen) != 512 || len(id) > 16<<10 {
		t.Errorf("%d bytes, %d marks, %v", len(id), len(got.Seen), err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(user.PositionID(history.Position{After: noon, Seen: history.Seen{{Log: 1, Writer: "AAAAAAAA"}: {N: 300, Messages: 2}}}))
	f.Add(user.EventID(history.Entry{At: noon, Writer: "_-09azAZ", N: 7}, 3))
	f.Add("")
	f.Fuzz(func(t *testing.T, id string) {
		p, err := user.Parse(id, noon)
		if err != nil {
			if !errors.Is(err, history.ErrUnknownPosition) {
				t.Error(err)
			}
			return
		}
		again, err := user.Parse(user.PositionID(p), noon)
		if diff := cmp.Diff(p.Seen, again.Seen); err != nil || diff != "" && len(p.Seen) > 0 {
			t.Errorf("%v: %s", err, diff)
		}
	})
}
