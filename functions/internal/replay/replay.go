package replay

import (
	"context"
	"errors"
	"fmt"
	"time"

	"edgestream/functions/internal/history"
	"edgestream/functions/internal/stream"
)

// Directory keeps the subscriptions that are being replayed. Its reads are consistent.
type Directory interface {
	// Replaying is the listener as its mapping stands, and its turn: 1 or more. The turn is 0 if the
	// subscription is not being replayed (any more): it has ended, or caught up.
	Replaying(ctx context.Context, r stream.Replay) (l stream.Listener, turn int64, err error)
	// CaughtUp makes the mapping live if it is in that turn, and says whether it did. False too for
	// a mapping that is gone.
	CaughtUp(ctx context.Context, r stream.Replay, turn int64) (live bool, err error)
	// Forget removes what is stored of the listener's connection, and of no other.
	Forget(ctx context.Context, l stream.Listener) error
}

// Reader reads what a subscription has not been served yet, see history.Reader.
type Reader interface {
	// Read returns what is new, oldest first and in order per owner, and whether there is more.
	Read(ctx context.Context, now time.Time, consistent bool) (items []history.Item, more bool, err error)
	// Done says how many of an item's messages have been served.
	Done(item history.Item, messages int)
	// Position is up to where everything has been served.
	Position() history.Position
}

// Greeter posts frames.
type Greeter interface {
	// Greet tries for a bounded time, and returns what it gave up, and why. A connection that is
	// not open yet is waited for.
	Greet(ctx context.Context, g stream.Greeting) error
}

// Closer closes connections.
type Closer interface {
	Disconnect(ctx context.Context, connectionID string) error
}

// Again has replays run.
type Again interface {
	// Replay returns once the replay is accepted, and not when it is done.
	Replay(ctx context.Context, r stream.Replay) error
}

// Replayer serves replays. All fields but Jitter and Now are needed.
type Replayer struct {
	Directory Directory
	// Reader reads the logs of the subscription from the position on.
	Reader func(history.Bound, history.Position) Reader
	// Render is the message as the listener's account is to see it; false: not at all.
	Render  func(context.Context, stream.Listener, stream.Message) (stream.Message, bool, error)
	Greeter Greeter
	Closer  Closer
	Again   Again
	// Encode makes the frame of a message with an id.
	Encode func(s stream.Subscription, m stream.Message, id string) []byte
	// Margin is how long before the context's deadline no further post begins: longer than Greeter
	// may take with one. It is at most half of the time that there is.
	Margin time.Duration
	// Patience is how long a client waits for a service that fails before it is disconnected.
	Patience time.Duration
	// Jitter returns a random part of a pause. Default: rand.N.
	Jitter func(time.Duration) time.Duration
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

// Why a replay ends before it has caught up.
var (
	// errEnded: nothing more is to be delivered.
	errEnded = errors.New("the subscription has ended")
	// errTime: the invocation's time is up.
	errTime = errors.New("time is up")
)

// Run serves the replay until the subscription has caught up or has ended; then, or once another
// invocation has been asked to go on, it returns nil. An error is the service's: the same replay
// must be run again. Nothing is delivered once the token has run out.
func (r Replayer) Run(ctx context.Context, what stream.Replay) error {
	soft, cancel := r.soft(ctx)
	defer cancel()
	s, err := r.serving(what)
	if err == nil {
		err = s.serve(soft)
	}
	switch {
	case err == nil, errors.Is(err, errEnded):
		return nil
	case errors.Is(err, errTime):
		return r.Again.Replay(ctx, s.rest())
	}
	return r.failed(ctx, what, err)
}

// soft ends when posts must end.
func (r Replayer) soft(ctx context.Context) (context.Context, context.CancelFunc) {
	if deadline, ok := ctx.Deadline(); ok {
		return context.WithDeadline(ctx, deadline.Add(-min(r.Margin, time.Until(deadline)/2)))
	}
	return context.WithCancel(ctx)
}

// failed is for a service that has failed until time was up. A client that has waited for too
// long is disconnected, so that it asks again: nobody else would wake it.
func (r Replayer) failed(ctx context.Context, what stream.Replay, reason error) error {
	if r.now().Sub(what.Asked) < r.Patience {
		return reason
	}
	if err := r.disconnect(ctx, what.Connection.ID); err != nil {
		return fmt.Errorf("%w; not disconnected: %w", reason, err)
	}
	return nil
}

// disconnect closes the connection. One that is gone is closed.
func (r Replayer) disconnect(ctx context.Context, id string) error {
	if err := r.Closer.Disconnect(ctx, id); err != nil && !errors.Is(err, stream.ErrGone) {
		return err
	}
	return nil
}
