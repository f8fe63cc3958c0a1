package publish

import (
	"context"
	"errors"
	"time"

	"edgestream/functions/internal/stream"
)

// patient reports whether the lane may go on trying: while its connection has not failed for too
// long in all, or, when the transport throttles everybody, while this frame has not.
func (l *lane) patient(since time.Time) bool {
	now := time.Since(since)
	if now >= l.Patience {
		return false
	}
	return l.trouble.spent+now < l.Patience || l.othersSince().throttled()
}

// othersSince is how other lanes have fared since this one's trouble began.
func (l *lane) othersSince() successes { return l.others().minus(l.trouble.seen) }

// disconnects is how often a connection is told to close.
const disconnects = 3

// judge decides who is to blame for a connection whose patience is used up. If others got
// through, but many only by trying again, it is the transport. Otherwise the answer to a disconnect
// decides: if the transport can do that, or refuses it for this connection alone, then it is the
// client, whose connection is closed.
func (l *lane) judge(ctx context.Context, err error) outcome {
	if !l.othersSince().throttled() {
		for n := 1; ; n++ {
			switch answer := l.Poster.Disconnect(ctx, l.connection.ID); {
			case answer == nil:
				return tooSlow
			case errors.Is(answer, stream.ErrGone):
				return gone
			case !passing(answer) && l.othersSince().healthy():
				return tooSlow
			}
			if n == disconnects || !l.places.wait(ctx, l.pause(n)) {
				return l.down(err)
			}
		}
	}
	return l.down(err)
}

// down says that the transport fails: others then fail at their next refusal, until one succeeds.
func (l *lane) down(err error) outcome {
	l.health.down.Store(true)
	return l.giveUp(err)
}

// passing reports whether an error of the transport may pass by itself.
func passing(err error) bool {
	return errors.Is(err, stream.ErrThrottled) || errors.Is(err, stream.ErrUnavailable) ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
