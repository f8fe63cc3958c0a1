package publish

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"edgestream/functions/internal/stream"
)

// paced posts no sooner than its Pace allows: it reserves some posts at a time, and spreads them.
type paced struct {
	Poster
	pace Pace
	most int
	now  func() time.Time
	// expected is how many posts are still to come, so that no more than that is reserved.
	expected atomic.Int64

	// lock is held while posts are reserved: who waits for it can give up.
	lock     chan struct{}
	next     time.Time
	interval time.Duration
	left     int
}

func newPaced(poster Poster, pace Pace, most int, now func() time.Time) *paced {
	return &paced{Poster: poster, pace: pace, most: most, now: now, lock: make(chan struct{}, 1)}
}

// Post waits for its turn. While nobody can say when that is, it waits as well: that says nothing of
// the connection.
func (p *paced) Post(ctx context.Context, connectionID string, frame []byte) error {
	at, err := p.turn(ctx)
	if err != nil || !sleep(ctx, at.Sub(p.now())) {
		return fmt.Errorf("%w: no turn: %w", stream.ErrUnavailable, context.Cause(ctx))
	}
	return p.Poster.Post(ctx, connectionID, frame)
}

// turn is when the next post is due.
func (p *paced) turn(ctx context.Context) (time.Time, error) {
	select {
	case p.lock <- struct{}{}:
		defer func() { <-p.lock }()
	case <-ctx.Done():
		return time.Time{}, ctx.Err()
	}
	for pause := 50 * time.Millisecond; p.left == 0; pause = min(2*pause, time.Second) {
		err := p.reserve(ctx)
		if err == nil {
			break
		}
		if !sleep(ctx, pause) {
			return time.Time{}, err
		}
	}
	at := p.next
	p.left--
	p.next = at.Add(p.interval)
	return at, nil
}

func (p *paced) reserve(ctx context.Context) error {
	n := max(1, min(p.most, int(p.expected.Load())))
	from, spread, err := p.pace.Reserve(ctx, n)
	if err != nil {
		return err
	}
	p.expected.Add(-int64(n))
	p.next, p.interval, p.left = from, spread/time.Duration(n), n
	return nil
}

// expect says that so many posts are about to be made.
func (p *paced) expect(n int) {
	if p != nil {
		p.expected.Store(max(0, p.expected.Load()) + int64(n))
	}
}
