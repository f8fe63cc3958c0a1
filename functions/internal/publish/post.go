package publish

import (
	"context"
	"errors"
	"time"

	"edgestream/functions/internal/stream"
)

// outcome is what became of a frame.
type outcome int

const (
	delivered outcome = iota
	tooLarge          // dropped: it never can be delivered
	tooLate           // dropped: the token has run out
	notOpen           // the greeter's, with all that follows
	gone              // the connection does not exist
	tooSlow           // the connection was closed
	failed            // the transport fails
)

const (
	firstPause   = 50 * time.Millisecond
	longPause    = time.Second
	openPause    = 50 * time.Millisecond
	openPatience = time.Second // how long a lane waits in all for its connection to open
)

// trouble is what a lane has gone through with its connection.
type trouble struct {
	// own are the lane's successes; seen is how others fared when its trouble began.
	own, seen successes
	began     bool
	// spent is how long frames failed that were delivered in the end.
	spent time.Duration
	// unopened is how long the lane has waited for the connection to open.
	unopened time.Duration
}

// others is how other lanes fared so far.
func (l *lane) others() successes { return l.health.seen().minus(l.trouble.own) }

// post sends a frame, if need be again and again. What is refused as not open yet is tried for a
// short time; what is throttled or unavailable with growing pauses and full jitter,
// https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/.
func (l *lane) post(ctx context.Context, frame []byte) outcome {
	var since time.Time // when the frame was first refused
	refusals := 0
	for tries := 0; ; tries++ {
		if tries > 0 && l.over() {
			return tooLate
		}
		if tries > 0 {
			l.counts.retried.Add(1)
		}
		young := l.young() // when it is asked: the answer may take long
		err := l.Poster.Post(ctx, l.connection.ID, frame)
		switch {
		case err == nil:
			l.succeeded(since)
			return delivered
		case errors.Is(err, stream.ErrTooLarge):
			return tooLarge
		case errors.Is(err, stream.ErrGone):
			if !young {
				return gone
			}
			if !l.awaitOpen(ctx, tries) {
				return l.unopened(ctx)
			}
			continue
		}
		if since.IsZero() {
			since = time.Now()
		}
		refusals++
		if o, again := l.refused(ctx, err, since, refusals); !again {
			return o
		}
	}
}

func (l *lane) succeeded(since time.Time) {
	retried := !since.IsZero()
	if retried {
		l.trouble.own.retried++
		l.trouble.spent += time.Since(since)
	} else {
		l.trouble.own.first++
	}
	l.health.succeeded(retried)
}

// young reports whether the connection may not be open yet.
func (l *lane) young() bool {
	return !l.opened.IsZero() && l.Now().Sub(l.opened) < stream.YoungFor+stream.Apart
}

// awaitOpen pauses before a connection is tried again that may not be open yet.
func (l *lane) awaitOpen(ctx context.Context, tries int) bool {
	pause := min(openPause*time.Duration(tries+1), openPatience/4)
	if l.trouble.unopened += pause; l.trouble.unopened > openPatience {
		return false
	}
	return l.places.wait(ctx, pause)
}

func (l *lane) unopened(ctx context.Context) outcome {
	if ctx.Err() != nil {
		return failed
	}
	return notOpen
}

// refused decides whether a frame that was throttled, or met an error, is tried again after a
// pause, and if not, who is to blame.
func (l *lane) refused(ctx context.Context, err error, since time.Time, refusals int) (o outcome, again bool) {
	if errors.Is(err, stream.ErrThrottled) {
		l.counts.throttled.Add(1)
	}
	if !l.trouble.began {
		l.trouble.began, l.trouble.seen = true, l.others()
	}
	switch {
	case ctx.Err() != nil || l.health.down.Load():
		return l.giveUp(err), false
	case !l.patient(since):
		return l.judge(ctx, err), false
	case !l.places.wait(ctx, l.pause(refusals)):
		return l.giveUp(err), false
	}
	return 0, true
}

func (l *lane) giveUp(err error) outcome {
	l.blame("post", err)
	return failed
}

// pause grows with each refusal and is random in full: lanes that were refused together do not
// come back together.
func (l *lane) pause(refusals int) time.Duration {
	return time.Millisecond + l.Jitter(min(firstPause<<min(refusals-1, 10), longPause))
}
