package channeldb

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/table"
)

// Publish implements pusher.Events.
func (c *Channels) Publish(ctx context.Context, app string, events []pusher.ChannelEvents) error {
	items := make([]table.Item, len(events))
	for i, e := range events {
		var payload []byte
		var err error
		if len(e.Events) == 1 {
			payload, err = encode(e.Events[0])
		} else {
			payload, err = encode(e.Events)
		}
		if err != nil {
			return err
		}
		items[i] = c.eventItem(stream.Owner(app, e.Channel), "event", payload)
	}
	return c.content.PutAll(ctx, items)
}

// PublishClient implements pusher.Events.
func (c *Channels) PublishClient(ctx context.Context, app, channel string, e pusher.Event) error {
	payload, err := encode(e)
	if err != nil {
		return err
	}
	return c.content.Put(ctx, c.eventItem(stream.Owner(app, channel), stream.KindClient, payload))
}

// eventItem is an item of a kind of events, with an id of its own.
func (c *Channels) eventItem(owner, kind string, payload []byte) table.Item {
	id := fmt.Sprintf("event#%013d-%s", c.now().UnixMilli(), rand.Text())
	return append(contentKey(owner, id), table.Field{"kind", table.Text(kind)}, table.Field{"payload", table.Text(string(payload))},
		table.Expires(c.now().Add(eventFor)))
}

// encode is JSON in which nothing is escaped that need not be.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

func countKey(app, channel string) table.Item {
	return contentKey(stream.Owner(app, channel), stream.KindCount)
}

// Counted implements pusher.Events. Each call changes the item: a write that changes nothing would not
// be published.
func (c *Channels) Counted(ctx context.Context, app, channel string) error {
	_, err := c.content.Call(ctx, "UpdateItem", table.Parameters{
		"Key": countKey(app, channel), "UpdateExpression": "SET kind = :kind, #at = :at, r = :r, expiresAt = :expires",
		"ExpressionAttributeNames": map[string]string{"#at": "at"},
		"ExpressionAttributeValues": table.Item{
			{":kind", table.Text(stream.KindCount)}, {":at", table.Number(c.now().UnixMilli())}, {":r", table.Text(rand.Text())},
			{":expires", epoch(c.now().Add(stays))},
		},
	})
	return err
}

// Subscriptions implements pusher.Directory.
func (c *Channels) Subscriptions(ctx context.Context, app, channel string) (int, error) {
	return c.count(ctx, app, channel, 1<<31-1)
}

// Subscribed implements pusher.Directory.
func (c *Channels) Subscribed(ctx context.Context, app, channel string) (bool, error) {
	n, err := c.count(ctx, app, channel, 1)
	return n > 0, err
}

// Users implements pusher.Directory.
func (c *Channels) Users(ctx context.Context, app, channel string) ([]string, error) {
	row, err := c.read(ctx, rosterOf(app, channel))
	return usersIn(row), err
}

// cacheFor is how long a cache channel keeps an event.
// https://pusher.com/docs/channels/using_channels/cache-channels/
const cacheFor = 30 * time.Minute

func cacheKey(app, channel string) table.Item { return key("cache#"+app+"#"+channel, "cache") }

// sequenceDigits is over the 40 decimal digits that a sequence number of a stream has at most.
const sequenceDigits = 48

// Cache keeps an event, of the record with that sequence number, as the channel's last one, unless it
// has one of a later record.
func (c *Channels) Cache(ctx context.Context, app, channel string, e pusher.Event, sequence string) error {
	text, err := encode(e)
	if err != nil {
		return err
	}
	q := table.Text(strings.Repeat("0", max(0, sequenceDigits-len(sequence))) + sequence)
	_, err = c.connections.Call(ctx, "PutItem", table.Parameters{
		"Item": append(cacheKey(app, channel), table.Field{"e", table.Text(string(text))}, table.Field{"q", q},
			table.Expires(c.now().Add(cacheFor))),
		"ConditionExpression": "attribute_not_exists(q) OR q <= :q", "ExpressionAttributeValues": table.Item{{":q", q}},
	})
	return table.UnlessConflict(err)
}

// Cached implements pusher.Directory.
func (c *Channels) Cached(ctx context.Context, app, channel string) (e pusher.Event, ttl time.Duration, ok bool, err error) {
	got, err := c.connections.Call(ctx, "GetItem", table.Parameters{"Key": cacheKey(app, channel), "ConsistentRead": true})
	if err != nil || got.Row == nil || c.over(got.Row) {
		return e, 0, false, err
	}
	if err := json.Unmarshal([]byte(got.Row.Get("e").Text), &e); err != nil {
		return e, 0, false, fmt.Errorf("cache row of app %s: %w", app, err)
	}
	return e, table.Seconds(got.Row.Get("expiresAt")).Sub(c.now()), true, nil
}
