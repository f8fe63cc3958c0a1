package publish

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"edgestream/functions/internal/stream"
)

const (
	// maxGreeting is how large the frames of a greeting may be together, as JSON: well below the
	// megabyte of an asynchronous invocation,
	// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html. A single frame may
	// be larger.
	maxGreeting = 256 << 10
	// Greetings that wait for an earlier one follow each other at this distance, and so much more
	// per frame: by then the connection is open, and a frame is one quick post.
	greetingGap = 100 * time.Millisecond
	frameGap    = 20 * time.Millisecond
)

// parked is a frame on its way to the greeter.
type parked struct {
	delivery
	frame string
}

func (l *lane) park(d delivery, frame []byte) {
	l.parked = append(l.parked, parked{d, string(frame)})
}

// hand gives what is parked to the greeter, in greetings that follow each other. What the greeter
// does not take has failed, and so has what comes after it: order would not hold.
func (l *lane) hand(ctx context.Context) {
	for len(l.parked) > 0 {
		n := fitting(l.parked)
		switch err := l.greet(ctx, l.parked[:n]); {
		case errors.Is(err, stream.ErrTooLarge):
			l.counts.tooLarge.Add(int64(n))
		case err != nil:
			l.blame("greet", err)
			l.unpark()
			return
		default:
			l.counts.parked.Add(int64(n))
		}
		l.parked = l.parked[n:]
	}
}

func (l *lane) unpark() {
	for _, p := range l.parked {
		p.change.fail()
		l.leaveUndone(p.delivery)
	}
}

// handingOver is how long it may take until a greeting is accepted.
const handingOver = 3 * time.Second

// greet sends one greeting, to be posted after those before it, and not later than what comes next
// could be. That it is under way is stored first: the next batch may go to another instance, which
// must not overtake it.
func (l *lane) greet(ctx context.Context, frames []parked) error {
	ctx, cancel := context.WithTimeout(ctx, handingOver)
	defer cancel()
	g := stream.Greeting{Connection: l.connection, Frames: make([]string, len(frames)), Until: l.until()}
	for i, p := range frames {
		g.Frames[i] = p.frame
	}
	now := l.Now()
	if until := l.handover(); until.After(now) {
		g.NotBefore = until.Add(-stream.Apart)
	}
	g.NotAfter = l.settledAfter(g, now).Truncate(time.Millisecond)
	over := overAfter(g)
	if err := l.handOver(ctx, frames, over); err != nil {
		return err
	}
	l.handedOverUntil(l.connection.ID, over) // with an error, it may have been accepted
	return l.Greeter.Greet(ctx, g)
}

// handOver stores until when frames of these subscriptions may be under way.
func (l *lane) handOver(ctx context.Context, frames []parked, until time.Time) error {
	stored := map[stream.Subscription]bool{}
	for _, p := range frames {
		if stored[p.listener.Subscription] {
			continue
		}
		if err := l.Directory.HandOver(ctx, *p.listener, until); err != nil {
			return err
		}
		stored[p.listener.Subscription] = true
	}
	return nil
}

// settledAfter is until when the greeting may be posted.
func (p *Publisher) settledAfter(g stream.Greeting, now time.Time) time.Time {
	if g.NotBefore.IsZero() {
		return now.Add(p.Settled)
	}
	return g.NotBefore.Add(greetingGap + frameGap*time.Duration(len(g.Frames)))
}

// overAfter is from when on the next frame may be posted, by the clock of whoever does that. The greeting that
// follows may begin stream.Apart sooner. Behind one that waits for the connection to open, that must be late
// enough for another clock too; behind one that waits for another, when the connection has long been open, or
// greetings would take longer than events take to come.
func overAfter(g stream.Greeting) time.Time {
	if g.NotBefore.IsZero() {
		return g.NotAfter.Add(2 * stream.Apart)
	}
	return g.NotAfter.Add(stream.Apart)
}

// fitting is how many of the frames make one greeting: at least one.
func fitting(frames []parked) int {
	size := 0
	for i, p := range frames {
		text, _ := json.Marshal(p.frame) // a string always marshals
		if size += len(text) + 1; size > maxGreeting && i > 0 {
			return i
		}
	}
	return len(frames)
}

// handedOver reports whether a greeting of the lane's connection may still be under way, from this batch
// or one before. If that is nearly over, the lane waits for it: what it would hand over would come later.
func (l *lane) handedOver(ctx context.Context) bool {
	under := l.handover().Sub(l.Now())
	return under > openPatience || under > 0 && !l.places.wait(ctx, under)
}

// handover is until when greetings of the connection may be under way: as this instance knows, or as
// another one has stored.
func (l *lane) handover() time.Time {
	l.mu.Lock()
	until := l.handovers[l.connection.ID]
	l.mu.Unlock()
	for c := l.first; c != none; c = l.cursors[c].next {
		if at := l.cursors[c].listener.Opened; at.After(until) {
			until = at
		}
	}
	return until
}

// handedOverUntil keeps what is known, and lets go of what has passed.
func (p *Publisher) handedOverUntil(connection string, until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.Now()
	for id, old := range p.handovers {
		if old.Before(now) {
			delete(p.handovers, id)
		}
	}
	p.handovers[connection] = until
}
