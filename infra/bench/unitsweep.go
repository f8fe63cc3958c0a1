package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

const (
	// lookEvery is the age, and its multiples, at which a connection is looked at, and manyDue from
	// how many that are due the sweep reads as it does where there are many: both as
	// functions/internal/sweep has them.
	lookEvery = 270 * time.Second
	manyDue   = 1000
	// sweepRow is what the sweep costs.
	sweepRow = "the sweep, an hour of 100,000 connections"
)

// sweep measures what it costs to keep connections open, as of 100,000 that have come evenly over
// two hours.
func (l *ledger) sweep(ctx context.Context, f unitsFlags) error {
	crowd := people{"bench", f.listeners}
	open, err := l.join(ctx, crowd, "&stream=public", nil)
	if err != nil {
		return err
	}
	all := time.Now().Add(time.Second)
	// On to before those that are open have the age, a minute at a time: there is nothing to do.
	var nothing tally
	for ahead := range 4 {
		if nothing, err = l.sweepUpTo(ctx, all.Add(time.Duration(ahead)*time.Minute), 0); err != nil {
			return err
		}
	}
	looks, err := l.sweepUpTo(ctx, all.Add(lookEvery), crowd.n)
	if err != nil {
		return err
	}
	// With so many due the run before, this one looks as it does where there are many.
	fixed, err := l.sweepUpTo(ctx, all.Add(lookEvery+time.Minute), 0)
	if err != nil {
		return err
	}
	l.sweepHour(crowd.n, nothing, looks, fixed)
	return l.settle(ctx, open)
}

// sweepHour adds the row.
func (l *ledger) sweepHour(n int, nothing, looks, fixed tally) {
	const connections, perHour = 100_000, 60.0
	times := connections * float64(time.Hour) / float64(lookEvery)
	read, write := (looks.read-nothing.read)/float64(n), (looks.write-nothing.write)/float64(n)
	l.row(sweepRow, tally{
		read: perHour*fixed.read + times*read, write: perHour*fixed.write + times*write,
		runs: runs{"Sweep": int(perHour)}, logged: int(perHour) * fixed.logged,
		cpu: perHour*fixed.cpu + times*(looks.cpu-nothing.cpu)/float64(n),
	}, 1)
	l.note("The sweep's hour is 60 runs of %s read units each whoever is there, and %.0f looks of %.4f each, from %d connections\n"+
		"that were looked at in one run. It writes %s units a run. A look is a request to API Gateway, which is not billed;\n"+
		"a quiet connection also gets a frame in nine minutes: %.0f messages, $%.2f, beside $%.2f for its connection-minutes.",
		two(fixed.read), times, read, n, two(fixed.write), times/2, times/2*pricePerSocketMessage, connections*60*pricePerSocketMinute)
	if n < manyDue {
		l.note("With fewer than %d --listeners the sweep never reads as it does where many are due: its figures are too small.", manyDue)
	}
}

// sweepUpTo runs the sweep as a schedule does at a time, and fails unless it looks at so many.
func (l *ledger) sweepUpTo(ctx context.Context, at time.Time, visits int) (tally, error) {
	seen := len(l.local.Lines())
	t, err := l.measure(ctx, doing{runs: runs{"Sweep": 1}, do: func() error {
		return invoke(ctx, l.local, "SweepFunction", map[string]any{
			"version": "0", "source": "aws.events", "detail-type": "Scheduled Event", "detail": map[string]any{}, "time": at.UTC().Format(time.RFC3339),
		})
	}})
	if err != nil {
		return t, fmt.Errorf("sweep: %w", err)
	}
	if visits == 0 {
		return t, nil
	}
	return t, poll(ctx, func() string {
		if n := l.visited(seen); n != visits {
			return fmt.Sprintf("the sweep looked at %d of %d connections", n, visits)
		}
		return ""
	})
}

// visited is how many connections sweeps have looked at, as lines from this one on say.
func (l *ledger) visited(from int) (n int) {
	for _, line := range l.local.Lines()[from:] {
		var swept struct {
			Msg     string
			Visited int
		}
		if strings.HasPrefix(line.Function, "Sweep") && json.Unmarshal([]byte(line.Text), &swept) == nil && swept.Msg == "swept" {
			n += swept.Visited
		}
	}
	return n
}
