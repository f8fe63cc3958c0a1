package dynamo

import (
	"context"
	"errors"

	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/table"
)

// A mapping is written with the time of the message that made the subscription; a message that
// repeats it only sees to it that the mapping is there. So a mapping that is on is one subscription
// for as long as its time stays, and the state of its replay is that subscription's.

// mapTopic writes a mapping under its topic, if it is the newest, on behalf of the message of the
// time by. It reports whether that message has begun a replay.
func (c *Connections) mapTopic(ctx context.Context, s stream.Session, sub stream.Subscription, h held, by int64) (begun bool, err error) {
	key, at := sub.Key(), h.made()
	row := append(mappingKey(s.Connection, s.Topic(sub), key), held{at: at, on: h.on, param: h.param}.entry(key)...)
	condition := "attribute_not_exists(pk) OR t < :at"
	if h.on {
		row = append(row, c.mapping(s, at, by)...)
		condition += " OR t = :at AND attribute_exists(off)"
	} else {
		row = append(row, table.Expires(c.now().Add(tombstoneFor)))
	}
	_, err = c.table.Call(ctx, "PutItem", table.Parameters{
		"Item": row, "ConditionExpression": condition,
		"ExpressionAttributeValues":           table.Item{{":at", table.Number(at)}},
		"ReturnValuesOnConditionCheckFailure": "ALL_OLD",
	})
	var old *table.Conflict
	if errors.As(err, &old) {
		return h.on && startedBy(old.Row.Get("g"), s.Connection, by), nil
	}
	return err == nil && h.on && s.EventIDs, err
}

// mapping is what a publisher must know of the listener.
func (c *Connections) mapping(s stream.Session, at, by int64) table.Item {
	row := table.Item{whose(s), {"c", table.Number(s.ConnectedAt.UnixMilli())}, table.Expires(s.ConnectedAt.Add(lifetime))}
	row = append(append(row, until(s.Grant)...), asked(s)...)
	if s.EventIDs {
		row = append(row, table.Field{"g", table.Number(firstTurn(s.Connection, by))})
	}
	if at <= milliseconds(s.ConnectedAt) {
		row = append(row, table.Field{"o", table.Number(c.now().UnixMilli())})
	}
	return row
}

// mapAccount is mapTopic for the account's own streams, which stand in the account's row.
func (c *Connections) mapAccount(ctx context.Context, s stream.Session, name stream.Name, h held, by int64) (begun bool, err error) {
	at, to := h.made(), h.made()-1
	// What is between from and to is older. A tombstone of the same time yields to a subscribe.
	values, from := table.Item{{":at", table.Number(at)}}, -at
	update := "SET #c.s.#s = :at"
	switch {
	case !h.on:
		values, from = table.Item{{":at", table.Number(-at)}}, -to
		if s.EventIDs {
			update += " REMOVE #c.p.#s"
		}
	case s.EventIDs:
		update += ", #c.p.#s = :turn"
		values = append(values, table.Field{":turn", table.Number(firstTurn(s.Connection, by))})
	}
	_, err = c.table.Call(ctx, "UpdateItem", table.Parameters{
		"Key":              accountKey(s.Account),
		"UpdateExpression": update,
		"ConditionExpression": "attribute_exists(#c) AND " +
			"(attribute_not_exists(#c.s.#s) OR #c.s.#s BETWEEN :from AND :to)",
		"ExpressionAttributeNames":            map[string]string{"#c": entryName(s.ID), "#s": string(name)},
		"ExpressionAttributeValues":           append(values, table.Field{":from", table.Number(from)}, table.Field{":to", table.Number(to)}),
		"ReturnValuesOnConditionCheckFailure": "ALL_OLD",
	})
	var old *table.Conflict
	if !errors.As(err, &old) {
		return err == nil && h.on && s.EventIDs, err
	}
	entry := old.Row.Get(entryName(s.ID))
	if entry.Kind == "" && h.on {
		return false, stream.ErrNoConnection
	}
	return h.on && startedBy(entry.Fields.Get("p").Fields.Get(string(name)), s.Connection, by), nil
}
