package history

import (
	"errors"
	"time"

	"edgestream/functions/internal/stream"
)

// ErrUnknownPosition: an id that is none, of another subscription or account, or of a time to come.
var ErrUnknownPosition = errors.New("id is not one of this stream")

// Position is up to where a subscription has been served: everything placed at or before After,
// and of what is placed after it the entries that Seen says.
type Position struct {
	After time.Time
	Seen  Seen
}

// Seen is how far a reader has read what each writer wrote to each of the subscription's logs.
type Seen map[Mark]Progress

// Mark is a writer in one of a subscription's logs, by the log's index in Subscription.Logs.
type Mark struct {
	Log    int
	Writer string
}

// Progress is the last entry that was read of a writer, and how many of its messages.
type Progress struct {
	N        uint64
	Messages int
	// Partly says that these are not all of its messages.
	Partly bool
}

// Bound is a subscription of an account, which ids are made for and bound to.
type Bound struct {
	stream.Subscription
	Account string
}
