// Package greet posts frames to a connection that may not be open yet, or whose client may be
// slow, until they are accepted or a time is up. It can close the connection behind them, and does so
// with one whose frames were not accepted in time: its client would wait for them and not know.
//
// API Gateway refuses posts to a connection until the function of $connect has returned and the
// upgrade was answered, with the same 410 that it gives for a connection that is gone. So a 410
// means "not yet" for a while, and only then "gone".
package greet

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"edgestream/functions/internal/stream"
)

// Poster sends a frame to a connection.
type Poster interface {
	// Post returns ErrGone, ErrTooLarge, ErrThrottled or ErrUnavailable of package stream.
	Post(ctx context.Context, connectionID string, frame []byte) error
}

// Closer closes connections.
type Closer interface {
	// Disconnect returns ErrGone, ErrThrottled or ErrUnavailable of package stream.
	Disconnect(ctx context.Context, connectionID string) error
}

// Greeter posts greetings. The zero durations are usable: they mean "not at all".
type Greeter struct {
	Poster Poster
	// Closer is needed for greetings that Close. With it, a connection whose frames are given up because
	// they are throttled, or the transport fails, is closed, so that its client can come back.
	Closer Closer
	// Young is how long a connection counts as not open yet when it is said to be gone, from
	// the first post on: not from ConnectedAt, since $connect itself may have been slow.
	Young time.Duration
	// Patience is how long all frames of a greeting may take, its NotBefore not counted. To close the
	// connection may take as long once more, and no longer than the context allows.
	Patience time.Duration
	// MaxWait is how long NotBefore is waited for at the most. What would have to wait longer is late.
	MaxWait time.Duration
	// Jitter returns a random part of a pause. Default: rand.N.
	Jitter func(time.Duration) time.Duration
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

// openedWithin is how long after ConnectedAt a connection may still become open: the 29 s that
// API Gateway gives the function of $connect, and a margin.
const openedWithin = 40 * time.Second

// Greet posts the frames in their order, each when the one before was accepted. A frame that is
// too large is left out; any other failure ends the greeting, since what follows may make no
// sense without it. The error says how many frames were given up, and wraps the last reason.
// ErrUnavailable may be a frame that arrived: then it comes twice.
//
// A greeting that says so closes the connection behind its last frame, or when they are given up. One
// that is gone by then is no error. See Closer for what is closed without that.
func (g Greeter) Greet(ctx context.Context, greeting stream.Greeting) error {
	err := g.post(ctx, greeting)
	if greeting.Close && !errors.Is(err, stream.ErrGone) || g.Closer != nil && unheard(err) {
		was, failure := g.close(ctx, greeting.Connection.ID)
		if errors.Is(err, errLate) && !was && failure == nil {
			return fmt.Errorf("%w: %w", stream.ErrGone, err) // or closed by an attempt before
		}
		err = errors.Join(err, failure)
	}
	return err
}

// errLate: the frames could come behind those that are to follow them.
var errLate = errors.New("too late to be posted before what follows")

// unheard reports whether frames were given up that may have been accepted later.
func unheard(err error) bool {
	return errors.Is(err, stream.ErrThrottled) || errors.Is(err, stream.ErrUnavailable) || errors.Is(err, errLate)
}

func (g Greeter) jitter() func(time.Duration) time.Duration {
	if g.Jitter == nil {
		return rand.N[time.Duration]
	}
	return g.Jitter
}

func (g Greeter) now() time.Time {
	if g.Now == nil {
		return time.Now()
	}
	return g.Now()
}

func (g Greeter) post(ctx context.Context, greeting stream.Greeting) error {
	g.waitUntil(ctx, greeting.NotBefore)
	start := g.now()
	end := start.Add(g.Patience)
	if late := greeting.NotAfter; !late.IsZero() && late.Before(end) {
		end = late
	}
	if start.Before(greeting.NotBefore) || !start.Before(end) {
		return givenUp(len(greeting.Frames), len(greeting.Frames), errLate)
	}
	ctx, cancel := context.WithTimeout(ctx, end.Sub(start))
	defer cancel()
	p := posting{g.Poster, greeting.Connection.ID, g.openBy(start, greeting.Connection), greeting.Until, g.jitter(), g.now}
	tooLarge := 0
	for i, frame := range greeting.Frames {
		err := p.post(ctx, []byte(frame))
		if errors.Is(err, stream.ErrTooLarge) {
			tooLarge++
		} else if err != nil {
			return givenUp(len(greeting.Frames)-i+tooLarge, len(greeting.Frames), err)
		}
	}
	if tooLarge > 0 {
		return givenUp(tooLarge, len(greeting.Frames), stream.ErrTooLarge)
	}
	return nil
}

// close tries until the connection is closed or gone, refused for good, or the time is up. It reports
// whether the connection was there.
func (g Greeter) close(ctx context.Context, id string) (was bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, g.Patience)
	defer cancel()
	for attempt := 0; ; attempt++ {
		err = g.Closer.Disconnect(ctx, id)
		if err == nil || errors.Is(err, stream.ErrGone) {
			return err == nil, nil
		}
		pause, again := posting{jitter: g.jitter()}.pause(err, attempt, time.Now())
		if !again || sleep(ctx, pause) != nil {
			return true, fmt.Errorf("connection not closed: %w", err)
		}
	}
}

func givenUp(n, of int, err error) error {
	return fmt.Errorf("%d of %d frames given up: %w", n, of, err)
}

// openBy is when a connection that is still said to be gone is so.
func (g Greeter) openBy(start time.Time, c stream.Connection) time.Time {
	if start.Sub(c.ConnectedAt) > openedWithin {
		return start
	}
	return start.Add(g.Young)
}

func (g Greeter) waitUntil(ctx context.Context, t time.Time) {
	if wait := min(t.Sub(g.now()), g.MaxWait); wait > 0 {
		_ = sleep(ctx, wait)
	}
}

// posting is one connection while it is greeted.
type posting struct {
	poster Poster
	id     string
	openBy time.Time
	until  time.Time // zero: never
	jitter func(time.Duration) time.Duration
	now    func() time.Time
}

// post tries until the frame is accepted, refused for good, or the context's time is up, and not
// when the token has run out.
func (p posting) post(ctx context.Context, frame []byte) error {
	for attempt := 0; ; attempt++ {
		if !p.until.IsZero() && !p.now().Before(p.until) {
			return stream.ErrTooLate
		}
		asked := p.now() // the answer may take long
		err := p.poster.Post(ctx, p.id, frame)
		pause, again := p.pause(err, attempt, asked)
		if !again {
			return err
		}
		if sleep(ctx, pause) != nil {
			return err
		}
	}
}

// pause is how long to wait before the next attempt, if there is to be one, after one that was made at
// that time. Jitter keeps the greetings of clients that came back together apart.
func (p posting) pause(err error, attempt int, asked time.Time) (time.Duration, bool) {
	switch {
	case errors.Is(err, stream.ErrGone):
		least := min(10*time.Millisecond<<min(attempt, 3), 50*time.Millisecond) // most open within some
		return least + p.jitter(least), asked.Before(p.openBy)
	case errors.Is(err, stream.ErrThrottled), errors.Is(err, stream.ErrUnavailable):
		limit := min(100*time.Millisecond<<min(attempt, 10), time.Second)
		return 10*time.Millisecond + p.jitter(limit), true
	}
	return 0, false
}

// sleep fails if the context ends first, and at once if its deadline comes before d has passed.
func sleep(ctx context.Context, d time.Duration) error {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= d {
		return context.DeadlineExceeded
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
