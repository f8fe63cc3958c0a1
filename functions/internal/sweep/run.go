package sweep

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"edgestream/functions/internal/stream"
)

// run is one run of a Sweeper.
type run struct {
	*Sweeper
	mu    sync.Mutex
	tally Tally
}

// manyDue is from how many connections per slice on reading range by range costs less than reading
// all connections and leaving out those that are not due: 26 ranges in 16 partitions are at least
// 208 units, whoever is there, and all of the rows are four and a half times those that are due.
const manyDue = 1000

// slice does what has become due in the window, and returns how many connections that were. It is
// not done if time ran out, or too much failed.
func (r *run) slice(ctx context.Context, w Window, lastDue int) (due int, done bool, err error) {
	before := r.tally
	if err := r.expire(ctx, w); err != nil {
		return 0, false, err
	}
	if r.Pulses != nil {
		if err := r.pulses(ctx, w); err != nil {
			return 0, false, err
		}
	}
	ranges := []Window{w.whole()}
	if lastDue >= manyDue {
		ranges = w.ranges()
	}
	for _, connected := range ranges {
		sockets, err := r.Table.Opened(ctx, connected)
		if err != nil {
			return 0, false, err
		}
		each(ctx, r.Calls, sockets, func(s Socket) { r.socket(ctx, w, s) })
	}
	due = r.tally.Visited - before.Visited
	dealt := due + r.tally.Expired + r.tally.Removed + r.tally.Felt - before.Expired - before.Removed - before.Felt
	failed := r.tally.Failed - before.Failed
	return due, ctx.Err() == nil && 10*failed <= dealt, nil
}

// each calls do for all, so many side by side, until the context ends.
func each[T any](ctx context.Context, limit int, all []T, do func(T)) {
	var g errgroup.Group
	g.SetLimit(limit)
	for _, one := range all {
		if ctx.Err() != nil {
			break
		}
		g.Go(func() error { do(one); return nil })
	}
	_ = g.Wait() // nothing fails
}

func (r *run) socket(ctx context.Context, w Window, s Socket) {
	switch {
	case w.dies(s.ConnectedAt):
		r.count(&r.tally.Removed, r.close(ctx, s.Session))
	case w.looks(s.ConnectedAt) && !s.Expired(r.Now()):
		r.look(ctx, s)
	}
}

// count counts one, and one failure if err is not nil.
func (r *run) count(what *int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	*what++
	if err != nil {
		r.tally.Failed++
	}
}

// look looks at a connection and keeps it open, or removes what it left.
func (r *run) look(ctx context.Context, s Socket) {
	var active time.Time
	err := r.try(ctx, func() (err error) {
		active, err = r.Transport.Active(ctx, s.ID)
		return err
	})
	if err == nil && needed(r.Now(), s.ConnectedAt, active) {
		err = r.keep(ctx, s)
	}
	if errors.Is(err, stream.ErrGone) {
		err = r.close(ctx, s.Session)
		r.count(&r.tally.Gone, nil)
	}
	r.count(&r.tally.Visited, err)
}

// keep sends a connection the frame that keeps it open. One with ids that is still being replayed,
// after all this time, is closed instead, so that its client comes back: the id of the frame would
// stand behind what the replay has not served.
func (r *run) keep(ctx context.Context, s Socket) error {
	if s.EventIDs && s.Stream != "" {
		replaying, err := r.Table.InReplay(ctx, s)
		if err != nil {
			return err
		}
		if replaying {
			return r.counted(&r.tally.Stalled, r.try(ctx, func() error { return r.Transport.Disconnect(ctx, s.ID) }))
		}
	}
	frame := r.KeepAlive(s.Session, s.subscription())
	return r.counted(&r.tally.KeptAlive, r.try(ctx, func() error { return r.Transport.Post(ctx, s.ID, frame) }))
}

// counted counts one if there is no error, which it returns.
func (r *run) counted(what *int, err error) error {
	if err == nil {
		r.count(what, nil)
	}
	return err
}

// subscription is what a keep-alive names: clients look up whom a frame is for by its stream, and
// leave alone what they do not know.
func (s Socket) subscription() stream.Subscription {
	if s.Stream == "" {
		return stream.Subscription{Stream: stream.User}
	}
	return s.Subscription
}

// overdue is for how long a connection whose token has run out, and that could not be closed, is
// looked for: those that could be are settled.
const overdue = 2 * time.Minute

// expire closes the connections whose token has run out. The rows go whether or not the connection
// could be closed: without them it is sent nothing and subscribes to nothing, and idles out.
func (r *run) expire(ctx context.Context, w Window) error {
	expired, err := r.Table.Expiring(ctx, Window{w.From.Add(-overdue), w.To})
	if err != nil {
		return err
	}
	each(ctx, r.Calls, expired, func(e Expiry) {
		err := r.try(ctx, func() error { return r.Transport.Disconnect(ctx, e.ID) })
		if errors.Is(err, stream.ErrGone) {
			err = nil
		}
		err = errors.Join(err, r.Table.Close(ctx, e.Connection))
		if err == nil {
			err = r.Table.Settle(ctx, e)
		}
		r.count(&r.tally.Expired, err)
	})
	return nil
}

// tries is how often a request is made that the transport may accept later.
const tries = 4

// try makes a request, again after a pause if it is throttled or the transport is not available.
func (r *run) try(ctx context.Context, request func() error) (err error) {
	for pause := 100 * time.Millisecond; ; pause *= 2 {
		err = request()
		if !errors.Is(err, stream.ErrThrottled) && !errors.Is(err, stream.ErrUnavailable) || pause == 100*time.Millisecond<<(tries-1) {
			return err
		}
		timer := time.NewTimer(pause/2 + r.Jitter(pause))
		select {
		case <-ctx.Done():
			timer.Stop()
			return err
		case <-timer.C:
		}
	}
}
