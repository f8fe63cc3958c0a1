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
	err := o.metrics.Write(time.Now(),
		count("Records", t.Records), count("Deliveries", t.Deliveries), count("Parked", t.Parked), count("Sent", t.Sent), count("Gone", t.Gone),
		count("Closed", t.Closed), count("TooLarge", t.TooLarge), count("Retried", t.Retried),
		count("Throttled", t.Throttled), count("Poison", t.Poison), count("Failed", t.Failed),
		each("Audience", metric.Count, t.Audiences, func(n int) int64 { return int64(n) }),
		each("Latency", metric.Milliseconds, t.Latencies, time.Duration.Milliseconds))
	if err != nil {
		o.log.Error("metrics not written", "reason", err.Error())
	}
}

func count(name string, n int) metric.Value {
	return metric.Value{Name: name, Unit: metric.Count, Number: int64(n)}
}

// each is what was measured of each change.
func each[T any](name, unit string, measured []T, number func(T) int64) metric.Value {
	v := metric.Value{Name: name, Unit: unit}
	for _, m := range measured {
		v.Each = append(v.Each, number(m))
	}
	return v
}
