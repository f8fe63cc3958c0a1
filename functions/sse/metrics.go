package main

import (
	"edgestream/functions/internal/metric"
	"edgestream/functions/internal/sse"
)

// values are the metrics of what came of a request.
func values(s sse.Seen) []metric.Value {
	switch {
	case s.Full:
		return []metric.Value{metric.Counted("Refused", 1)}
	case s.Gap:
		return []metric.Value{metric.Counted("Readers", 1), metric.Counted("Gaps", 1)}
	}
	return []metric.Value{metric.Counted("Readers", 1)}
}
