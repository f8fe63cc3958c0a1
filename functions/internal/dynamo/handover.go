package dynamo

import (
	"context"
	"time"

	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/table"
)

// HandOver has all who look the listener up from now on find it Opened at that time, or at a later one
// that is stored, if $connect made its subscription. A user stream is found by everyone's rows too. Nothing is written of one that is
// gone.
func (c *Connections) HandOver(ctx context.Context, l stream.Listener, until time.Time) error {
	at := table.Number(until.UnixMilli())
	own := func(ctx context.Context) error {
		if l.Topic().IsAccount() {
			return c.open(ctx, accountKey(l.Account), "#c.o", map[string]string{"#c": entryName(l.ID)}, at)
		}
		return c.open(ctx, rowOf(l), "o", nil, at)
	}
	if l.Stream != stream.User {
		return own(ctx)
	}
	return table.Parallel(ctx, []func(context.Context) error{own, func(ctx context.Context) error {
		return c.open(ctx, connectionKey(l.Connection), "o", nil, at)
	}})
}

// open writes when a row, or an entry of one, was opened, if it has an earlier time.
func (c *Connections) open(ctx context.Context, key table.Item, path string, names map[string]string, at table.Value) error {
	in := table.Parameters{
		"Key": key, "UpdateExpression": "SET " + path + " = :at", "ConditionExpression": path + " < :at",
		"ExpressionAttributeValues": table.Item{{":at", at}},
	}
	if names != nil {
		in["ExpressionAttributeNames"] = names
	}
	_, err := c.table.Call(ctx, "UpdateItem", in)
	return table.UnlessConflict(err)
}
