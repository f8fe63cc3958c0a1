package publish

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"edgestream/functions/internal/stream"
)

// Part is what one change says to one slice of a segment: a message of the queue that wide changes go
// through. Parts of one segment and slice are delivered one after the other, in the order in which they
// were sent (their Group); others side by side.
type Part struct {
	Segment stream.Segment `json:"segment"`
	Slice   int            `json:"slice"`
	// Change says which record it is of. There are no images: what it says stands in Said.
	Event    string    `json:"event"`
	Owner    string    `json:"owner"`
	Sequence string    `json:"sequence"`
	At       time.Time `json:"at,omitzero"`
	// Said are the change's messages for the slice, in order.
	Said []Said `json:"said"`
	// Entry is where they stand in the log of their topic, if that is kept; nil for accounts, whose
	// logs are written when the part is delivered.
	Entry *Entry `json:"entry,omitempty"`
}

// Said is one message, or several that say the same to several topics.
type Said struct {
	// Topics are as stream.Topic.String writes them.
	Topics  []string      `json:"topics"`
	Streams []stream.Name `json:"streams"`
	Event   string        `json:"event"`
	// Payload is nil for an event that has none.
	Payload *string `json:"payload,omitempty"`
	Part    int     `json:"part,omitempty"`
	Exact   bool    `json:"exact,omitempty"`
	Except  string  `json:"except,omitempty"`
	User    string  `json:"user,omitempty"`
	Member  string  `json:"member,omitempty"`
}

// Entry is an entry of a log, without its messages.
type Entry struct {
	At     time.Time `json:"at"`
	Writer string    `json:"writer"`
	N      uint64    `json:"n"`
}

// Group names the parts that must be delivered one after the other.
func (p Part) Group() string { return fmt.Sprintf("%s#%d", p.Segment, p.Slice) }

// ErrPart is wrapped by the errors of ParsePart.
var ErrPart = errors.New("no part")

// ParsePart reads what Part.JSON wrote.
func ParsePart(text []byte) (p Part, err error) {
	if err = json.Unmarshal(text, &p); err != nil {
		return Part{}, fmt.Errorf("%w: %w", ErrPart, err)
	}
	if p.Segment == "" || p.Slice < 0 || p.Slice >= stream.Slices || p.Event == "" {
		return Part{}, ErrPart
	}
	if messages, err := p.messages(); err != nil || len(messages) == 0 {
		return Part{}, cmp.Or(err, ErrPart)
	}
	return p, nil
}

// JSON is the part as it goes through the queue.
func (p Part) JSON() []byte {
	text, _ := json.Marshal(p) // texts, numbers, times
	return text
}

// Queue takes parts to Deliver.
type Queue interface {
	// Send puts the parts on the queue, those of one group in their order, and returns an error for each
	// that may not be there; then none of the later ones of its group is. A part that is sent again
	// within five minutes is there once.
	Send(ctx context.Context, parts []Part) []error
}

// Slices knows what is under way on segments, and who listens in a slice.
type Slices interface {
	// Open has look-ups of the segment find it wide until every slice of the event has been closed.
	// Opening again what is open changes nothing.
	Open(ctx context.Context, s stream.Segment, event string, slices []int) error
	// Opened reports which of the owners' segments (see OwnerSegment) have something under way.
	Opened(ctx context.Context, owners []string) (map[string]bool, error)
	// OwnerSegment is the segment of the accounts that an owner's changes go to, and Segment the one in which
	// the connection is found under another topic.
	OwnerSegment(owner string) stream.Segment
	Segment(t stream.Topic, connection string) stream.Segment
	// Reached is how far a slice of the event has been delivered: what Advance was last given, or "" at
	// its beginning; open is false if it has been closed.
	Reached(ctx context.Context, s stream.Segment, event string, slice int) (after string, open bool, err error)
	Advance(ctx context.Context, s stream.Segment, event string, slice int, after string) error
	Close(ctx context.Context, s stream.Segment, event string, slice int) error
	// Page returns the next listeners of the topic in the slice, at most so many, as of a moment after the
	// call began, and where to go on; "": there are no more.
	Page(ctx context.Context, t stream.Topic, s stream.Segment, slice int, after string, atMost int) (found []stream.Listener, next string, err error)
	// Count is how many listen to the topic.
	Count(ctx context.Context, t stream.Topic) (int, error)
}

// Pace is the rate at which all deliverers together may post.
type Pace interface {
	// Reserve takes the next n posts, and returns when the first of them is due and for how long they
	// are to be spread.
	Reserve(ctx context.Context, n int) (from time.Time, spread time.Duration, err error)
}

// says reports whether both say the same, to whatever topics.
func (s Said) says(o Said) bool {
	return slices.Equal(s.Streams, o.Streams) && s.Event == o.Event && s.Part == o.Part && s.Exact == o.Exact &&
		s.Except == o.Except && s.User == o.User && s.Member == o.Member &&
		(s.Payload == nil) == (o.Payload == nil) && (s.Payload == nil || *s.Payload == *o.Payload)
}
