package sse

import (
	"context"
	"errors"
	"time"

	"edgestream/functions/internal/history"
	"edgestream/functions/internal/stream"
)

const (
	// readTime is how long one look at History may take: heartbeats wait for it.
	readTime = 5 * time.Second
	// freshFor is how long what was read is written before History is looked at again: a client that
	// reads slowly must not be sent the rest of a long page when a control entry has come meanwhile.
	freshFor = 2 * time.Second
	// batchBytes is about how much is written at once.
	batchBytes = 32 << 10
)

// The control entries, see package enforce, that a response acts on.
const (
	controlClose  = "_close"  // the payload is a reader's id
	controlViewer = "_viewer" // an account, whose filters have changed
)

// poll writes what is new. There may be more.
func (r *response) poll(ctx context.Context, now time.Time) (more bool, err error) {
	items, more, err := r.read(ctx, now)
	if err != nil {
		return false, err
	}
	if err := r.obey(items); err != nil {
		return false, err
	}
	if r.moved && len(r.waiting) > 0 {
		return true, r.rewind(now)
	}
	if err := r.look(ctx); err != nil {
		return false, err
	}
	left := r.take(items)
	err = r.show(ctx, time.Now().Add(freshFor))
	if failed := r.flush(ctx); failed != nil {
		return false, failed
	}
	return more || left || len(r.waiting) > 0, err
}

// peek obeys control entries while a write waits for a client that does not read. What it reads is read
// again, since none of it is done.
func (r *response) peek(ctx context.Context) error {
	items, _, err := r.read(ctx, r.now())
	if err != nil {
		return nil // the next poll says so
	}
	if err := r.obey(items); err != nil {
		return err
	}
	if err := r.look(ctx); errors.Is(err, errNotOwner) {
		return err
	}
	return nil
}

func (r *response) read(ctx context.Context, now time.Time) ([]history.Item, bool, error) {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	return r.feed.Read(ctx, now, false)
}

// obey does what the control entries say before anything that was read with them is written.
func (r *response) obey(items []history.Item) error {
	r.moved = false
	for _, item := range items {
		for _, m := range item.Messages {
			move, moved := history.MoveOf(m)
			r.moved = r.moved || moved
			switch payload := string(m.Payload); {
			case m.Event == controlClose && payload == r.ID:
				return errClosed
			case moved && move.To != r.Account:
				r.taken = r.bound.Stream.TakesList()
			case m.Event == controlViewer && payload == r.Account:
				r.stale = shows(r.bound.Stream)
			}
		}
	}
	return nil
}

// look looks up whose the list is and what the account filters, if that has changed. Nothing is shown
// until it is known. A list may have come back by now: a client that resumes reads old entries too.
func (r *response) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	if r.taken {
		err := r.owns(ctx)
		if errors.Is(err, stream.ErrNotOwnList) {
			return errNotOwner
		}
		if err != nil {
			return err
		}
		r.taken = false
	}
	if !r.stale {
		return nil
	}
	version, err := r.Viewers.Viewer(ctx, r.Account)
	if err == nil {
		r.listener.Viewer, r.stale = version, false
	}
	return err
}

// flush writes the batch, and ends the response that has become too long by it.
func (r *response) flush(ctx context.Context) error {
	if len(r.batch) == 0 {
		return nil
	}
	if err := r.pen.write(ctx, r.batch); err != nil {
		return err
	}
	r.position, r.lastEvent = r.batchEnd, r.batchEnd
	r.batch = r.batch[:0]
	if r.pen.written >= r.MaxBytes {
		return errPlanned
	}
	return nil
}
