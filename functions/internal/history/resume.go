package history

import (
	"context"
	"errors"
	"time"
)

// Resumer knows where subscriptions go on.
type Resumer struct {
	Keeper Keeper
	Log    Log
	// Kept is how old what an id stands for may be; a position may be up to Delivery older. Logs must hold
	// their entries for Delivery and Lateness longer: behind an id stands also what was on its way when it
	// was made.
	Kept time.Duration
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

// Resume has the subscription's events logged from now on, and returns where it goes on: behind
// the id, or from now if the id is empty. An id that is none of the subscription, or stands for
// what is not kept, leaves a gap and goes on from now. ErrUnavailable.
func (r Resumer) Resume(ctx context.Context, b Bound, id string) (Start, error) {
	since, err := r.Keeper.Keep(ctx, b.Logs(b.Account))
	if err != nil {
		return Start{}, err
	}
	gap := ""
	if id != "" {
		p, missing := r.behind(b, id, since, r.now())
		if missing == "" {
			return Start{From: b.PositionID(p)}, nil
		}
		gap = missing
	}
	p, err := Snapshot(ctx, r.Log, b, r.now())
	if err != nil {
		return Start{}, err
	}
	return Start{From: b.PositionID(p), Gap: gap}, nil
}

func (r Resumer) now() time.Time {
	if r.Now == nil {
		return time.Now()
	}
	return r.Now()
}

// behind is the position of the id, or why there is none.
func (r Resumer) behind(b Bound, id string, since, now time.Time) (p Position, gap string) {
	p, err := b.Parse(id, now)
	if errors.Is(err, ErrUnknownPosition) {
		return p, GapUnknownID
	}
	// An event id goes back so far, and so does a position that was made of one.
	at := p.After.Add(Delivery)
	// Clocks differ: what was kept from the beginning may stand before it. So may, by Delivery, what was
	// in one of the logs before the others were kept, and came to the client then.
	if at.Before(now.Add(-r.Kept)) || at.Before(since.Add(-Delivery-Lateness)) {
		return p, GapTooOld
	}
	// Whoever has an id began when all logs were kept. What one of them has of before is not for it,
	// and has ids behind which it could not go on.
	p.After = later(p.After, since.Add(-Lateness))
	return p, ""
}
