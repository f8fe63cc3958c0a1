package channeldb

import (
	"context"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/table"
)

// Leave implements pusher.Connections.
func (c *Channels) Leave(ctx context.Context, connection stream.Connection) (pusher.Closed, error) {
	s, past, err := c.rows.Leave(ctx, connection)
	if err != nil || s.App == "" {
		return pusher.Closed{}, err
	}
	closed := pusher.Closed{App: s.App}
	err = table.Parallel(ctx, []func(context.Context) error{
		func(ctx context.Context) error { return c.signOut(ctx, s.Session, s.User) },
		func(ctx context.Context) (err error) {
			closed.Empty, err = c.freeAll(ctx, s.Session, s.Channels)
			return err
		},
		func(ctx context.Context) error { return c.freePast(ctx, s.Session, past) },
		func(ctx context.Context) error { return c.unwatch(ctx, s) },
	})
	for channel := range s.Channels {
		closed.Channels = append(closed.Channels, channel)
	}
	slices.Sort(closed.Channels)
	return closed, err
}

// End implements pusher.Connections.
func (c *Channels) End(ctx context.Context, connection stream.Connection) error {
	return c.rows.End(ctx, connection)
}

// freeAll frees the places of a connection that is being closed, and returns the channels that seem to
// have no subscriber left.
func (c *Channels) freeAll(ctx context.Context, s stream.Session, channels map[string]pusher.Subscriber) (empty []string, err error) {
	var mu sync.Mutex
	g, each := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for channel, as := range channels {
		g.Go(func() error {
			is, err := c.vanish(each, s, pusher.Channel(channel), as)
			mu.Lock()
			defer mu.Unlock()
			if is {
				empty = append(empty, channel)
			}
			return err
		})
	}
	err = g.Wait()
	slices.Sort(empty)
	return empty, err
}

// freePast frees places that were left a moment ago: their subscribe may have come late, or died.
// Other channels have tombstones for that.
func (c *Channels) freePast(ctx context.Context, s stream.Session, past map[string]pusher.Subscriber) error {
	joins := map[string]pusher.Subscriber{}
	for channel, as := range past {
		if pusher.Channel(channel).Joins() {
			joins[channel] = as
		}
	}
	_, err := c.freeAll(ctx, s, joins)
	return err
}

// vanish frees a place whenever it was taken, since nothing new can come of a closed connection.
func (c *Channels) vanish(ctx context.Context, s stream.Session, channel pusher.Channel, as pusher.Subscriber) (empty bool, err error) {
	if channel.Joins() {
		return c.place(s, channel).free(ctx, as, ever)
	}
	sub := stream.Subscription{Stream: stream.Channel, Param: string(channel)}
	if err := c.rows.UnmapAll(ctx, []stream.Membership{{Session: s, Subscription: sub}}); err != nil {
		return false, err
	}
	n, err := c.rows.CountMappings(ctx, s.Topic(sub), 1)
	return n == 0, err
}

// Joined writes the mappings of who has come to channels that Join.
func (c *Channels) Joined(ctx context.Context, all []stream.Membership) error {
	return c.rows.MapAll(ctx, all)
}

// Left removes the mappings of who has left channels that Join.
func (c *Channels) Left(ctx context.Context, all []stream.Membership) error {
	return c.rows.UnmapAll(ctx, all)
}
