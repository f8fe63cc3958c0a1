package dynamo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/table"
)

// A connection of an app has a row as any other has. It stands in no account's row; the decisions
// on its subscriptions are those of Subscribe and Unsubscribe, in steps, because of channels that
// Join more than a mapping depends on them.

// AppSession is what is stored of a connection of an app; stream.ErrNoConnection if there is none, or
// none of an app, or it is being closed.
func (c *Connections) AppSession(ctx context.Context, connection stream.Connection) (pusher.Session, error) {
	row, err := c.appRow(ctx, connection)
	if err != nil {
		return pusher.Session{}, err
	}
	if row.closing() {
		return pusher.Session{}, stream.ErrNoConnection
	}
	return row.appSession(), nil
}

// appRow is the row of a connection of an app.
func (c *Connections) appRow(ctx context.Context, connection stream.Connection) (connectionRow, error) {
	got, err := c.table.Call(ctx, "GetItem", table.Parameters{"Key": connectionKey(connection), "ConsistentRead": true})
	row := connectionRow{got.Row}
	if err == nil && (row.app() == "" || c.expired(got.Row)) {
		err = stream.ErrNoConnection
	}
	return row, err
}

func (r connectionRow) appSession() pusher.Session {
	session, _ := r.session()
	s := pusher.Session{Session: session, User: r.user(), Channels: map[string]pusher.Subscriber{}}
	subscriptions, _ := r.split()
	for key, h := range subscriptions {
		s.Channels[h.subscription(key).Param] = h.who
	}
	return s
}

func channelKey(channel pusher.Channel) string {
	return stream.Subscription{Stream: stream.Channel, Param: string(channel)}.Key()
}

// Claim decides a subscribe of an app's connection. It returns the time by which the subscription is
// known from now on; zero: the message was overtaken, and there is none. pusher.ErrSubscribed: there
// is one already, by another message, and made is its time. ErrNoConnection and ErrTooManySubscriptions of package stream.
func (c *Connections) Claim(ctx context.Context, connection stream.Connection, channel pusher.Channel, as pusher.Subscriber, at time.Time) (made time.Time, err error) {
	key, mine := channelKey(channel), held{at: milliseconds(at), on: true, param: string(channel), who: as}
	h, err := c.hold(ctx, connection, key, mine)
	switch {
	case err != nil || !h.on:
		return time.Time{}, err
	case h.made() != mine.at:
		return time.UnixMilli(h.made()).UTC(), pusher.ErrSubscribed
	}
	return time.UnixMilli(mine.at).UTC(), nil
}

// Claimed is when the subscription was made that there is, and who is subscribed; zero: there is none.
func (c *Connections) Claimed(ctx context.Context, connection stream.Connection, channel pusher.Channel) (as pusher.Subscriber, made time.Time, err error) {
	row, err := c.appRow(ctx, connection)
	if errors.Is(err, stream.ErrNoConnection) {
		return as, made, nil
	}
	h, known := row.held(channelKey(channel))
	if err != nil || !known || !h.on || row.closing() {
		return as, made, err
	}
	return h.who, time.UnixMilli(h.made()).UTC(), nil
}

var (
	disclaim = change{"SET s.#k.off = :yes, n = n - :one REMOVE s.#k.b", "(s.#k.t = :at OR s.#k.b = :at) AND attribute_not_exists(s.#k.off)"}
	renew    = change{"REMOVE s.#k.b", "s.#k.b < :at AND s.#k.t >= :at AND attribute_not_exists(s.#k.off)"}
)

// Disclaim takes a Claim back, as if its message had not come. What another has made stays.
func (c *Connections) Disclaim(ctx context.Context, connection stream.Connection, channel pusher.Channel, made time.Time) error {
	_, err := c.apply(ctx, connection, channelKey(channel), disclaim, held{at: made.UnixMilli()}, 0)
	return table.UnlessConflict(err)
}

