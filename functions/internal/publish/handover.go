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

// greet sends one greeting, to be posted after those before it.
func (l *lane) greet(ctx context.Context, frames []parked) error {
	g := stream.Greeting{Connection: l.connection, Frames: make([]string, len(frames)), Until: l.until()}
	for i, p := range frames {
		g.Frames[i] = p.frame
	}
	now := time.Now()
	if until := l.handover(l.connection.ID); until.After(now) {
		g.NotBefore = until
	}
	if err := l.Greeter.Greet(ctx, g); err != nil {
		return err
	}
	l.handedOverUntil(l.connection.ID, l.settledAfter(g, time.Now()))
	return nil
}

// settledAfter is when the next frame can be sent without overtaking the greeting.
func (p *Publisher) settledAfter(g stream.Greeting, now time.Time) time.Time {
	if g.NotBefore.IsZero() {
		return now.Add(p.Settled)
	}
	return g.NotBefore.Add(greetingGap + frameGap*time.Duration(len(g.Frames)))
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

// handedOver reports whether a greeting of the lane's connection may still be under way, from
// this batch or one before.
func (l *lane) handedOver(now time.Time) bool { return l.handover(l.connection.ID).After(now) }

// handover is until when greetings of the connection may be under way.
func (p *Publisher) handover(connection string) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.handovers[connection]
}

// handedOverUntil keeps the time, and lets go of those that have passed.
func (p *Publisher) handedOverUntil(connection string, until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	for id, t := range p.handovers {
		if t.Before(now) {
			delete(p.handovers, id)
		}
	}
	p.handovers[connection] = until
}
