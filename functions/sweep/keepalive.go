package main

import (
	"time"

	"edgestream/functions/internal/history"
	"edgestream/functions/internal/mastodon"
	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
)

// keepAlive makes the frame of a session. A client of an app answers it. To one with ids it is an event of this moment, from which
// its client may resume.
func keepAlive(s stream.Session, sub stream.Subscription) []byte {
	if s.App != "" {
		return pusher.Ping()
	}
	if !s.EventIDs {
		return mastodon.KeepAlive(sub, "")
	}
	bound := history.Bound{Subscription: sub, Account: s.Account}
	return mastodon.KeepAlive(sub, bound.EventID(history.Entry{At: time.Now()}, 0))
}
