package dynamo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/table"
)

// Subscribe applies a client's message of the given time, to the millisecond. When it returns nil,
// whoever reads the topic's listeners finds the subscription, unless a newer message has ended it.
// A subscription that is there already keeps its spelling and does not count against the limit.
//
// A session with ids subscribes to be served from History first. begun reports whether that has to
// be started: this message has made the subscription, and nothing has served it yet. It is false
// for a duplicate, for a message that was overtaken and for a session without ids. Of messages of
// one millisecond each may be told to start, and so is the next one after a failure.
func (c *Connections) Subscribe(ctx context.Context, s stream.Session, sub stream.Subscription, at time.Time) (begun bool, err error) {
	if !table.Fits(mappingKey(s.Connection, s.Topic(sub), sub.Key())) {
		return false, stream.ErrTooLong
	}
	h, err := c.hold(ctx, s.Connection, sub.Key(), held{at: milliseconds(at), on: true, param: sub.Param})
	if err != nil || !h.on {
		return false, err
	}
	return c.mapSubscription(ctx, s, stream.Subscription{Stream: sub.Stream, Param: h.param}, h, milliseconds(at))
}

// milliseconds is positive, since the sign is used.
func milliseconds(at time.Time) int64 { return max(at.UnixMilli(), 1) }

// change is an update of one subscription in a connection's row.
type change struct{ update, condition string }

const (
	ifOpen = "attribute_exists(pk) AND " + ifStays
	// ifStays: it is not being closed.
	ifStays = "attribute_not_exists(cl) AND "
)

// The changes of a connection's row. :old is the time that the row was seen with.
var (
	subscribeNew = change{"SET s.#k = :entry, n = n + :one", ifOpen + "attribute_not_exists(s.#k) AND n < :limit"}
	resubscribe  = change{"SET s.#k = :entry, n = n + :one", ifStays + "s.#k.t = :old AND attribute_exists(s.#k.off) AND n < :limit"}
	touch        = change{"SET s.#k.t = :at, s.#k.b = if_not_exists(s.#k.b, :old)", "s.#k.t = :old AND attribute_not_exists(s.#k.off)"}
)

// hold decides a subscribe on the connection's row and returns what the row then has: off if the
// message was overtaken by a newer unsubscribe.
func (c *Connections) hold(ctx context.Context, connection stream.Connection, key string, mine held) (held, error) {
	next, result, old, at := subscribeNew, mine, int64(0), mine.at
	for range table.Rounds {
		_, err := c.apply(ctx, connection, key, next, mine, old)
		var lost *table.Conflict
		if !errors.As(err, &lost) {
			return result, err
		}
		row := connectionRow{lost.Row}
		was, known := row.held(key)
		full := row.active() >= int64(c.limits.Subscriptions)
		switch {
		case row.Item == nil || row.closing():
			return held{}, stream.ErrNoConnection
		case known && was.at > at || known && was.on && was.at == at:
			return was, nil
		case known && was.on:
			next, result = touch, held{at: at, on: true, param: was.param, since: was.made(), who: was.who}
		case full:
			return held{}, stream.ErrTooManySubscriptions
		case known:
			next, result = resubscribe, mine
		default:
			next, result = subscribeNew, mine
		}
		old = was.at
	}
	return held{}, fmt.Errorf("connection: %w", table.ErrContention)
}

// apply makes one change of one subscription, and returns the row after it.
func (c *Connections) apply(ctx context.Context, connection stream.Connection, key string, what change, h held, old int64) (table.Item, error) {
	values := table.Item{
		{":entry", table.Map(h.entry(key))}, {":at", table.Number(h.at)}, {":old", table.Number(old)},
		{":one", table.Number(1)}, {":yes", table.Flag(true)}, {":limit", table.Number(int64(c.limits.Subscriptions))},
	}
	values = slices.DeleteFunc(values, func(f table.Field) bool { return !what.uses(f.Name) }) // or DynamoDB refuses
	got, err := c.table.Call(ctx, "UpdateItem", table.Parameters{
		"Key":                                 connectionKey(connection),
		"UpdateExpression":                    what.update,
		"ConditionExpression":                 what.condition,
		"ExpressionAttributeNames":            map[string]string{"#k": key},
		"ExpressionAttributeValues":           values,
		"ReturnValues":                        what.returns(),
		"ReturnValuesOnConditionCheckFailure": "ALL_OLD",
	})
	return got.Row, err
}

// mapSubscription writes what the connection's row holds to where publishers find it, on behalf of
// the message of the given time, and reports whether that message has begun a replay.
func (c *Connections) mapSubscription(ctx context.Context, s stream.Session, sub stream.Subscription, h held, by int64) (begun bool, err error) {
	if s.Topic(sub).IsAccount() {
		return c.mapAccount(ctx, s, sub.Stream, h, by)
	}
	return c.mapTopic(ctx, s, sub, h, by)
}
