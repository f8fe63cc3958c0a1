package sim

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"edgestream/functions/internal/history"
	"edgestream/functions/internal/sse"
	"edgestream/functions/internal/stream"
)

// serves is what the function sse is put together from, for a request of the follower.
func (a *actor) serves(f *follower) *sse.Handler {
	h := &sse.Handler{
		Tokens: tokens{a}, Viewers: tokens{a}, Authoriser: a.authoriser(), Renderer: plain{},
		Positions: history.Resumer{Keeper: table{a}, Log: a.log(), Kept: 15 * time.Minute, Now: a.now},
		History:   a.log(), Logs: controls{a.log()}, Slots: seats{a}, Members: seats{a}, Handoffs: handovers{seats{a}},
		Lifetime: f.lifetime, MaxBytes: f.most, Poll: time.Second, Log: a.world.log, Jitter: a.jitter, Now: a.now,
	}
	if a.serve != nil {
		a.serve(a, h)
	}
	return h
}

// plain shows everything as it is.
type plain struct{}

func (plain) Render(_ context.Context, _ stream.Listener, m stream.Message) (stream.Message, bool, error) {
	return m, true, nil
}

// seats are the rows of readers in the Connections table, as one instance uses them.
type seats struct{ *actor }

func (s seats) row(ctx context.Context, id, what string, effect func()) error {
	return s.do(ctx, operation{
		class: stores, what: what + " " + id, about: func() mark { return of(id) },
		effect: func() error {
			effect()
			return nil
		},
	})
}

// Take implements sse.Slots: there is one for everybody.
func (s seats) Take(ctx context.Context, r stream.Reader) (int, error) {
	return 0, s.row(ctx, r.ID, "takes a slot for", func() {})
}

// Free implements sse.Slots.
func (s seats) Free(ctx context.Context, _ int, r stream.Reader) error {
	return s.row(ctx, r.ID, "frees the slot of", func() {})
}

// Admit implements sse.Members: there is room for all.
func (s seats) Admit(ctx context.Context, r stream.Reader, _ func(string) error) error {
	return s.row(ctx, r.ID, "admits", func() {})
}

// Dismiss implements sse.Members.
func (s seats) Dismiss(ctx context.Context, r stream.Reader) error {
	return s.row(ctx, r.ID, "dismisses", func() {})
}

// handovers are the rows of handoffs, as one instance uses them.
type handovers struct{ seats }

// handoff is one that was left, and by whom it was taken.
type handoff struct {
	stream.Handoff
	taken string
}

// Leave implements sse.Handoffs.
func (s handovers) Leave(ctx context.Context, h stream.Handoff) error {
	err := s.row(ctx, h.Reader, "leaves a handoff of", func() {
		again := func(o *handoff) bool { return o.Reader == h.Reader && o.Until.Equal(h.Until) }
		if !slices.ContainsFunc(s.world.handoffs, again) {
			s.world.handoffs = append(s.world.handoffs, &handoff{Handoff: h})
		}
		s.saw("a handoff")
	})
	s.submit(s.name+" has tried to leave a handoff", func() { s.replyOf(h.Reader).unsure = err != nil })
	return err
}

// Take implements sse.Handoffs.
func (s handovers) Take(ctx context.Context, client, last, reader string) (position string, err error) {
	var found []*handoff
	err = s.row(ctx, reader, "looks for handoffs for", func() {
		for _, h := range s.world.handoffs {
			if h.Client == client && !h.Until.Before(s.now()) && (last == "" || last == h.LastEvent) {
				found = append(found, h)
			}
		}
	})
	for _, h := range found {
		taken := false
		err = s.row(ctx, reader, fmt.Sprint("takes the handoff of ", h.Reader, " for"), func() {
			h.taken = cmp.Or(h.taken, reader)
			taken = h.taken == reader
		})
		if err != nil || taken {
			return h.Position, err
		}
	}
	return "", err
}

// replyOf is the response that has this name.
func (w *world) replyOf(id string) *reply {
	for _, f := range w.followers {
		for _, r := range f.replies {
			if r.id == id {
				return r
			}
		}
	}
	return nil
}

var (
	_ sse.Slots    = seats{}
	_ sse.Members  = seats{}
	_ sse.Handoffs = handovers{}
)
