package main

import (
	"log/slog"
	"time"

	"edgestream/functions/internal/history"
	"edgestream/functions/internal/mastodon"
	"edgestream/functions/internal/metric"
	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/sweep"
)

// keepAlive makes the frame of a session. To one with ids it is an event of this moment, from which
// its client may resume.
func keepAlive(s stream.Session, sub stream.Subscription) []byte {
	if !s.EventIDs {
		return mastodon.KeepAlive(sub, "")
	}
	bound := history.Bound{Subscription: sub, Account: s.Account}
	return mastodon.KeepAlive(sub, bound.EventID(history.Entry{At: time.Now()}, 0))
}

// observer writes the metrics of runs.
type observer struct {
	metrics *metric.Writer
	log     *slog.Logger
}

func (o observer) observe(t sweep.Tally) {
	err := o.metrics.Write(time.Now(),
		count("Visited", t.Visited), count("KeptAlive", t.KeptAlive), count("Gone", t.Gone),
		count("Expired", t.Expired), count("Removed", t.Removed), count("Failed", t.Failed),
		metric.Value{Name: "Left", Unit: metric.Milliseconds, Number: t.Left.Milliseconds()})
	if err != nil {
		o.log.Error("metrics not written", "reason", err.Error())
	}
}

func count(name string, n int) metric.Value {
	return metric.Value{Name: name, Unit: metric.Count, Number: int64(n)}
}
