package stream

import "time"

// Reader is one response of server-sent events that is being written.
type Reader struct {
	// ID is unique: the request's id.
	ID string
	Grant
	// Key is its subscription's.
	Key string
	// Log is the first of the topics that it reads: where it finds what is meant for itself.
	Log Topic
	// Started and Until are when it began, and when it ends at the latest, in whole milliseconds.
	Started, Until time.Time
}

// Handoff is where a reader ended, for the same client's next one.
type Handoff struct {
	// Client names who may take it: a hash of what the client's requests have in common.
	Client string
	// Reader is the reader that ended.
	Reader string
	// Position is the position to go on from, as an id of the subscription.
	Position string
	// LastEvent is the id of the last event that the client has; empty if it has none.
	LastEvent string
	// Until is when the handoff ends.
	Until time.Time
}
