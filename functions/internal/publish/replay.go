package publish

import (
	"context"
	"errors"
	"time"

	"edgestream/functions/internal/stream"
)

// replay is how a subscription stands that was being replayed when it was looked up.
type replay struct {
	// of is the listener as it was looked up; nil if it was live.
	of    *stream.Listener
	stage stage
}

type stage int8

const (
	unasked  stage = iota
	live           // it has caught up in the meantime
	deferred       // its replay reads the log once more, where all of the batch is
	unknown        // that could not be found out
)

// ask finds out once per subscription and batch, when the lane comes to it.
func (l *lane) ask(ctx context.Context, c *cursor) stage {
	r := &l.cursors[c.twin].replay
	if r.of == nil {
		return live
	}
	if r.stage != unasked {
		return r.stage
	}
	left, err := l.Directory.Defer(ctx, *r.of)
	switch {
	case err != nil:
		l.blame("defer", err)
		r.stage = unknown
	case left:
		r.stage = deferred
	default:
		r.stage = live
	}
	return r.stage
}

// replayPatience is how long a replay may take: it is started again within a minute or two if it
// fails, and catches up in seconds.
const replayPatience = 3 * time.Minute

// abandoned reports whether the delivery was left to a replay that nobody seems to be making: the
// function that began it may have died before it could have it made.
func (l *lane) abandoned(d delivery) bool {
	since := d.listener.Since
	return l.left(d) && !since.IsZero() && l.Now().Sub(since) > replayPatience
}

// giveBack closes the connection, so that its client comes back and resumes, and reports whether
// the lane goes on: it does if the transport cannot do that now.
func (l *lane) giveBack(ctx, posting context.Context) bool {
	if err := l.Poster.Disconnect(posting, l.connection.ID); err != nil && !errors.Is(err, stream.ErrGone) {
		l.blame("disconnect", err)
		return true
	}
	l.counts.closed.Add(1)
	l.Log.WarnContext(ctx, "connection closed, its replay does not end", "connection", l.connection.ID)
	l.forget(ctx)
	return false
}

// left reports whether the delivery is the replay's: it is in the log, and its subscription is known
// to be replayed. That is so also where an earlier change has failed, since the log has this one.
func (l *lane) left(d delivery) bool {
	return l.cursors[d.twin].replay.stage == deferred && l.logged(d.message)
}
