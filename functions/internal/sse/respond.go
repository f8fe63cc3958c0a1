package sse

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"edgestream/functions/internal/history"
	"edgestream/functions/internal/mastodon"
	"edgestream/functions/internal/stream"
)

const (
	// beatEvery is how often a heartbeat is sent.
	beatEvery = 15 * time.Second
	// grace is how long after the planned end a write may still take.
	grace = 5 * time.Second
	// retryIn is after how long a browser is to come back.
	retryIn = time.Second
	// gapEvent tells a client with an id that what came before is missing, and why.
	gapEvent = "edgestream.gap"
	// positionEvent is for clients that asked: its data and its id are the id behind which a client goes on that
	// has had nothing else.
	positionEvent = "edgestream.position"
)

// Why a response ends.
var (
	errPlanned  = errors.New("time is up")
	errExpired  = errors.New("token has expired")
	errClosed   = errors.New("closed by a control entry")
	errNotOwner = errors.New("list is another account's")
	errGone     = errors.New("client is gone")
	errTrouble  = errors.New("history cannot be read")
)

// response is a stream that is being written.
type response struct {
	*admitted
	log      *slog.Logger
	pen      *pen
	feed     *history.Reader
	listener stream.Listener
	backlog
	// moved says that what was read last tells where the list has gone.
	moved bool
	// stale says that what the account filters must be looked up again, and taken, whose the list is.
	stale, taken bool
	// begun says that an event has been made, in front of the first of which belongs the field retry.
	begun bool
	// batch is events that are not written yet, the last of which has the id batchEnd.
	batch    []byte
	batchEnd string
	// position is up to where everything is written if batch holds something, or something is waiting, as an id.
	position string
	nextBeat time.Time
}

// respond writes the response to its end. An error says that it was not begun.
func (a *admitted) respond(ctx context.Context, w http.ResponseWriter, log *slog.Logger) error {
	now := time.Now()
	from, err := a.bound.Parse(a.start.From, a.now())
	if err != nil {
		return err
	}
	ctx, cancel := a.limit(ctx)
	defer cancel()
	r := &response{
		admitted: a, log: log, pen: newPen(ctx, w), feed: history.NewReader(a.History, a.bound, from),
		listener: stream.Listener{
			Subscription: a.bound.Subscription, Account: a.Account, EventIDs: true, Viewer: a.version,
			Notifications: a.bound.Stream == stream.User && a.Scopes.Notifications(), Until: a.TokenExpires,
		},
		position: a.start.From, nextBeat: now.Add(beatEvery),
	}
	defer func() {
		if p := recover(); p != nil {
			logPanic(ctx, log, p) // in the middle of a stream there is nothing to answer
		}
	}()
	r.pen.look = r.peek
	w.Header().Set("Content-Type", "text/event-stream")
	reason := r.run(ctx)
	a.kept = !r.pen.free()
	r.finish(ctx, reason)
	return nil
}

// limit is a context that ends when nothing may be written any more.
func (a *admitted) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithDeadlineCause(ctx, a.Until.Add(grace), errPlanned)
	if a.TokenExpires.IsZero() {
		return ctx, cancel
	}
	ctx, cancelExpiry := context.WithDeadlineCause(ctx, a.TokenExpires, errExpired)
	return ctx, func() { cancelExpiry(); cancel() }
}

// run writes until there is a reason to end, which it returns.
func (r *response) run(ctx context.Context) error {
	if err := r.greet(ctx); err != nil {
		return err
	}
	var t trouble
	for {
		next, err := r.turn(ctx, &t)
		if err == nil {
			err = r.wait(ctx, next)
		}
		if err != nil {
			return err
		}
	}
}

// turn polls once and says when to poll next, or why the response ends.
func (r *response) turn(ctx context.Context, t *trouble) (next time.Time, end error) {
	began := time.Now()
	more, err := r.poll(ctx, r.now())
	switch {
	case ctx.Err() != nil:
		return next, why(ctx)
	case isEnd(err):
		return next, err
	case err != nil:
		pause, end := t.add(ctx, err, r)
		return time.Now().Add(pause), end
	}
	t.over(ctx, r.log)
	if more {
		return began, nil
	}
	return began.Add(r.Poll), nil
}

func isEnd(err error) bool {
	for _, end := range []error{errPlanned, errExpired, errClosed, errNotOwner, errGone} {
		if errors.Is(err, end) {
			return true
		}
	}
	return false
}

// why is the reason for which the context has ended.
func why(ctx context.Context) error {
	if cause := context.Cause(ctx); isEnd(cause) {
		return cause
	}
	return errGone
}

// greet writes what comes before all events.
func (r *response) greet(ctx context.Context) error {
	first := []byte(mastodon.Hello)
	if r.start.Gap != "" {
		first = append(first, r.event(gapEvent, []byte(`{"reason":"`+r.start.Gap+`"}`), r.start.From)...)
		r.lastEvent = r.start.From
	}
	if r.eventIDs {
		first = append(first, r.event(positionEvent, []byte(r.start.From), r.start.From)...)
		r.lastEvent = r.start.From
	}
	return r.pen.write(ctx, first)
}

// event is an event as it is to be written next.
func (r *response) event(name string, payload []byte, id string) []byte {
	event := mastodon.Event(name, payload, id)
	if !r.begun {
		r.begun = true
		event = append(mastodon.Retry(retryIn), event...)
	}
	return event
}

// over is why nothing more may be written, if it may not.
func (r *response) over(now time.Time) error {
	switch {
	case r.Expired(now):
		return errExpired
	case !now.Before(r.Until):
		return errPlanned
	}
	return nil
}

// wait waits for the next poll, and writes the heartbeats that are due.
func (r *response) wait(ctx context.Context, next time.Time) error {
	for {
		now := time.Now()
		if err := r.over(now); err != nil {
			return err
		}
		if !now.Before(r.nextBeat) {
			r.nextBeat = now.Add(beatEvery)
			if err := r.pen.write(ctx, []byte(mastodon.Thump)); err != nil {
				return err
			}
			continue
		}
		if !now.Before(next) {
			return nil
		}
		if err := sleep(ctx, earliest(next, r.nextBeat, r.Until).Sub(now)); err != nil {
			return err
		}
	}
}

func earliest(first time.Time, others ...time.Time) time.Time {
	for _, t := range others {
		if t.Before(first) {
			first = t
		}
	}
	return first
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// sleep returns early if the context ends, which is a reason to end.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return why(ctx)
	case <-timer.C:
		return nil
	}
}
