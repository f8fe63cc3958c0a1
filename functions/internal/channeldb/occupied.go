package channeldb

import (
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/table"
)

const (
	// occupiedKeys is over how many keys the occupied channels of an app are spread. Rows written with
	// another number are not found.
	occupiedKeys = 8
	// occupiedFor is how long a row is kept. It is renewed by who subscribes, so that it outlives them.
	occupiedFor = 6 * time.Hour
)

func occupiedKey(app, channel string) table.Item {
	h := fnv.New32a()
	h.Write([]byte(channel))
	return key(occupiedPartition(app, h.Sum32()%occupiedKeys), channel)
}

func occupiedPartition(app string, n uint32) string { return fmt.Sprintf("occupied#%s#%d", app, n) }

// occupy sees to it that the row of a channel with a subscriber stands, and is not marked. It reports
// whether there was none.
func (c *Channels) occupy(ctx context.Context, app, channel string) (first bool, err error) {
	return c.stand(ctx, occupiedKey(app, channel), occupiedFor)
}

// Vacate removes a channel's row if nobody is subscribed, and reports whether it did.
func (c *Channels) Vacate(ctx context.Context, app, channel string) (vacated bool, err error) {
	return c.fall(ctx, occupiedKey(app, channel), func(ctx context.Context) (bool, error) {
		return c.Subscribed(ctx, app, channel)
	})
}

// count is how many subscriptions a channel has, but no more than enough.
func (c *Channels) count(ctx context.Context, app, channel string, enough int) (n int, err error) {
	switch name := pusher.Channel(channel); {
	case name.Presence():
		row, err := c.read(ctx, rosterOf(app, channel))
		for _, user := range usersIn(row) {
			n += len(connectionsIn(row, user))
		}
		return min(n, enough), err
	case name.Joins():
		return c.countItems(ctx, stream.Owner(app, channel), enough)
	}
	return c.rows.CountMappings(ctx, stream.ChannelTopic(app, channel), enough)
}

// Occupied implements pusher.Directory.
func (c *Channels) Occupied(ctx context.Context, app, prefix, after string, limit int) (channels []string, err error) {
	var mu sync.Mutex
	g, each := errgroup.WithContext(ctx)
	for n := range uint32(occupiedKeys) {
		g.Go(func() error {
			some, err := c.occupiedIn(each, occupiedPartition(app, n), prefix, after, limit)
			mu.Lock()
			defer mu.Unlock()
			channels = append(channels, some...)
			return err
		})
	}
	err = g.Wait()
	slices.Sort(channels)
	return channels[:min(limit, len(channels))], err
}

// occupiedIn are the first of the channels in one partition.
func (c *Channels) occupiedIn(ctx context.Context, pk, prefix, after string, limit int) (channels []string, err error) {
	// A name is ASCII: after what begins so comes what begins so and goes on with the last character.
	from, to := max(prefix, after+"\x01", " "), prefix+"\U0010FFFF"
	if from > to || len(to) > table.MaxSortKey { // so long is no name
		return nil, nil
	}
	in := table.Parameters{
		"KeyConditionExpression":    "pk = :pk AND sk BETWEEN :from AND :to",
		"ExpressionAttributeValues": table.Item{{":pk", table.Text(pk)}, {":from", table.Text(from)}, {":to", table.Text(to)}},
		"Limit":                     limit, "ConsistentRead": true,
	}
	for {
		got, err := c.connections.Call(ctx, "Query", in)
		if err != nil {
			return nil, err
		}
		for _, row := range got.Rows {
			if name := row.Get("sk").Text; c.standing(row) && strings.HasPrefix(name, prefix) {
				channels = append(channels, name)
			}
		}
		if len(got.More) == 0 || len(channels) >= limit {
			return channels, nil
		}
		in["ExclusiveStartKey"] = got.More
	}
}
