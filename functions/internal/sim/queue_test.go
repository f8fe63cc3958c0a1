package sim

import (
	"context"
	"fmt"
	"time"

	"edgestream/functions/internal/stream"
)

// queue has functions invoked asynchronously, as one instance asks for it.
type queue struct{ *actor }

// Greet implements publish.Greeter and mastodon.Greeter.
func (q queue) Greet(ctx context.Context, g stream.Greeting) error {
	frames := make([]frame, len(g.Frames))
	for i, text := range g.Frames {
		frames[i] = parse([]byte(text))
	}
	id := g.Connection.ID
	if g.NotAfter.IsZero() { // as package lambdainvoke has it
		g.NotAfter = g.Connection.ConnectedAt.Add(45 * time.Second)
	}
	return q.do(ctx, operation{
		class: invokes, what: fmt.Sprintf("has %s greeted with %s", id, frames), about: func() mark { return of(id) },
		effect: func() error {
			q.world.greet(g, frames, 1, 0)
			return nil
		},
		unsure: func() { q.unsureOf(id, frames) },
	})
}

// Replay implements mastodon.Replayer and replay.Again.
func (q queue) Replay(ctx context.Context, r stream.Replay) error {
	id := r.Connection.ID
	return q.do(ctx, operation{
		class: invokes, what: "has replayed " + id + " " + r.Subscription.Key(), about: func() mark { return of(id) },
		effect: func() error {
			q.world.replay(r, 2, 0)
			return nil
		},
	})
}

// soon is after a while, and perhaps twice.
func (w *world) soon(pause time.Duration, do func()) (twice bool) {
	w.after(pause+w.between(time.Millisecond, 50*time.Millisecond), do)
	if twice = !w.calm && w.chance(w.weather.twice); twice {
		w.saw("an asynchronous invocation that comes twice")
		w.after(pause+w.between(time.Millisecond, 2*time.Second), do)
	}
	return twice
}

// greet invokes greet, and again after a minute if it fails.
func (w *world) greet(g stream.Greeting, frames []frame, tries int, pause time.Duration) {
	id := g.Connection.ID
	if pause == 0 {
		w.given(id, frames, +1)
	}
	twice := w.soon(pause, func() {
		a := w.actor("greet")
		a.invoke(30*time.Second, func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(ctx, 29*time.Second)
			defer cancel()
			return a.greets().Greet(ctx, g)
		}, func(err error) {
			switch {
			case err != nil && tries > 0:
				w.note(of(id), "%s gives up: %s", a.name, word(err))
				w.greet(g, frames, tries-1, time.Minute)
			case err != nil:
				w.note(of(id), "%s does not close it: %s", a.name, word(err))
				w.gateway.sockets[id].untold = true
			case pause == 0:
				w.given(id, frames, -1)
			}
		})
	})
	if twice {
		w.unsureOf(id, frames)
	}
}

func (w *world) unsureOf(id string, frames []frame) {
	for _, f := range frames {
		w.unsure(id, f)
	}
}

// given counts the greetings that have each of the frames and have not posted it.
func (w *world) given(id string, frames []frame, n int) {
	for _, f := range frames {
		if r := w.scene.recordOf(id, f); r != nil {
			w.saw("an event that is greeted with")
			w.gateway.sockets[id].given[r.number] += n
		}
	}
}

// replay invokes replay, and again after a minute or two if it fails.
func (w *world) replay(r stream.Replay, tries int, pause time.Duration) {
	w.soon(pause, func() {
		a := w.actor("replay")
		a.invoke(time.Minute, func(ctx context.Context) error { return a.replays().Run(ctx, r) }, func(err error) {
			if err != nil {
				w.note(of(r.Connection.ID), "%s fails: %s", a.name, word(err))
			}
			if err != nil && tries > 0 {
				w.replay(r, tries-1, time.Duration(3-tries)*time.Minute)
			}
		})
	})
}
