package main

import (
	"context"

	"edgestream/functions/internal/metric"
	"edgestream/functions/internal/route"
	"edgestream/functions/internal/stream"
)

// counting counts the replays that begin, those of them with a gap, and those that must be run again.
type counting struct {
	route.Replayer
	observe func(...metric.Value)
}

func (c counting) Run(ctx context.Context, r stream.Replay) error {
	err := c.Replayer.Run(ctx, r)
	begun, gaps, failed := 0, 0, 0
	switch {
	case err != nil:
		failed = 1
	case r.Begun: // it has been counted
	case r.Gap != "":
		begun, gaps = 1, 1
	default:
		begun = 1
	}
	c.observe(metric.Counted("Replays", begun), metric.Counted("Gaps", gaps), metric.Counted("Failed", failed))
	return err
}
