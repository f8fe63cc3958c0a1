//go:build !race

// What the hot path allocates. The race detector allocates as well, so these tests are not built with
// it; part `allocations` of infra/test runs them.

package mastodon

import (
	"strings"
	"testing"

	"edgestream/functions/internal/stream"
)

const subscribe = `{"type":"subscribe","stream":"hashtag","tag":"Café"}`

func TestAllocations(t *testing.T) {
	status := stream.Message{Event: "update", Payload: []byte(strings.Repeat(`{"content":"<p>héllo wörld</p>"},`, 100))}
	tag := stream.Subscription{Stream: stream.Hashtag, Param: "Café"}
	frame := Frame(tag, status)
	for what, tt := range map[string]struct {
		most float64
		do   func()
	}{
		// The frame itself: its length is foreseen, escapes included.
		"a frame":            {1, func() { Frame(tag, status) }},
		"an id in the frame": {1, func() { WithID(frame, "AbC-_9") }},
		// encoding/json's: a map of three raw fields, and then a decoder for each text.
		"a subscribe's message": {31, func() { Parse(subscribe) }},
	} {
		if got := testing.AllocsPerRun(100, tt.do); got > tt.most {
			t.Errorf("%s takes %v allocations, want at most %v", what, got, tt.most)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Parse(subscribe)
	}
}
