package publish

import (
	"context"
	"time"
)

// places bounds how many lanes post at once. A lane that waits gives its place away, so that slow
// clients do not hold up others, unless as many already wait: then waiting holds up the rest,
// which bounds memory when everything fails.
type places struct {
	posting, waiting chan struct{}
}

func newPlaces(n int) places {
	return places{make(chan struct{}, n), make(chan struct{}, n)}
}

func (p places) enter() { p.posting <- struct{}{} }
func (p places) leave() { <-p.posting }

// wait sleeps outside of the lane's place, and reports whether the context still holds.
func (p places) wait(ctx context.Context, d time.Duration) bool {
	select {
	case p.waiting <- struct{}{}:
		p.leave()
		defer func() {
			p.enter()
			<-p.waiting
		}()
	default:
	}
	return sleep(ctx, d)
}

// sleep returns false as soon as the context ends.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return ctx.Err() == nil
	}
}
