package dynamo

import (
	"context"

	"golang.org/x/sync/errgroup"

	"edgestream/functions/internal/stream"
)

// endsAtOnce bounds how many subscriptions are ended side by side.
const endsAtOnce = 16

// TakeList ends the subscriptions to the list of all accounts but its owner, as if their clients
// had unsubscribed now: a message that is newer stays, and whoever handles it must look at the list
// again. It returns how many it ended, and whether the list's log is kept.
func (c *Connections) TakeList(ctx context.Context, list, owner string) (ended int, kept bool, err error) {
	topic := stream.ListTopic(list)
	found, err := c.Listeners(ctx, []stream.Topic{topic})
	if err != nil {
		return 0, false, err
	}
	audience, at := found[topic], milliseconds(c.now())
	g, each := errgroup.WithContext(ctx)
	g.SetLimit(endsAtOnce)
	for _, l := range audience.Listeners {
		if l.Account != owner {
			ended++
			g.Go(func() error { return c.endSubscription(each, l, at) })
		}
	}
	return ended, audience.Kept, g.Wait()
}

// endSubscription writes tombstones where an unsubscribe does, also where the connection's row is
// gone and has left its mapping.
func (c *Connections) endSubscription(ctx context.Context, l stream.Listener, at int64) error {
	h := held{at: at, param: l.Param}
	if _, _, err := c.release(ctx, l.Connection, l.Subscription.Key(), h); err != nil {
		return err
	}
	s := stream.Session{Connection: l.Connection, Grant: stream.Grant{Account: l.Account}}
	_, err := c.mapTopic(ctx, s, l.Subscription, h, at)
	return err
}
