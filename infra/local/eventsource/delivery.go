package eventsource

import (
	"context"
	"time"
)

// delivery is one lane of a shard: it makes batches of what its reader hands
// it and sees each of them through before it takes the next.
type delivery struct {
	*StreamPoller
	shard   string
	in      <-chan []*record
	pending []*record
	ended   bool // in is closed
}

// run delivers until the reader closes the lane and all is done, or ctx ends.
func (l *delivery) run(ctx context.Context) {
	for {
		records := l.next(ctx)
		if len(records) == 0 {
			return
		}
		if !l.deliver(ctx, records) {
			return
		}
	}
}

// next waits for a batch: full, or as much as came within the batching window.
func (l *delivery) next(ctx context.Context) []*record {
	if len(l.pending) == 0 && !l.receive(ctx, nil) {
		return nil
	}
	var window <-chan time.Time
	if l.mapping.BatchingWindow > 0 {
		t := time.NewTimer(l.mapping.BatchingWindow)
		defer t.Stop()
		window = t.C
	} else {
		l.drain()
	}
	for window != nil && !l.ended && l.fits() == len(l.pending) && len(l.pending) < l.mapping.BatchSize {
		if !l.receive(ctx, window) {
			break
		}
	}
	if ctx.Err() != nil {
		return nil
	}
	n := l.fits()
	records := l.pending[:n:n]
	l.pending = l.pending[n:]
	return records
}

// receive waits for more records; false if none came before the window, the
// lane or ctx ended.
func (l *delivery) receive(ctx context.Context, window <-chan time.Time) bool {
	select {
	case more, open := <-l.in:
		l.ended = !open
		l.pending = append(l.pending, more...)
		return open
	case <-window:
	case <-ctx.Done():
	}
	return false
}

// drain takes what has arrived already, as far as it fits in the batch.
func (l *delivery) drain() {
	for len(l.pending) < l.mapping.BatchSize {
		select {
		case more, open := <-l.in:
			if !open {
				l.ended = true
				return
			}
			l.pending = append(l.pending, more...)
		default:
			return
		}
	}
}

// fits is how many of the pending records one event can take.
func (l *delivery) fits() int { return fitting(l.pending, l.mapping.BatchSize) }

// batch is records that are tried together.
type batch struct {
	records     []*record
	failures    int // attempts that count against MaximumRetryAttempts
	invocations int
	last        *result
}

// result is what the last invocation of a batch came to.
type result struct {
	functionError string
}

// deliver sees a batch through: all its records are done when it returns true;
// false means that ctx ended first. What a failure splits is kept in order.
func (l *delivery) deliver(ctx context.Context, records []*record) bool {
	todo := []batch{{records: records}}
	for len(todo) > 0 {
		b := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if b = l.dropAged(ctx, b); len(b.records) == 0 {
			continue
		}
		o, ok := l.invoke(ctx, &b)
		if !ok {
			return false
		}
		next, ok := l.after(ctx, b, o)
		if !ok {
			return false
		}
		todo = append(todo, next...)
	}
	return ctx.Err() == nil
}

// invoke runs the function, as often as it takes for it to run at all.
func (l *delivery) invoke(ctx context.Context, b *batch) (outcome, bool) {
	payload := frame(b.records)
	for refused := 1; ctx.Err() == nil; refused++ {
		if last := b.records[len(b.records)-1].created; !last.IsZero() {
			l.options.Age(l.mapping.Function, max(0, time.Since(last)))
		}
		answer, functionError, err := l.options.Invoke(ctx, l.mapping.Function, payload)
		if err == nil {
			b.invocations++
			b.last = &result{functionError}
			return readOutcome(answer, functionError, l.mapping.ReportBatchItemFailures), true
		}
		if ctx.Err() != nil {
			break
		}
		pause := l.options.backoff(refused)
		l.log.Warn("the function was not run; trying again", "shard", l.shard, "error", err, "pause", pause)
		if !sleep(ctx, pause) {
			break
		}
	}
	return outcome{}, false
}

// after decides what follows an invocation: what is left to try, the first
// last. It returns false if ctx ended while it waited.
func (l *delivery) after(ctx context.Context, b batch, o outcome) ([]batch, bool) {
	if o.ok {
		finish(b.records)
		return nil, true
	}
	from := firstFailed(b.records, o.failed)
	finish(b.records[:from])
	b.records = b.records[from:]
	l.log.Debug("a batch failed", "shard", l.shard, "from", b.records[0].seq, "records", len(b.records), "reason", o.reason)
	if l.mapping.BisectBatchOnFunctionError {
		if from > 0 {
			return []batch{b}, true // split at the number that was reported
		}
		if half := len(b.records) / 2; half > 0 {
			return []batch{
				{records: b.records[half:], failures: b.failures},
				{records: b.records[:half], failures: b.failures},
			}, true
		}
	}
	return l.retry(ctx, b)
}

// retry waits before another attempt, or gives the batch up.
func (l *delivery) retry(ctx context.Context, b batch) ([]batch, bool) {
	b.failures++
	if most := l.mapping.MaximumRetryAttempts; most >= 0 && b.failures > most {
		l.giveUp(ctx, b, retriesExhausted)
		return nil, ctx.Err() == nil
	}
	return []batch{b}, sleep(ctx, l.options.backoff(b.failures))
}

// firstFailed is the index of the first record that failed: of the reported
// ones, or 0 if the function failed as a whole or named a record that is not
// in the batch.
func firstFailed(records []*record, reported []string) int {
	index := make(map[string]int, len(records))
	for i, r := range records {
		index[r.seq] = i
	}
	first := len(records)
	for _, id := range reported {
		i, known := index[id]
		if !known {
			return 0
		}
		first = min(first, i)
	}
	if len(reported) == 0 {
		return 0
	}
	return first
}

func finish(records []*record) {
	for _, r := range records {
		r.mark.finish()
	}
}

// dropAged gives up the records of a batch that are too old. They are its
// first ones: a shard is ordered by time.
func (l *delivery) dropAged(ctx context.Context, b batch) batch {
	if l.mapping.MaximumRecordAge < 0 {
		return b
	}
	oldest := time.Now().Add(-l.mapping.MaximumRecordAge)
	n := 0
	for n < len(b.records) && !b.records[n].created.IsZero() && b.records[n].created.Before(oldest) {
		n++
	}
	if n > 0 {
		aged := b
		aged.records = b.records[:n]
		l.giveUp(ctx, aged, recordAgeExceeded)
		b.records = b.records[n:]
	}
	return b
}
