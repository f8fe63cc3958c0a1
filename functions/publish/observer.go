package main

import (
	"log/slog"
	"time"

	"edgestream/functions/internal/metric"
	"edgestream/functions/internal/publish"
)

// observer writes the metrics of batches.
type observer struct {
	metrics *metric.Writer
	log     *slog.Logger
}

func (o observer) observe(t publish.Tally) {
	err := o.metrics.Write(time.Now(),
		count("Records", t.Records), count("Messages", t.Messages), count("Listeners", t.Listeners),
		count("Deliveries", t.Deliveries), count("Parked", t.Parked), count("Gone", t.Gone),
		count("Closed", t.Closed), count("TooLarge", t.TooLarge), count("Retried", t.Retried),
		count("Throttled", t.Throttled), count("Poison", t.Poison), count("Failed", t.Failed),
		count("Recorded", t.Recorded), count("Deferred", t.Deferred), count("Filtered", t.Filtered), count("Annotated", t.Annotated),
		metric.Value{Name: "Latency", Unit: metric.Milliseconds, Number: t.Latency.Milliseconds()})
	if err != nil {
		o.log.Error("metrics not written", "reason", err.Error())
	}
}

func count(name string, n int) metric.Value {
	return metric.Value{Name: name, Unit: metric.Count, Number: int64(n)}
}
