package publish

import (
	"context"
	"errors"
	"sync"
	"time"

	"edgestream/functions/internal/history"
	"edgestream/functions/internal/stream"
)

const (
	// owedUntil is how long after its place an event must have come to a client with ids, or its
	// connection be closed: an id of what others said later goes back history.Delivery by clocks that
	// may differ by history.Lateness, so whoever comes back with it still finds the event.
	owedUntil = history.Delivery - history.Lateness
	// closing is how long closing the connections may take at the end of a batch.
	closing = 5 * time.Second
	// owedFor is how old what is owed may be when a batch ends: what is younger comes again with the
	// next one, which ends in time.
	owedFor = history.Delivery / 2
)

// owe notes that a delivery was not made whose event the client could miss by its ids.
func (l *lane) owe(d delivery) {
	if !d.listener.EventIDs || !l.logged(d.message) {
		return
	}
	if at := l.entries[d.entry-1].At; l.owed.IsZero() || at.Before(l.owed) {
		l.owed = at
	}
}

// due is until when the batch may deliver, for there to be time to close who was not delivered to.
// What is too late for that does not count: it is posted as soon as it can be.
func (b *batch) due(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := b.until(ctx)
	now, first := b.Now(), time.Time{}
	for i := range b.entries {
		at := b.entries[i].At
		if b.errs[i] == nil && now.Sub(at) < owedUntil-closing && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	if first.IsZero() {
		return ctx, cancel
	}
	ctx, end := context.WithTimeout(ctx, owedUntil-closing-now.Sub(first))
	return ctx, func() { end(); cancel() }
}

// closeOwed closes the connections of clients with ids to which an event is owed for so long that
// they could miss it. They come back and find it in the log. Where one cannot be closed, the event
// comes again.
func (b *batch) closeOwed(ctx context.Context) {
	end := time.Now().Add(closing)
	if deadline, ok := ctx.Deadline(); ok && deadline.Add(-b.Margin/3).Before(end) {
		end = deadline.Add(-b.Margin / 3)
	}
	limited, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	var wg sync.WaitGroup
	for i := range b.lanes {
		l := &b.lanes[i]
		if owed := b.Now().Sub(l.owed); l.owed.IsZero() || owed < owedFor || owed > owedUntil {
			continue
		}
		b.places.enter()
		wg.Go(func() {
			defer b.places.leave()
			l.closeOwed(ctx, limited)
		})
	}
	wg.Wait()
}

func (l *lane) closeOwed(ctx, limited context.Context) {
	for n := 1; ; n++ {
		err := l.Poster.Disconnect(limited, l.connection.ID)
		if err == nil || errors.Is(err, stream.ErrGone) {
			break
		}
		if !l.places.wait(limited, l.pause(n)) {
			l.blame("disconnect", err)
			return
		}
	}
	l.counts.closed.Add(1)
	l.Log.WarnContext(ctx, "connection closed, an event is owed to it for too long", "connection", l.connection.ID)
	l.forget(ctx)
}
