package sweep

import (
	"cmp"
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"edgestream/functions/internal/stream"
)

// Table is where connections are stored.
type Table interface {
	// Progress is up to where the table has been swept; the zero Progress if it never was, or not
	// for a day.
	Progress(ctx context.Context) (Progress, error)
	// Advance stores progress, unless there is later progress already, up to MaxWindow later.
	Advance(ctx context.Context, p Progress) error
	// Opened returns the connections that connected within the window, as of some seconds ago or later.
	Opened(ctx context.Context, w Window) ([]Socket, error)
	// Expiring returns the connections whose token runs out within the window.
	Expiring(ctx context.Context, w Window) ([]Expiry, error)
	// Settle forgets an Expiry.
	Settle(ctx context.Context, e Expiry) error
	// InReplay reports whether the socket's subscription is being served from History still.
	InReplay(ctx context.Context, s Socket) (bool, error)
	// Close removes everything that the connection holds. It may be gone already.
	Close(ctx context.Context, c stream.Connection) error
}

// Progress is up to where the table has been swept.
type Progress struct {
	Until time.Time
	// Due is how many connections were due in the last slice.
	Due int
}

// Socket is a connection as it is stored.
type Socket struct {
	stream.Session
	// Subscription is one of the connection's; the zero Subscription if it has none.
	stream.Subscription
}

// Expiry is a connection whose token runs out at a time.
type Expiry struct {
	stream.Connection
	At time.Time
}

// Transport is where connections are open. Its errors wrap stream.ErrGone, ErrThrottled or
// ErrUnavailable; any other error is a refusal.
type Transport interface {
	// Active returns when a message last went either way; zero if that is not known.
	Active(ctx context.Context, connectionID string) (time.Time, error)
	Post(ctx context.Context, connectionID string, frame []byte) error
	Disconnect(ctx context.Context, connectionID string) error
}

// Config is what a Sweeper is made of. Table, Transport and KeepAlive are required; what is zero of
// the rest has the default given.
type Config struct {
	Table     Table
	Transport Transport
	// KeepAlive makes the frame that keeps a connection open, for one of its subscriptions.
	KeepAlive func(stream.Session, stream.Subscription) []byte
	// Pulses, Departure, and Ping, the frame that asks a client whether it is there, are needed where
	// there are connections of apps. Default: there are none.
	Pulses    Pulses
	Departure Departure
	Ping      []byte
	// Log gets one line per run in which anything happened. Default: discarded.
	Log *slog.Logger
	// Observe is called once at the end of each run. Default: not at all.
	Observe func(Tally)
	// Calls is how many connections are dealt with side by side. Default 64.
	Calls int
	// Budget is how long a run may take. Default 50 s.
	Budget time.Duration
	// Jitter returns a random part of a pause. Default: rand.N.
	Jitter func(time.Duration) time.Duration
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

// Tally counts what a run has done.
type Tally struct {
	// Visited connections were looked at. Of these, KeptAlive got a frame, Stalled were closed because
	// their replay does not end, and Gone were not there any more.
	Visited, KeptAlive, Stalled, Gone int
	// Felt connections were looked at for a sign of life. Of these, Asked were asked for one, and Vanished
	// closed because they gave none.
	Felt, Asked, Vanished int
	// Expired connections were closed because their token ran out, Removed ones were Dead.
	Expired, Removed int
	// Failed is with how many connections something failed.
	Failed int
	// Left is how much time is left to sweep.
	Left time.Duration
}

// Sweeper sweeps. It is safe for concurrent use.
type Sweeper struct{ Config }

// New makes a Sweeper.
func New(c Config) *Sweeper {
	c.Log = cmp.Or(c.Log, slog.New(slog.DiscardHandler))
	c.Calls = cmp.Or(c.Calls, 64)
	c.Budget = cmp.Or(c.Budget, 50*time.Second)
	if c.Observe == nil {
		c.Observe = func(Tally) {}
	}
	if c.Jitter == nil {
		c.Jitter = rand.N[time.Duration]
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Sweeper{c}
}

// longest is the length of a slice: more than a minute, so that a run that follows the one before
// in time has one.
const longest = 90 * time.Second

// Sweep does what has become due since the last run, up to the time that this one was scheduled
// for. An error says that the table could not be read or written; the next run then does what is left.
func (s *Sweeper) Sweep(ctx context.Context, at time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, s.Budget)
	defer cancel()
	r := &run{Sweeper: s}
	p, err := s.Table.Progress(ctx)
	if err == nil {
		p, err = r.slices(ctx, p.within(at), at)
		r.tally.Left = max(0, at.Sub(p.Until))
	}
	r.report(ctx, err)
	return err
}

// within is the progress that a run may follow: not too old, and not of a time that is far from
// having come, which is no progress at all.
func (p Progress) within(at time.Time) Progress {
	if oldest := at.Add(-MaxWindow); p.Until.Before(oldest) || p.Until.After(at.Add(MaxWindow)) {
		p.Until = oldest
	}
	return p
}

// slices does slice after slice until one is not done.
func (r *run) slices(ctx context.Context, p Progress, at time.Time) (Progress, error) {
	for p.Until.Before(at) {
		w := Window{p.Until, p.Until.Add(longest)}
		if w.To.After(at) {
			w.To = at
		}
		due, done, err := r.slice(ctx, w, p.Due)
		if err != nil || !done {
			return p, err
		}
		next := Progress{w.To, due}
		if err := r.Table.Advance(ctx, next); err != nil {
			return p, err
		}
		p = next
	}
	return p, nil
}

func (r *run) report(ctx context.Context, err error) {
	t := r.tally
	if err != nil {
		r.Log.ErrorContext(ctx, "sweep not finished", "reason", err.Error(), "left", t.Left.String())
	}
	if t != (Tally{}) {
		r.Log.InfoContext(ctx, "swept", "visited", t.Visited, "keptAlive", t.KeptAlive, "stalled", t.Stalled, "gone", t.Gone,
			"felt", t.Felt, "asked", t.Asked, "vanished", t.Vanished, "expired", t.Expired, "removed", t.Removed, "failed", t.Failed, "left", t.Left.String())
	}
	r.Observe(t)
}
