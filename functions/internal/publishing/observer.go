package publishing

import (
	"log/slog"
	"time"

	"edgestream/functions/internal/metric"
	"edgestream/functions/internal/publish"
)

// observer writes the metrics of batches: what an alarm or a graph asks for. A batch's line in the
// log has the rest of its Tally, for nothing. Of a quiet hour with some events Records, Audience,
// Deliveries and Latency are written, and so paid, see package metric.
type observer struct {
	metrics *metric.Writer
	log     *slog.Logger
}

func (o observer) observe(t publish.Tally) {
	o.metrics.Now(o.log,
		metric.Counted("Records", t.Records), metric.Counted("Deliveries", t.Deliveries), metric.Counted("Parked", t.Parked), metric.Counted("Sent", t.Sent), metric.Counted("Gone", t.Gone),
		metric.Counted("Closed", t.Closed), metric.Counted("TooLarge", t.TooLarge), metric.Counted("Retried", t.Retried),
		metric.Counted("Throttled", t.Throttled), metric.Counted("Poison", t.Poison), metric.Counted("Failed", t.Failed),
		each("Audience", metric.Count, t.Audiences, func(n int) int64 { return int64(n) }),
		each("Latency", metric.Milliseconds, t.Latencies, time.Duration.Milliseconds))
}

// each is what was measured of each change.
func each[T any](name, unit string, measured []T, number func(T) int64) metric.Value {
	v := metric.Value{Name: name, Unit: unit}
	for _, m := range measured {
		v.Each = append(v.Each, number(m))
	}
	return v
}
