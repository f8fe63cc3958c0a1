package main

import (
	"context"
	"log/slog"
	"time"

	"edgestream/functions/internal/metric"
	"edgestream/functions/internal/sweep"
)

// scheduled is the event of a schedule,
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html.
type scheduled struct {
	// Time is when the run was to be.
	Time time.Time `json:"time"`
}

// handler sweeps up to the time of the event; one without a time means now.
func handler(s *sweep.Sweeper) func(context.Context, scheduled) error {
	return func(ctx context.Context, e scheduled) error {
		if e.Time.IsZero() {
			e.Time = time.Now()
		}
		return s.Sweep(ctx, e.Time)
	}
}

// observer writes the metrics of runs.
type observer struct {
	metrics *metric.Writer
	log     *slog.Logger
}

func (o observer) observe(t sweep.Tally) {
	err := o.metrics.Write(time.Now(),
		count("Visited", t.Visited), count("KeptAlive", t.KeptAlive), count("Stalled", t.Stalled), count("Gone", t.Gone),
		count("Felt", t.Felt), count("Asked", t.Asked), count("Vanished", t.Vanished), count("Expired", t.Expired), count("Removed", t.Removed), count("Failed", t.Failed),
		metric.Value{Name: "Left", Unit: metric.Milliseconds, Number: t.Left.Milliseconds()})
	if err != nil {
		o.log.Error("metrics not written", "reason", err.Error())
	}
}

func count(name string, n int) metric.Value {
	return metric.Value{Name: name, Unit: metric.Count, Number: int64(n)}
}
