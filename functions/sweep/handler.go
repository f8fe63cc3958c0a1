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
	o.metrics.Now(o.log,
		metric.Counted("Visited", t.Visited), metric.Counted("KeptAlive", t.KeptAlive), metric.Counted("Stalled", t.Stalled), metric.Counted("Gone", t.Gone),
		metric.Counted("Felt", t.Felt), metric.Counted("Asked", t.Asked), metric.Counted("Vanished", t.Vanished), metric.Counted("Expired", t.Expired), metric.Counted("Removed", t.Removed), metric.Counted("Failed", t.Failed),
		metric.Value{Name: "Left", Unit: metric.Milliseconds, Number: t.Left.Milliseconds()})
}
