package dynamo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"edgestream/functions/internal/stream"
)

// Subscribe applies a client's message of the given time, to the millisecond. When it returns nil,
// whoever reads the topic's listeners finds the subscription, unless a newer message has ended it.
// A subscription that is there already keeps its spelling and does not count against the limit.
func (c *Connections) Subscribe(ctx context.Context, s stream.Session, sub stream.Subscription, at time.Time) error {
	if !fits(mappingKey(s.Connection, sub.Topic(s.Account), sub.Key())) {
		return stream.ErrTooLong
	}
	h, err := c.hold(ctx, s.Connection, sub, milliseconds(at))
	if err != nil || !h.on {
		return err
	}
	return c.mapSubscription(ctx, s, stream.Subscription{Stream: sub.Stream, Param: h.param}, h)
}

// milliseconds is positive, since the sign is used.
func milliseconds(at time.Time) int64 { return max(at.UnixMilli(), 1) }

// change is an update of one subscription in a connection's row.
type change struct{ update, condition string }

const ifOpen = "attribute_exists(pk) AND "

// The changes of a connection's row. :old is the time that the row was seen with.
var (
	subscribeNew = change{"SET s.#k = :entry, n = n + :one", ifOpen + "attribute_not_exists(s.#k) AND n < :limit"}
	resubscribe  = change{"SET s.#k = :entry, n = n + :one", "s.#k.t = :old AND attribute_exists(s.#k.off) AND n < :limit"}
	touch        = change{"SET s.#k.t = :at", "s.#k.t = :old AND attribute_not_exists(s.#k.off)"}
)

// hold decides a subscribe on the connection's row and returns what the row then has: off if the
// message was overtaken by a newer unsubscribe.
func (c *Connections) hold(ctx context.Context, connection stream.Connection, sub stream.Subscription, at int64) (held, error) {
	key, mine := sub.Key(), held{at: at, on: true, param: sub.Param}
	next, result, old := subscribeNew, mine, int64(0)
	for range rounds {
		_, err := c.apply(ctx, connection, key, next, mine, old)
		var lost *conflict
		if !errors.As(err, &lost) {
			return result, err
		}
		row := connectionRow{lost.row}
		was, known := row.held(key)
		full := row.active() >= int64(c.limits.Subscriptions)
		switch {
		case row.item == nil:
			return held{}, stream.ErrNoConnection
		case known && was.at > at || known && was.on && was.at == at:
			return was, nil
		case known && was.on:
			next, result = touch, held{at: at, on: true, param: was.param}
		case full:
			return held{}, stream.ErrTooManySubscriptions
		case known:
			next, result = resubscribe, mine
		default:
			next, result = subscribeNew, mine
		}
		old = was.at
	}
	return held{}, fmt.Errorf("connection: %w", errContention)
}

// apply makes one change of one subscription, and returns the row after it.
func (c *Connections) apply(ctx context.Context, connection stream.Connection, key string, what change, h held, old int64) (item, error) {
	values := item{
		{":entry", mapOf(h.entry(key))}, {":at", number(h.at)}, {":old", number(old)},
		{":one", number(1)}, {":limit", number(int64(c.limits.Subscriptions))},
	}
	values = slices.DeleteFunc(values, func(f field) bool { return !what.uses(f.name) }) // or DynamoDB refuses
	got, err := c.table.call(ctx, "UpdateItem", parameters{
		"Key":                                 connectionKey(connection),
		"UpdateExpression":                    what.update,
		"ConditionExpression":                 what.condition,
		"ExpressionAttributeNames":            map[string]string{"#k": key},
		"ExpressionAttributeValues":           values,
		"ReturnValues":                        what.returns(),
		"ReturnValuesOnConditionCheckFailure": "ALL_OLD",
	})
	return got.row, err
}

// mapSubscription writes what the connection's row holds to where publishers find it.
func (c *Connections) mapSubscription(ctx context.Context, s stream.Session, sub stream.Subscription, h held) error {
	if sub.Topic(s.Account).IsAccount() {
		return c.mapAccount(ctx, s, sub.Stream, h)
	}
	return c.mapTopic(ctx, s, sub, h)
}

// mapTopic writes a mapping under its topic, if it is the newest.
func (c *Connections) mapTopic(ctx context.Context, s stream.Session, sub stream.Subscription, h held) error {
	key := sub.Key()
	row := append(mappingKey(s.Connection, sub.Topic(s.Account), key), h.entry(key)...)
	condition := "attribute_not_exists(pk) OR t <= :at"
	if h.on {
		row = append(row, field{"a", text(s.Account)}, field{"c", number(s.ConnectedAt.UnixMilli())}, expires(s.ConnectedAt.Add(lifetime)))
		row = append(row, until(s.Grant)...)
		if h.at <= s.ConnectedAt.UnixMilli() {
			row = append(row, field{"o", number(c.now().UnixMilli())})
		}
	} else {
		condition = "attribute_not_exists(pk) OR t < :at"
		row = append(row, expires(c.now().Add(tombstoneFor)))
	}
	_, err := c.table.call(ctx, "PutItem", parameters{
		"Item": row, "ConditionExpression": condition,
		"ExpressionAttributeValues": item{{":at", number(h.at)}},
	})
	return unlessConflict(err)
}
