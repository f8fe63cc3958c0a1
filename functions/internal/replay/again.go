package replay

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// The pauses between attempts double from the first to the longest, less a random part.
const (
	firstPause   = 100 * time.Millisecond
	longestPause = 2 * time.Second
)

// outage is how long a service must have failed for the invocation to fail: another one, begun at
// once, would fare no better.
const outage = 5 * time.Second

// again does what may fail until it succeeds or the context ends.
func again[T any](ctx context.Context, r Replayer, do func() (T, error)) (result T, err error) {
	start := time.Now()
	for pause := firstPause; ctx.Err() == nil; pause = min(2*pause, longestPause) {
		if result, err = do(); err == nil {
			return result, nil
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause - r.jitter(pause/2)):
		}
	}
	return result, late(err, time.Since(start))
}

func (r Replayer) now() time.Time {
	if r.Now == nil {
		return time.Now()
	}
	return r.Now()
}

func (r Replayer) jitter(d time.Duration) time.Duration {
	if r.Jitter == nil {
		return rand.N(d)
	}
	return r.Jitter(d)
}

// late is why nothing came of what was tried for a while until the context ended: a service that
// has failed for long, or else the time that is up.
func late(err error, tried time.Duration) error {
	if err == nil || tried < outage {
		return errTime
	}
	return fmt.Errorf("replay: %w", err)
}
