//go:build !race

// What the hot path allocates. The race detector allocates as well, so these tests are not built with
// it; part `allocations` of infra/test runs them.

package pusher

import (
	"strings"
	"testing"

	"edgestream/functions/internal/stream"
)

var (
	room  = stream.Subscription{Stream: stream.Channel, Param: "presence-room"}
	event = stream.Message{Event: "message", Payload: []byte(strings.Repeat(`{"text":"a héllo to the wörld"},`, 100)), User: "7"}
	join  = `{"event":"pusher:subscribe","data":{"channel":"private-room","auth":"key:` + strings.Repeat("0", 64) + `"}}`
)

func readJoin() {
	m, _ := decode(join)
	m.request()
}

func TestAllocations(t *testing.T) {
	for what, tt := range map[string]struct {
		most float64
		do   func()
	}{
		// The frame itself: its length is foreseen, escapes included.
		"a frame": {1, func() { Frame(room, event) }},
		// encoding/json's: maps of two raw fields each, and then a decoder for each text.
		"a subscribe's message": {39, readJoin},
	} {
		if got := testing.AllocsPerRun(100, tt.do); got > tt.most {
			t.Errorf("%s takes %v allocations, want at most %v", what, got, tt.most)
		}
	}
}

func BenchmarkFrame(b *testing.B) {
	b.SetBytes(int64(len(event.Payload)))
	b.ReportAllocs()
	for b.Loop() {
		Frame(room, event)
	}
}

func BenchmarkDecode(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		readJoin()
	}
}
