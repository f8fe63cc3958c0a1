package history

import (
	"context"
	"errors"
	"time"

	"edgestream/functions/internal/stream"
)

const (
	// Lateness is how far behind the newest entry another may still appear: the time that one
	// write may take (AppendTimeout), and by how much the clocks of writers and readers may differ.
	Lateness = 10 * time.Second
	// AppendTimeout is how long one attempt to append may take. Every attempt takes its place anew.
	AppendTimeout = 3 * time.Second
	// Delivery is how long after its place an entry may still be on its way to a socket: the
	// longest invocation of publish. A socket's client may have received what came after it.
	Delivery = 65 * time.Second
)

// Entry is what one record says to one topic.
type Entry struct {
	Topic stream.Topic
	// Record identifies the record (stream.Change.EventID). There is one entry per record and topic.
	Record string
	// At is the entry's place: the clock of its writer, to the microsecond, UTC.
	At time.Time
	// Writer names who wrote the entry, as 8 characters of base64url; N numbers what it wrote to
	// the topic, from 1 up, without gaps.
	Writer string
	N      uint64
	// Previous is the place of the writer's entry N-1 of the topic; zero if N is 1. By it a reader
	// knows whether it has missed one.
	Previous time.Time
	// Owner and Sequence are the record's. Sequence numbers of one owner ascend; they are decimal
	// and compared as numbers (by length, then as text).
	Owner, Sequence string
	// Messages are what the record says to the topic, in order; at most 255. Their Topic is Topic.
	Messages []stream.Message
}

var (
	// ErrUnavailable: the log could not be read or written; whether it was written may be unknown.
	ErrUnavailable = errors.New("history is unavailable")
	// ErrTooLarge: the log does not take the entry, which is too large by itself or after all that
	// is there, and will not soon. Nothing was written.
	ErrTooLarge = errors.New("entry is too large for history")
)

// Log stores entries.
type Log interface {
	// Append stores the entry unless there is one of its record and topic, and returns the one that
	// is there then. It makes one attempt, of at most AppendTimeout.
	Append(ctx context.Context, e Entry) (Entry, error)
	// Read returns the topic's entries whose place is after the time given, by place, up to a page
	// (about a megabyte); more says that there are others behind the last one, at later places: no
	// page ends between entries of one place. A consistent read sees everything that was appended
	// before it began, and costs twice as much; another sees what one of a moment ago saw.
	Read(ctx context.Context, topic stream.Topic, after time.Time, consistent bool) (entries []Entry, more bool, err error)
}

// Keeper decides which topics have a log.
type Keeper interface {
	// Keep has the events of the topics logged from now on for as long as a socket can live and
	// longer, and returns since when they all have been: now, if one of them was not. It writes at
	// most once in two hours per topic. Whoever looks up a topic's audience after Keep has returned
	// finds it Kept.
	Keep(ctx context.Context, topics []stream.Topic) (since time.Time, err error)
}
