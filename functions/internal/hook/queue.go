package hook

import (
	"context"
	"time"
)

// Queue keeps tasks until they are done.
type Queue interface {
	// Put stores the tasks, to be handed out after the delay (whole seconds, at most 15 minutes). Nil: all
	// are stored. A task may be handed out more than once.
	Put(ctx context.Context, delay time.Duration, tasks ...Task) error
}

// Announced are the members that webhooks have been told of.
type Announced interface {
	// Known reports whether webhooks have been told of a user on a presence channel.
	Known(ctx context.Context, app, channel, user string) (bool, error)
	// Announce notes that a user is on a presence channel, and takes the mark of Departures away. It
	// reports whether the user had not been announced.
	Announce(ctx context.Context, app, channel, user string) (announced bool, err error)
}

// Departures knows who is still there. Its reads are consistent. See the package's description.
type Departures interface {
	// Vacate removes a channel's row if nobody is subscribed, and reports whether it did.
	Vacate(ctx context.Context, app, channel string) (vacated bool, err error)
	// Depart removes an announced member's row if the user is not on the channel, and reports whether
	// it did.
	Depart(ctx context.Context, app, channel, user string) (departed bool, err error)
}

// Counter has a channel's subscriptions counted again.
type Counter interface {
	// Counted writes that the number of a channel's subscriptions may have changed.
	Counted(ctx context.Context, app, channel string) error
}
