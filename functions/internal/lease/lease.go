// Package lease keeps messages of a queue from other instances while one handles them, in pieces of For: a group
// whose instance has died waits no longer than that. The queue's own timeout covers the time for which messages lie
// with Lambda, and all of an invocation's; if the instance dies, they would lie for as long.
package lease

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"
)

const (
	// For is for how long messages are kept from others at a time.
	For = 30 * time.Second
	// Renewal is how often the lease begins anew, so that some calls may fail.
	Renewal = 8 * time.Second
	// spare is how long before its end a lease counts as over if the queue does not answer.
	spare = time.Second
)

// Queue is what the messages came from.
type Queue interface {
	// Hold keeps messages from others for so long from now on, and reports which of them are still the caller's.
	// With an error, those of which nothing is known are reported as the caller's.
	Hold(ctx context.Context, receipts []string, d time.Duration) (held []bool, err error)
}

// Holder holds messages. Both fields are needed.
type Holder struct {
	Queue Queue
	Log   *slog.Logger
}

// Hold keeps the messages from others until they are released, and reports which are the caller's. What another
// has got meanwhile is not, and is left to it: two that deliver a group at a time would mix it up. So the context
// ends if something is lost on the way. It must be released.
func (h Holder) Hold(ctx context.Context, receipts []string) (mine []bool, held context.Context, release func()) {
	began := time.Now()
	mine, known := h.renew(ctx, receipts, Renewal)
	var own []string
	for i, r := range receipts {
		if mine[i] {
			own = append(own, r)
		}
	}
	var until time.Time
	if known {
		until = began.Add(For)
	}
	held, cancel := context.WithCancel(ctx)
	var renewing sync.WaitGroup
	renewing.Go(func() {
		defer cancel()
		h.keep(held, own, until)
	})
	return mine, held, func() {
		cancel()
		renewing.Wait()
	}
}

// keep renews the lease until the context ends, or something is lost, or may be because the lease
// cannot be renewed. One that never began cannot end: then the queue's own timeout holds.
func (h Holder) keep(ctx context.Context, receipts []string, until time.Time) {
	ticker := time.NewTicker(Renewal)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		began, patience := time.Now(), Renewal
		if !until.IsZero() {
			patience = min(patience, time.Until(until)-spare)
		}
		mine, known := h.renew(ctx, receipts, patience)
		switch {
		case slices.Contains(mine, false):
			h.Log.WarnContext(ctx, "messages lost to another instance")
			return
		case known:
			until = began.Add(For)
		case !until.IsZero() && time.Until(until) <= Renewal:
			return
		}
	}
}

// renew begins the lease anew, and reports what is the instance's. If the queue cannot be asked in so much
// time, that is not known, and taken to be everything.
func (h Holder) renew(ctx context.Context, receipts []string, patience time.Duration) (mine []bool, known bool) {
	if len(receipts) == 0 {
		return nil, true
	}
	asking, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	mine, err := h.Queue.Hold(asking, receipts, For)
	if err != nil && ctx.Err() == nil {
		h.Log.WarnContext(ctx, "messages not held", "messages", len(receipts), "reason", err.Error())
	}
	return mine, err == nil
}
