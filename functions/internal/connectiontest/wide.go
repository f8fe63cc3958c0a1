package connectiontest

import (
	"context"

	"edgestream/functions/internal/stream"
)

// Slices is what a store knows of wide segments; package publish says what it is for.
type Slices interface {
	// Open has look-ups find the segment wide until each of these slices of the event is closed. What
	// has been opened before stays as it is, open or closed.
	Open(ctx context.Context, s stream.Segment, event string, slices []int) error
	// Opened says of each owner whether something is open on its segment.
	Opened(ctx context.Context, owners []string) (map[string]bool, error)
	OwnerSegment(owner string) stream.Segment
	// Segment is the one in which the connection is found under the topic.
	Segment(t stream.Topic, connection string) stream.Segment
	// Reached is what Advance was last given while the slice is open, and "" before that.
	Reached(ctx context.Context, s stream.Segment, event string, slice int) (after string, open bool, err error)
	Advance(ctx context.Context, s stream.Segment, event string, slice int, after string) error
	Close(ctx context.Context, s stream.Segment, event string, slice int) error
	// Page finds at most so many of the slice's listeners behind after, in a fixed order, each as
	// the topic's audience would have it. next: there may be more behind it; "": there are none.
	Page(ctx context.Context, t stream.Topic, s stream.Segment, slice int, after string, atMost int) (found []stream.Listener, next string, err error)
	// Count is how many listeners the topic has.
	Count(ctx context.Context, t stream.Topic) (int, error)
}

// Wide is a store whose audiences leave out the segments with more listeners than it was cut from, or than
// their share of that, and those on which something is open. Accounts' topics are never cut.
type Wide struct {
	Audience func(ctx context.Context, t stream.Topic) (stream.Audience, error)
	Slices
}
