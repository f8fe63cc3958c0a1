package sweep

import (
	"context"
	"errors"
	"time"

	"edgestream/functions/internal/stream"
)

const (
	// Quiet is for how long a client that others see as present may say nothing before it is asked
	// whether it is there, and Reply how long it then has to answer. Each may become longer by the
	// minute between two runs.
	Quiet = 90 * time.Second
	Reply = 50 * time.Second
)

// Silent is a connection whose client has said nothing for a while, though others see it as present.
type Silent struct {
	stream.Connection
	// App is whose it is.
	App string
	// Heard is when the client last said anything, and Pinged when it was last asked whether it is
	// there; zero: it never was.
	Heard, Pinged time.Time
}

// Pulses knows when the clients were heard that others see as present.
type Pulses interface {
	// Silent returns the connections of which nothing was heard since then, as of some seconds ago or
	// later.
	Silent(ctx context.Context, since time.Time) ([]Silent, error)
	// Pinged notes when a client was asked. The connection may be gone already.
	Pinged(ctx context.Context, c stream.Connection, at time.Time) error
	// Buried forgets a connection that is gone.
	Buried(ctx context.Context, c stream.Connection) error
}

// Departure removes connections of apps.
type Departure interface {
	// Close removes everything that the connection holds, and has those told who see it as present.
	// It may be gone already: known is false then.
	Close(ctx context.Context, c stream.Connection) (known bool, err error)
}

// pulses looks at the clients that are silent.
func (r *run) pulses(ctx context.Context) error {
	if r.Pulses == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, r.Budget/2) // the rest of the run has its time too
	defer cancel()
	silent, err := r.Pulses.Silent(ctx, time.Now().Add(-Quiet))
	if err != nil {
		return err
	}
	each(ctx, r.Calls, silent, func(s Silent) { r.count(&r.tally.Silent, r.feel(ctx, s, time.Now())) })
	return nil
}

// feel looks at one client.
func (r *run) feel(ctx context.Context, s Silent, now time.Time) error {
	switch asked := s.Pinged.After(s.Heard); {
	case asked && now.Sub(s.Pinged) >= Reply:
		return r.vanished(ctx, s)
	case asked:
		return nil // it has still time
	}
	return r.ask(ctx, s, now)
}

// ask asks a client whether it is there. One that could not be asked is asked by the next run.
func (r *run) ask(ctx context.Context, s Silent, now time.Time) error {
	err := r.try(ctx, func() error { return r.Transport.Post(ctx, s.ID, r.Ping) })
	switch {
	case errors.Is(err, stream.ErrGone):
		r.count(&r.tally.Gone, nil)
		return r.bury(ctx, s.Connection)
	case err != nil:
		return err
	}
	r.count(&r.tally.Asked, nil)
	return r.Pulses.Pinged(ctx, s.Connection, now)
}

// vanished ends a connection whose client does not answer. What it holds goes whether or not it could
// be closed: others must not see it any longer.
func (r *run) vanished(ctx context.Context, s Silent) error {
	err := r.try(ctx, func() error { return r.Transport.Disconnect(ctx, s.ID) })
	if errors.Is(err, stream.ErrGone) {
		err = nil
	}
	r.count(&r.tally.Vanished, nil)
	return errors.Join(err, r.bury(ctx, s.Connection))
}

// bury removes what a connection holds. One of which nothing was known but its pulse has that alone.
func (r *run) bury(ctx context.Context, c stream.Connection) error {
	known, err := r.Departure.Close(ctx, c)
	if err != nil || known {
		return err
	}
	return r.Pulses.Buried(ctx, c)
}

// close removes what a connection left, of an app or of an account.
func (r *run) close(ctx context.Context, s stream.Session) error {
	if s.App == "" {
		return r.Table.Close(ctx, s.Connection)
	}
	_, err := r.Departure.Close(ctx, s.Connection)
	return err
}
