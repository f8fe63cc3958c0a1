package sse

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"edgestream/functions/internal/history"
	"edgestream/functions/internal/mastodon"
	"edgestream/functions/internal/stream"
)

// visit is a client that may listen to a subscription, if there is room.
type visit struct {
	*Handler
	stream.Reader
	bound history.Bound
	// client is who may take the handoff.
	client string
	// lastEvent is the id that the client came with; empty if it has none.
	lastEvent string
	// eventIDs says that the client wants an id before the first event.
	eventIDs bool
}

// visit makes the visit of a request that was authorised.
func (h *Handler) visit(r *http.Request, id string, g stream.Grant, sub stream.Subscription) visit {
	now := time.Now()
	until := now.Add(h.Lifetime)
	if deadline, ok := r.Context().Deadline(); ok {
		until = later(now, earliest(until, deadline.Add(-Margin)))
	}
	return visit{
		Handler: h,
		Reader: stream.Reader{
			ID: id, Grant: g, Key: sub.Key(), Log: sub.Logs(g.Account)[0],
			Started: now.Truncate(time.Millisecond), Until: until.Truncate(time.Millisecond),
		},
		bound:     history.Bound{Subscription: sub, Account: g.Account},
		client:    clientKey(r, g, sub),
		lastEvent: lastEventID(r),
		eventIDs:  eventIDs(r),
	}
}

// admitted is a visit that has a slot and a place among its account's connections.
type admitted struct {
	visit
	slot  int
	start history.Start
	// version is what the account filters.
	version string
	// kept says that the slot must not be given back: the response's bytes may still be on their way.
	kept bool
}

// admit finds room for the visit and its beginning.
//
// The beginning is found before the account's row names the reader: whoever enforces a change finds the
// reader there and leaves a control entry, which must be behind the beginning. What was read
// before is read again behind it: whose the list is, and what the account filters.
func (h *Handler) admit(ctx context.Context, v visit) (*admitted, error) {
	slot, err := h.Slots.Take(ctx, v.Reader)
	if err != nil {
		return nil, err
	}
	a := &admitted{visit: v, slot: slot}
	if a.start, err = h.Positions.Resume(ctx, v.bound, v.lastEvent); err != nil {
		return nil, a.undo(err)
	}
	tell := func(reader string) error { return a.displace(ctx, reader) }
	if err := h.Members.Admit(ctx, v.Reader, tell); err != nil {
		return nil, a.undo(err)
	}
	if err := a.recheck(ctx); err != nil {
		return nil, a.undo(err)
	}
	if err := a.takeHandoff(ctx); err != nil {
		return nil, a.undo(err)
	}
	return a, nil
}

// errNotTold: the reader whose place is to be taken cannot be told to end. It keeps the place: were it
// not in its account's row it would go on though its token be revoked.
var errNotTold = errors.New("reader to be displaced not told")

// displace ends the reader whose place is to be taken.
func (a *admitted) displace(ctx context.Context, reader string) error {
	if err := a.Logs.Control(ctx, a.Reader.Log, controlClose, reader); err != nil {
		return fmt.Errorf("%w: %w", errNotTold, err)
	}
	return nil
}

func (a *admitted) recheck(ctx context.Context) (err error) {
	if a.bound.Stream.TakesList() {
		err = a.owns(ctx)
	}
	if err == nil && shows(a.bound.Stream) {
		a.version, err = a.Viewers.Viewer(ctx, a.Account)
	}
	return err
}

// owns is stream.ErrNotOwnList if the list is another account's now.
func (a *admitted) owns(ctx context.Context) error {
	_, err := a.Authoriser.Authorise(ctx, a.Grant, mastodon.Params{Stream: string(a.bound.Stream), List: a.bound.Param})
	return err
}

// shows reports whether the stream has statuses.
func shows(n stream.Name) bool {
	return n.Filtered() || n.TakesList() || n == stream.User
}

// takeHandoff goes on where the client's last response ended, if that is known: it is further on
// than the client's last event. It comes last, so that a visit that is refused leaves the handoff.
func (a *admitted) takeHandoff(ctx context.Context) error {
	position, err := a.Handoffs.Take(ctx, a.client, a.lastEvent, a.ID)
	if err != nil || position == "" {
		return err
	}
	if _, err := a.bound.Parse(position, a.now()); err == nil {
		a.start = history.Start{From: position} // which that response has had kept
	}
	return nil
}

const undoTime = 5 * time.Second

// undo gives back what the visit has taken, and returns why.
func (a *admitted) undo(reason error) error {
	ctx, cancel := context.WithTimeout(context.Background(), undoTime)
	defer cancel()
	if err := a.giveBack(ctx); err != nil {
		return errors.Join(reason, err)
	}
	return reason
}

// leave gives back what the response had.
func (a *admitted) leave(log *slog.Logger) {
	ctx, cancel := context.WithTimeout(context.Background(), undoTime)
	defer cancel()
	if err := a.giveBack(ctx); err != nil {
		log.WarnContext(ctx, "reader not removed", "account", a.Account, "reason", err.Error())
	}
}

func (a *admitted) giveBack(ctx context.Context) error {
	err := a.Members.Dismiss(ctx, a.Reader)
	if !a.kept {
		err = errors.Join(err, a.Slots.Free(ctx, a.slot, a.Reader))
	}
	return err
}
