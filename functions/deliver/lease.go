package main

import (
	"context"
	"slices"
	"sync"
	"time"

	"edgestream/functions/internal/sqs"
)

const (
	// lease is for how long messages are kept from others at a time. A group whose instance has died
	// waits no longer than that.
	lease = 30 * time.Second
	// renewal is how often the lease begins anew, so that some calls may fail.
	renewal = 8 * time.Second
)

// queue is what the handler asks of the queue that its messages came from.
type queue interface {
	Hold(ctx context.Context, receipts []string, d time.Duration) (held []bool, err error)
	Return(ctx context.Context, messages ...sqs.Returned) error
}

// hold keeps the batch from others until it is released. The queue's own timeout covers the time for
// which messages lie with Lambda, and all of an invocation's; if the instance dies, they would lie for
// as long. What another has got meanwhile is lost, and left to it: two that deliver a group at a time
// would mix it up. So the context ends if something is lost on the way.
func (h handler) hold(ctx context.Context, batch []*message) (held context.Context, release func()) {
	receipts := make([]string, len(batch))
	for i, m := range batch {
		receipts[i] = m.ReceiptHandle
	}
	began := time.Now()
	mine, known := h.renew(ctx, receipts)
	for i, ok := range mine {
		batch[i].lost = !ok
	}
	receipts = slices.DeleteFunc(receipts, func(r string) bool {
		return slices.ContainsFunc(batch, func(m *message) bool { return m.lost && m.ReceiptHandle == r })
	})
	var until time.Time
	if known {
		until = began.Add(lease)
	}
	held, cancel := context.WithCancel(ctx)
	var renewing sync.WaitGroup
	renewing.Go(func() {
		defer cancel()
		h.keep(held, receipts, until)
	})
	return held, func() {
		cancel()
		renewing.Wait()
	}
}

// keep renews the lease until the context ends, or something is lost, or may be because the lease
// cannot be renewed. One that never began cannot end: then the queue's own timeout holds.
func (h handler) keep(ctx context.Context, receipts []string, until time.Time) {
	ticker := time.NewTicker(renewal)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		began := time.Now()
		mine, known := h.renew(ctx, receipts)
		switch {
		case slices.Contains(mine, false):
			h.log.WarnContext(ctx, "messages lost to another instance")
			return
		case known:
			until = began.Add(lease)
		case !until.IsZero() && time.Until(until) <= renewal:
			return
		}
	}
}

// renew begins the lease anew, and reports what is the instance's. If the queue cannot be asked, that
// is not known, and taken to be everything.
func (h handler) renew(ctx context.Context, receipts []string) (mine []bool, known bool) {
	if len(receipts) == 0 {
		return nil, true
	}
	asking, cancel := context.WithTimeout(ctx, renewal)
	defer cancel()
	mine, err := h.queue.Hold(asking, receipts, lease)
	if err != nil && ctx.Err() == nil {
		h.log.WarnContext(ctx, "messages not held", "messages", len(receipts), "reason", err.Error())
	}
	return mine, err == nil
}
