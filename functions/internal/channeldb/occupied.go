package channeldb

import (
	"context"
	"crypto/rand"
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

// occupy sees to it that the row of a channel with a subscriber is there, and not marked. It reports
// whether there was none.
func (c *Channels) occupy(ctx context.Context, app, channel string) (first bool, err error) {
	return c.stand(ctx, occupiedKey(app, channel), occupiedFor)
}

// stand writes a row that stands for somebody who is there, who has been written before. One that is
// there is left alone unless it is marked: see fall.
func (c *Channels) stand(ctx context.Context, key table.Item, keep time.Duration) (first bool, err error) {
	got, err := c.connections.Call(ctx, "GetItem", table.Parameters{"Key": key, "ConsistentRead": true})
	if err != nil {
		return false, err
	}
	enough := c.now().Add(keep / 2)
	if got.Row != nil && !got.Row.Get("v").Given() && table.Seconds(got.Row.Get("expiresAt")).After(enough) {
		return false, nil
	}
	got, err = c.connections.Call(ctx, "UpdateItem", table.Parameters{
		"Key": key, "UpdateExpression": "SET o = if_not_exists(o, :now), expiresAt = :expires REMOVE v",
		"ExpressionAttributeValues": table.Item{{":now", table.Number(c.now().UnixMilli())}, {":expires", epoch(c.now().Add(keep))}},
		"ReturnValues":              "ALL_OLD",
	})
	return err == nil && (got.Row == nil || c.over(got.Row)), err
}

// fall removes a row that stands for somebody if nobody is there, and reports whether it did: it
// marks the row, looks, and deletes it if it has the mark still. Whoever comes is there first, and
// then sees the mark and takes it away, or finds the row deleted; so of the two one is reported, and
// the other is not, or both are, in this order.
func (c *Channels) fall(ctx context.Context, key table.Item, there func(context.Context) (bool, error)) (bool, error) {
	mark := table.Item{{":mark", table.Text(rand.Text())}}
	_, err := c.connections.Call(ctx, "UpdateItem", table.Parameters{
		"Key": key, "UpdateExpression": "SET v = :mark", "ConditionExpression": "attribute_exists(pk)", "ExpressionAttributeValues": mark,
	})
	if err != nil {
		return false, table.UnlessConflict(err) // somebody was faster
	}
	is, err := there(ctx)
	if err != nil {
		return false, err
	}
	operation, in := "DeleteItem", table.Parameters{"Key": key, "ConditionExpression": "v = :mark", "ExpressionAttributeValues": mark}
	if is {
		operation, in["UpdateExpression"] = "UpdateItem", "REMOVE v"
	}
	_, err = c.connections.Call(ctx, operation, in)
	return err == nil && !is, table.UnlessConflict(err)
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
			if name := row.Get("sk").Text; !c.over(row) && strings.HasPrefix(name, prefix) {
				channels = append(channels, name)
			}
		}
		if len(got.More) == 0 || len(channels) >= limit {
			return channels, nil
		}
		in["ExclusiveStartKey"] = got.More
	}
}
