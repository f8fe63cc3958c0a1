package publish

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"
)

// Tally is what happened in one batch.
type Tally struct {
	// Records is the size of the batch; Poison of them did not fit, Failed must come again.
	Records, Poison, Failed int
	// Messages were to be said, and Listeners are the subscriptions that they were for.
	Messages, Listeners int
	// Deliveries are frames that the transport accepted, Parked those handed to the greeter.
	Deliveries, Parked int
	// Sent are parts that were put on the queue of wide changes.
	Sent int
	// Recorded are entries in the logs of topics, Deferred deliveries left to replays, which read them there.
	Recorded, Deferred int
	// Filtered are deliveries not made because of what the viewer filters, Annotated those that say
	// which filters match.
	Filtered, Annotated int
	// TooLarge are frames dropped for their size, and entries left out of a log for theirs.
	TooLarge int
	// Gone are connections that did not exist, Closed those closed as too slow.
	Gone, Closed int
	// Retried are posts made again, Throttled those answered by a request to slow down.
	Retried, Throttled int
	// Latency is the longest time from a change to its last delivery; zero without any.
	Latency time.Duration
	// Latencies are all of these times, one for each change of which something was delivered, and
	// Audiences how many listeners each change had for whom something was to be sent; both in the
	// batch's order. A change's own time has whole seconds, rounded down, so latencies read up to one
	// second too long.
	Latencies []time.Duration
	Audiences []int
}

// counts is a Tally while lanes are running.
type counts struct {
	poison, listeners, deliveries, parked, tooLarge, gone, closed, retried, throttled atomic.Int64
	sent, recorded, deferred, filtered, annotated                                     atomic.Int64
}

func (b *batch) result(failed int) Tally {
	c := &b.counts
	t := Tally{
		Records: len(b.changes), Messages: len(b.messages), Failed: failed,
		Poison: int(c.poison.Load()), Listeners: int(c.listeners.Load()),
		Deliveries: int(c.deliveries.Load()), Parked: int(c.parked.Load()), Sent: int(c.sent.Load()), TooLarge: int(c.tooLarge.Load()),
		Recorded: int(c.recorded.Load()), Deferred: int(c.deferred.Load()),
		Filtered: int(c.filtered.Load()), Annotated: int(c.annotated.Load()),
		Gone: int(c.gone.Load()), Closed: int(c.closed.Load()),
		Retried: int(c.retried.Load()), Throttled: int(c.throttled.Load()),
	}
	b.measure(&t)
	return t
}

// measure adds what each change came to.
func (b *batch) measure(t *Tally) {
	for i := range b.changes {
		c := &b.changes[i]
		if n := c.audience.Load(); n > 0 {
			t.Audiences = append(t.Audiences, int(n))
		}
		if last := c.last.Load(); last != 0 && !c.At.IsZero() {
			took := max(0, time.Unix(0, last).Sub(c.At))
			t.Latencies = append(t.Latencies, took)
			t.Latency = max(t.Latency, took)
		}
	}
}

// log writes the batch's line: a warning, with the first reason, if something must come again.
func (p *Publisher) log(ctx context.Context, t Tally, cause *string) {
	level := slog.LevelInfo
	attrs := []slog.Attr{
		slog.Int("records", t.Records), slog.Int("messages", t.Messages), slog.Int("listeners", t.Listeners),
		slog.Int("deliveries", t.Deliveries), slog.Int("parked", t.Parked), slog.Int("gone", t.Gone),
		slog.Int("sent", t.Sent), slog.Int("recorded", t.Recorded), slog.Int("deferred", t.Deferred),
		slog.Int("filtered", t.Filtered), slog.Int("annotated", t.Annotated),
		slog.Int("closed", t.Closed), slog.Int("tooLarge", t.TooLarge), slog.Int("retried", t.Retried),
		slog.Int("throttled", t.Throttled), slog.Int("poison", t.Poison), slog.Int("failed", t.Failed),
		slog.Int64("latencyMs", t.Latency.Milliseconds()),
	}
	if cause != nil {
		attrs = append(attrs, slog.String("reason", *cause))
	}
	if t.Failed > 0 {
		level = slog.LevelWarn
	}
	p.Log.LogAttrs(ctx, level, "batch", attrs...)
}

// plus is what happened in both.
func (t Tally) plus(o Tally) Tally {
	return Tally{
		Records: t.Records + o.Records, Poison: t.Poison + o.Poison, Failed: t.Failed + o.Failed,
		Messages: t.Messages + o.Messages, Listeners: t.Listeners + o.Listeners,
		Deliveries: t.Deliveries + o.Deliveries, Parked: t.Parked + o.Parked, Sent: t.Sent + o.Sent,
		Recorded: t.Recorded + o.Recorded, Deferred: t.Deferred + o.Deferred,
		Filtered: t.Filtered + o.Filtered, Annotated: t.Annotated + o.Annotated, TooLarge: t.TooLarge + o.TooLarge,
		Gone: t.Gone + o.Gone, Closed: t.Closed + o.Closed, Retried: t.Retried + o.Retried, Throttled: t.Throttled + o.Throttled,
		Latency: max(t.Latency, o.Latency), Latencies: append(t.Latencies, o.Latencies...), Audiences: append(t.Audiences, o.Audiences...),
	}
}
