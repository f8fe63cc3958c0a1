package main

import (
	"log/slog"
	"time"

	"edgestream/functions/internal/metric"
	"edgestream/functions/internal/publish"
)

// observer writes the metrics of pages. Of a quiet hour nothing is written, and so paid, see package metric.
type observer struct {
	metrics *metric.Writer
	log     *slog.Logger
}

func (o observer) observe(t publish.Tally) {
	latency := metric.Value{Name: "Latency", Unit: metric.Milliseconds}
	for _, l := range t.Latencies {
		latency.Each = append(latency.Each, l.Milliseconds())
	}
	err := o.metrics.Write(time.Now(), latency,
		count("Deliveries", t.Deliveries), count("Parked", t.Parked), count("Gone", t.Gone), count("Closed", t.Closed),
		count("TooLarge", t.TooLarge), count("Retried", t.Retried), count("Throttled", t.Throttled), count("Failed", t.Failed))
	if err != nil {
		o.log.Error("metrics not written", "reason", err.Error())
	}
}

func count(name string, n int) metric.Value {
	return metric.Value{Name: name, Unit: metric.Count, Number: int64(n)}
}