// Release decides an unsubscribe of an app's connection, and returns who was subscribed. Ended: there is
// no subscription from now on. Made is when the one was made that there is still, by a later message,
// which may have been told that it was a duplicate: the subscription is its own now. Neither: there
// was none.
func (c *Connections) Release(ctx context.Context, connection stream.Connection, channel pusher.Channel, at time.Time) (as pusher.Subscriber, ended bool, made time.Time, err error) {
	key, mine := channelKey(channel), held{at: milliseconds(at), param: string(channel)}
	h, ended, err := c.release(ctx, connection, key, mine)
	if err != nil || ended || !h.on {
		return h.who, ended, made, err
	}
	if _, err := c.apply(ctx, connection, key, renew, mine, 0); table.UnlessConflict(err) != nil {
		return h.who, false, made, err
	}
	if h.made() < mine.at {
		h.since = 0
	}
	return h.who, false, time.UnixMilli(h.made()).UTC(), nil
}

// MapChannel writes a mapping of a connection of an app, unless there is a newer one, or ends it.
func (c *Connections) MapChannel(ctx context.Context, s stream.Session, sub stream.Subscription, at time.Time, on bool) error {
	if !table.Fits(mappingKey(s.Connection, s.Topic(sub), sub.Key())) {
		return stream.ErrTooLong
	}
	h := held{at: milliseconds(at), on: on, param: sub.Param}
	_, err := c.mapTopic(ctx, s, sub, h, h.at)
	return err
}

// MapAll writes mappings of connections of apps as of now, whatever is there.
func (c *Connections) MapAll(ctx context.Context, all []stream.Membership) error {
	var rows []table.Item
	at := milliseconds(c.now())
	for key, m := range byMapping(all) {
		h := held{at: max(at, milliseconds(m.Session.ConnectedAt)+1), on: true, param: m.Param}
		row := append(mappingKeyOf(m), h.entry(key.subscription)...)
		rows = append(rows, append(row, c.mapping(m.Session, h.at, h.at)...))
	}
	return c.table.PutAll(ctx, rows)
}

// UnmapAll removes mappings of connections of apps, which need not be there.
func (c *Connections) UnmapAll(ctx context.Context, all []stream.Membership) error {
	var keys []table.Item
	for _, m := range byMapping(all) {
		keys = append(keys, mappingKeyOf(m))
	}
	return c.table.DeleteAll(ctx, keys)
}

// oneMapping names a mapping.
type oneMapping struct{ connection, app, subscription string }

// byMapping has each mapping once: DynamoDB takes none twice in a batch.
func byMapping(all []stream.Membership) map[oneMapping]stream.Membership {
	once := make(map[oneMapping]stream.Membership, len(all))
	for _, m := range all {
		once[oneMapping{m.Session.ID, m.Session.App, m.Subscription.Key()}] = m
	}
	return once
}

func mappingKeyOf(m stream.Membership) table.Item {
	return mappingKey(m.Session.Connection, m.Topic(), m.Subscription.Key())
}

// CountMappings is how many subscriptions a topic of an app has, but no more than enough.
func (c *Connections) CountMappings(ctx context.Context, topic stream.Topic, enough int) (n int, err error) {
	in := table.Parameters{
		"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": table.Item{{":pk", table.Text(topicPartitions(topic)[0])}},
		"ConsistentRead": true, "ProjectionExpression": "sk, t, c, off, expiresAt",
	}
	if enough < countAtOnce {
		in["Limit"] = enough + 8 // some may be tombstones
	}
	for {
		got, err := c.table.Call(ctx, "Query", in)
		if err != nil {
			return 0, fmt.Errorf("mappings: %w", err)
		}
		n += len(c.mappings(got.Rows))
		if len(got.More) == 0 || n >= enough {
			return min(n, enough), nil
		}
		in["ExclusiveStartKey"] = got.More
	}
}

// countAtOnce is from how many mappings on a count reads as many at a time as DynamoDB gives.
const countAtOnce = 100
