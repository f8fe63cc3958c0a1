package sse

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"edgestream/functions/internal/stream"
)

const (
	// patience is how long History may fail before a response ends.
	patience = 30 * time.Second
	// handoffFor is how long after the response's end a handoff waits to be taken, and handoffTime how long leaving it may take.
	handoffFor  = 30 * time.Second
	handoffTime = 8 * time.Second
)

// finish leaves a handoff where the client is expected back. Nothing is written after it.
func (r *response) finish(ctx context.Context, reason error) {
	switch {
	case errors.Is(reason, errTrouble):
		r.log.ErrorContext(ctx, "stream ended", "account", r.Account, "stream", r.bound.Stream, "reason", reason.Error())
	case !errors.Is(reason, errPlanned):
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), handoffTime)
	defer cancel()
	if err := r.leaveHandoff(ctx); err != nil {
		r.log.WarnContext(ctx, "handoff not left", "account", r.Account, "stream", r.bound.Stream, "reason", err.Error())
	}
}

// leaveHandoff tries until the context ends: without it a client without ids misses what happens
// until it is back.
func (r *response) leaveHandoff(ctx context.Context) error {
	position := r.position
	if len(r.batch) == 0 && len(r.waiting) == 0 {
		position = r.bound.PositionID(r.feed.Position())
	}
	h := stream.Handoff{
		Client: r.client, Reader: r.ID, Position: position, LastEvent: r.lastEvent, Until: time.Now().Add(handoffFor),
	}
	for {
		err := r.Handoffs.Leave(ctx, h) // always the same one, which may be there though the answer was lost
		if err == nil || sleep(ctx, 100*time.Millisecond+r.jitter(400*time.Millisecond)) != nil {
			return err
		}
	}
}

// trouble is a run of failures.
type trouble struct {
	since time.Time
	count int
}

// add counts a failure and says how long to wait: longer each time, with jitter. The error is
// errTrouble, once there has been nothing else for too long.
func (t *trouble) add(ctx context.Context, err error, r *response) (pause time.Duration, end error) {
	if t.count == 0 {
		t.since = time.Now()
		r.log.WarnContext(ctx, "history not read", "reason", err.Error())
	}
	if time.Since(t.since) >= patience {
		return 0, fmt.Errorf("%w: %w", errTrouble, err)
	}
	longest := min(250*time.Millisecond<<min(t.count, 10), 4*time.Second)
	t.count++
	return longest/2 + r.jitter(longest/2), nil
}

// over ends the run, if there is one.
func (t *trouble) over(ctx context.Context, log *slog.Logger) {
	if t.count > 0 {
		log.InfoContext(ctx, "history read again", "failures", t.count)
		*t = trouble{}
	}
}
