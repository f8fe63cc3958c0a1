package sweep

import (
	"context"
	"errors"
	"time"

	"edgestream/functions/internal/stream"
)

const (
	// Quiet is for how long a client whose absence others must be told of may say nothing before it
	// is asked whether it is there. It may become longer by the minute between two runs.
	Quiet = 90 * time.Second
	// Reply is how long a client then has to answer, and may become longer as well.
	Reply = 50 * time.Second
)

// Pulse is a connection whose client must be heard of from time to time: others see it as present.
type Pulse struct {
	stream.Connection
	// At is when it is looked at.
	At time.Time
	// Heard is when the client last said anything; zero: the connection is not there any more.
	Heard time.Time
	// Asked is when the client was asked whether it is there; zero: it was not, since it was heard.
	Asked time.Time
}

// Pulses keeps when connections are looked at.
type Pulses interface {
	// Due returns the connections that are to be looked at within the window, and those that were to
	// be before it.
	Due(ctx context.Context, w Window) ([]Pulse, error)
	// Move has the connection looked at at another time in place of p.At, with the time at which its
	// client was asked. Moving it again changes nothing more.
	Move(ctx context.Context, p Pulse, to, asked time.Time) error
	// Forget has the connection not looked at again.
	Forget(ctx context.Context, p Pulse) error
}

// Departure removes connections of apps.
type Departure interface {
	// Close removes everything that the connection holds, and has those told who see it as present.
	// It may be gone already: known is false then.
	Close(ctx context.Context, c stream.Connection) (known bool, err error)
}

// pulses looks at the connections that are due, and at those that were and could not be dealt with.
func (r *run) pulses(ctx context.Context, w Window) error {
	due, err := r.Pulses.Due(ctx, w)
	if err != nil {
		return err
	}
	each(ctx, r.Calls, due, func(p Pulse) { r.count(&r.tally.Felt, r.feel(ctx, p, r.Now())) })
	return nil
}

// feel looks at one connection.
func (r *run) feel(ctx context.Context, p Pulse, now time.Time) error {
	switch {
	case p.Heard.IsZero():
		return r.Pulses.Forget(ctx, p)
	case now.Sub(p.Heard) < Quiet:
		return r.Pulses.Move(ctx, p, p.Heard.Add(Quiet), time.Time{})
	case p.Asked.After(p.Heard) && now.Sub(p.Asked) >= Reply:
		return r.vanished(ctx, p)
	case p.Asked.After(p.Heard):
		return r.Pulses.Move(ctx, p, p.Asked.Add(Reply), p.Asked)
	}
	return r.ask(ctx, p, now)
}

// ask asks the client whether it is there. One that could not be asked is asked in the next run.
func (r *run) ask(ctx context.Context, p Pulse, now time.Time) error {
	err := r.try(ctx, func() error { return r.Transport.Post(ctx, p.ID, r.Ping) })
	if errors.Is(err, stream.ErrGone) {
		r.count(&r.tally.Gone, nil)
		return r.left(ctx, p)
	}
	if err != nil {
		return errors.Join(err, r.Pulses.Move(ctx, p, now.Add(Reply), time.Time{}))
	}
	r.count(&r.tally.Asked, nil)
	return r.Pulses.Move(ctx, p, now.Add(Reply), now)
}

// vanished ends a connection whose client does not answer. What it holds goes whether or not it could
// be closed: others must not see it any longer.
func (r *run) vanished(ctx context.Context, p Pulse) error {
	err := r.try(ctx, func() error { return r.Transport.Disconnect(ctx, p.ID) })
	if errors.Is(err, stream.ErrGone) {
		err = nil
	}
	r.count(&r.tally.Vanished, nil)
	return errors.Join(err, r.left(ctx, p))
}

func (r *run) left(ctx context.Context, p Pulse) error {
	if _, err := r.Departure.Close(ctx, p.Connection); err != nil {
		return err
	}
	return r.Pulses.Forget(ctx, p)
}

// close removes what a connection left, of an app or of an account.
func (r *run) close(ctx context.Context, s stream.Session) error {
	if s.App == "" || r.Departure == nil {
		return r.Table.Close(ctx, s.Connection)
	}
	_, err := r.Departure.Close(ctx, s.Connection)
	return err
}
