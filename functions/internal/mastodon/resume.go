package mastodon

import (
	"context"
	"time"

	"edgestream/functions/internal/history"
	"edgestream/functions/internal/stream"
)

// Positions knows where subscriptions go on.
type Positions interface {
	// Resume has the subscription's events logged from now on, and returns where it goes on: behind
	// the id, or from now if the id is empty or, with the reason, cannot be gone on from.
	// history.ErrUnavailable.
	Resume(ctx context.Context, b history.Bound, id string) (history.Start, error)
}

// Replayer serves subscriptions from History.
type Replayer interface {
	// Replay returns once the replay is accepted, and not when it is done.
	Replay(ctx context.Context, r stream.Replay) error
}

// Resume begins the subscriptions of connections that asked for ids: they are served from
// History until they have caught up, whether they resume or not, so that no event is between.
type Resume struct {
	Positions Positions
	Replayer  Replayer
}

// from is the replay that a subscription begins with which a message of the given time makes. It must be known before the mapping is
// written: what is published behind the mapping counts as new.
func (r Resume) from(ctx context.Context, s stream.Session, sub stream.Subscription, at time.Time, id string) (stream.Replay, error) {
	start, err := r.Positions.Resume(ctx, history.Bound{Subscription: sub, Account: s.Account}, id)
	if err != nil {
		return stream.Replay{}, err
	}
	return stream.Replay{
		Connection: s.Connection, Account: s.Account, Subscription: sub, Made: at,
		From: start.From, Gap: start.Gap, Asked: time.Now(),
	}, nil
}
