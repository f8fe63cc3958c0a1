package main

import (
	"edgestream/functions/internal/enforce"
	"edgestream/functions/internal/metric"
)

// values are the metrics of a batch.
func values(t enforce.Tally) []metric.Value {
	latency := metric.Value{Name: "Latency", Unit: metric.Milliseconds}
	for _, d := range t.Latency {
		latency.Each = append(latency.Each, d.Milliseconds())
	}
	return []metric.Value{metric.Counted("Closed", t.Closed), metric.Counted("Failed", t.Failed), latency}
}
