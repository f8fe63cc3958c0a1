//go:build !race

package sim

import (
	"context"
	"testing"

	"edgestream/functions/internal/history"
	"edgestream/functions/internal/sse"
	"edgestream/functions/internal/stream"
)

// servers are mistakes in what sse uses.
var servers = map[string]func(*actor, *sse.Handler){
	"says nobody where a response ended": func(_ *actor, h *sse.Handler) { h.Handoffs = keepsake{h.Handoffs} },
	"hands over to all who come":         func(a *actor, h *sse.Handler) { h.Handoffs = spender{h.Handoffs, a} },
	"begins anew behind every id":        func(_ *actor, h *sse.Handler) { h.Positions = newcomer{h.Positions} },
}

func TestMistakesWithServerSentEventsAreFound(t *testing.T) {
	for name, serve := range servers {
		t.Run(name, func(t *testing.T) { find(t, 150, options{serve: serve}) })
	}
}

// keepsake keeps nothing.
type keepsake struct{ sse.Handoffs }

func (keepsake) Leave(context.Context, stream.Handoff) error { return nil }

// spender gives away what somebody has taken already.
type spender struct {
	sse.Handoffs
	*actor
}

func (s spender) Take(ctx context.Context, client, last, reader string) (string, error) {
	position, err := s.Handoffs.Take(ctx, client, last, reader)
	s.submit(s.name+" gives the handoff back", func() {
		for _, h := range s.world.handoffs {
			if h.taken == reader {
				h.taken = ""
			}
		}
	})
	return position, err
}

// newcomer takes everybody for new.
type newcomer struct{ sse.Positions }

func (n newcomer) Resume(ctx context.Context, b history.Bound, _ string) (history.Start, error) {
	return n.Positions.Resume(ctx, b, "")
}
