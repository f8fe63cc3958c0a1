package sse

import (
	"context"
	"time"

	"edgestream/functions/internal/history"
	"edgestream/functions/internal/stream"
)

// maxWaiting is about how many bytes of events may wait to be written when more is read.
const maxWaiting = 1 << 20

// backlog is what was read for a client that reads more slowly. It waits here, so that looking for
// control entries does not read it again. It holds about maxWaiting, or what one look at History had if
// that was more. What does not fit is read again.
type backlog struct {
	waiting []waiting
	// waits is how many bytes are waiting.
	waits int
}

// waiting is an event of the stream, and the id of the position behind it.
type waiting struct {
	stream.Message
	id string
}

func (b *backlog) add(w waiting) {
	b.waiting = append(b.waiting, w)
	b.waits += len(w.Payload)
}

// drop removes the first.
func (b *backlog) drop() {
	b.waits -= len(b.waiting[0].Payload)
	b.waiting[0] = waiting{} // whose payload may be large
	if b.waiting = b.waiting[1:]; len(b.waiting) == 0 {
		b.waiting = nil
	}
}

// take has what the client hears of the items wait, unless too much does already; then they are left.
func (r *response) take(items []history.Item) (left bool) {
	if r.waits >= maxWaiting {
		return len(items) > 0
	}
	for _, item := range items {
		for _, i := range history.Heard(r.listener, item.Entry) {
			if i < item.First {
				continue
			}
			r.feed.Done(item, i+1)
			r.add(waiting{item.Messages[i], r.bound.PositionID(r.feed.Position())})
		}
		r.feed.Done(item, len(item.Messages))
	}
	return false
}

// rewind has read again what is waiting: some of it may be another account's, now that it is known
// where the list went.
func (r *response) rewind(now time.Time) error {
	from, err := r.bound.Parse(r.position, now)
	if err != nil {
		return err
	}
	r.feed, r.backlog = history.NewReader(r.History, r.bound, from), backlog{}
	return nil
}

// pass goes over an event that is not shown.
func (r *response) pass(id string) {
	if len(r.batch) == 0 {
		r.position = id
	}
}

// show writes what is waiting, until it is time to look at History again.
func (r *response) show(ctx context.Context, until time.Time) error {
	for len(r.waiting) > 0 && time.Now().Before(until) {
		first := r.waiting[0]
		m, shown, err := r.Renderer.Render(ctx, r.listener, first.Message)
		if err != nil {
			return err
		}
		r.drop()
		if !shown {
			r.pass(first.id)
			continue
		}
		r.batchEnd = first.id
		r.batch = append(r.batch, r.event(m.Event, m.Payload, first.id)...)
		if len(r.batch) >= batchBytes {
			if err := r.flush(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}
