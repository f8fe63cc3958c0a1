package publish

import (
	"context"
	"time"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
)

// Members keeps the mappings of subscriptions that stand in Content, see stream.Membership. The
// publisher alone has them changed, those of one channel one batch after the other.
type Members interface {
	// Joined stores the mappings of who has come, which may be there.
	Joined(ctx context.Context, all []stream.Membership) error
	// Left removes the mappings of who has left, which may be gone.
	Left(ctx context.Context, all []stream.Membership) error
	// Forget removes the connection of a listener with everything that it holds, has it leave the
	// channel on which it was found, and has those told who want to hear of it.
	Forget(ctx context.Context, l stream.Listener) error
}

// Cache keeps the last event of cache channels.
type Cache interface {
	// Cached is the event that the channel keeps, and for how long yet; false: it keeps none.
	Cached(ctx context.Context, app, channel string) (e pusher.Event, ttl time.Duration, ok bool, err error)
	// Cache has the channel keep the event, of the record with this sequence number, unless it keeps
	// one of a later record.
	Cache(ctx context.Context, app, channel string, e pusher.Event, sequence string) error
}

// Apps knows which app an account's items are shown on.
type Apps interface {
	// AppOf returns the apps of accounts; one that has none is left out. With an error, those in the map
	// are known, and the others are not.
	AppOf(ctx context.Context, accounts []string) (map[string]string, error)
}

// Hooks tells an app's webhooks what happens, and has looked at later what may be over in a moment.
// A batch that comes again may tell the same again.
type Hooks interface {
	// MembersAdded are users who have come, each once, in the order in which they came.
	MembersAdded(ctx context.Context, app, channel string, users ...string) error
	MembersLeft(ctx context.Context, app, channel string, users ...string) error
	// ClientEvent is an event that a client has said; e.Except is its socket.
	ClientEvent(ctx context.Context, app, channel string, e pusher.Event) error
	CacheMiss(ctx context.Context, app, channel string) error
	SubscriptionCount(ctx context.Context, app, channel string, n int) error
	// Recount has the channel's subscriptions counted again after the delay, of whole seconds.
	Recount(ctx context.Context, app, channel string, delay time.Duration) error
}

// channels is what a batch does about channels of apps.
type channels struct {
	// any says that the batch has something to say to an app's topics, or a membership.
	any bool
	// walks are those who come and go, by channel, in the batch's order.
	walks map[stream.Topic][]membership
	// told is what Hooks was told of, and what was put on the queue, for when the batch comes again.
	told []uint64
}

// membership is a change of who listens, before the message with this index.
type membership struct {
	stream.Membership
	change *change
	at     int32
}

// enrol notes who comes and goes by the change, whose messages begin at this index. Who comes hears
// them from the first on that is for them only.
func (b *batch) enrol(c *change, first int) {
	if b.Members == nil {
		return
	}
	for _, m := range c.Memberships() {
		at := first
		for ; m.Joined && at < len(b.messages) && b.messages[at].Only != m.Session.ID; at++ {
		}
		if b.walks == nil {
			b.walks = map[stream.Topic][]membership{}
		}
		b.any = true
		b.walks[m.Topic()] = append(b.walks[m.Topic()], membership{m, c, int32(at)})
	}
}

// hold keeps the change from being posted: what must be done before could not be done.
func (c *change) hold() {
	c.held = true
	c.fail()
}

// waits reports whether the change, or an earlier one of its owner, has failed.
func (c *change) waits() bool { return c.owner.failed.Load() <= c.index }

// prepare does what must be done before anything is posted to channels: who comes is made to be found,
// newcomers are given what a channel keeps, subscriptions are counted, webhooks are told.
func (b *batch) prepare(ctx context.Context, found map[stream.Topic]stream.Audience) {
	if !b.any {
		return
	}
	ctx, cancel := b.until(ctx)
	defer cancel()
	b.join(ctx)
	b.recall(ctx)
	b.count(ctx, found)
	b.tell(ctx)
}

// conclude does what must wait until everything was posted: who left is not found any more, and
// channels keep their last event. What could not be done comes again.
func (b *batch) conclude(ctx context.Context) {
	if !b.any {
		return
	}
	if deadline, ok := ctx.Deadline(); ok {
		limited, cancel := context.WithDeadline(ctx, deadline.Add(-b.Margin/2))
		defer cancel()
		ctx = limited
	}
	b.part(ctx)
	b.keepEvents(ctx)
}

// resolve finds the apps of the accounts whose items are shown, and addresses their messages. The items
// of an account that has none are shown to nobody.
func (b *batch) resolve(ctx context.Context) {
	var accounts []string
	for _, t := range b.topics {
		if account, ok := t.Items(); ok {
			accounts = append(accounts, account)
		}
	}
	if len(accounts) == 0 {
		return
	}
	ctx, cancel := b.until(ctx)
	defer cancel()
	apps, err := b.appsOf(ctx, accounts)
	if err != nil {
		b.blame("apps", err)
	}
	for _, account := range accounts {
		app, known := apps[account]
		if !known && err != nil {
			b.failTopic(stream.ItemsTopic(account))
		}
		b.address(account, app)
	}
}

func (b *batch) appsOf(ctx context.Context, accounts []string) (map[string]string, error) {
	if b.Apps == nil {
		return nil, nil
	}
	return b.Apps.AppOf(ctx, accounts)
}
