package dynamo

import (
	"context"
	"errors"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/table"
)

// user is who is signed in on the connection; the zero User if nobody is.
func (r connectionRow) user() (u pusher.User) {
	fields := r.Get("us").Fields
	u.ID, u.Info = fields.Get("i").Text, fields.Get("f").Text
	u.Watchlist, _ = fields.Get("w").IDs() // nil if there is none
	return u
}

func userFields(u pusher.User) table.Item {
	fields := table.Item{{"i", table.Text(u.ID)}}
	if u.Info != "" {
		fields = append(fields, table.Field{"f", table.Text(u.Info)})
	}
	if len(u.Watchlist) > 0 {
		fields = append(fields, table.Field{"w", table.Texts(u.Watchlist)})
	}
	return fields
}

// SetUser notes who is signed in on a connection, and returns what was noted before.
// pusher.ErrOtherUser: it is somebody else. stream.ErrNoConnection.
func (c *Connections) SetUser(ctx context.Context, connection stream.Connection, u pusher.User) (before pusher.User, err error) {
	got, err := c.table.Call(ctx, "UpdateItem", table.Parameters{
		"Key":                                 connectionKey(connection),
		"UpdateExpression":                    "SET us = :user",
		"ConditionExpression":                 ifStays + "attribute_exists(ap) AND (attribute_not_exists(us) OR us.i = :id)",
		"ExpressionAttributeValues":           table.Item{{":user", table.Map(userFields(u))}, {":id", table.Text(u.ID)}},
		"ReturnValues":                        "ALL_OLD",
		"ReturnValuesOnConditionCheckFailure": "ALL_OLD",
	})
	var refused *table.Conflict
	switch {
	case !errors.As(err, &refused):
		return connectionRow{got.Row}.user(), err
	case connectionRow{refused.Row}.app() == "" || connectionRow{refused.Row}.closing():
		return before, stream.ErrNoConnection
	}
	return connectionRow{refused.Row}.user(), pusher.ErrOtherUser
}

// Leave begins to close a connection of an app: it gets nothing new from then on, and what it holds is
// returned. Past are channels that it has left a moment ago: what it has written there may come late.
// The row stays until End, so that who dies in between can begin again. There is no App if there is
// no such connection, or it is none of an app.
func (c *Connections) Leave(ctx context.Context, connection stream.Connection) (s pusher.Session, past map[string]pusher.Subscriber, err error) {
	if accounts, err := c.ofAccount(ctx, connection); accounts || err != nil {
		return s, nil, err
	}
	if _, err := c.appRow(ctx, connection); err != nil { // a read costs less than a write that is refused
		if errors.Is(err, stream.ErrNoConnection) {
			err = nil
		}
		return s, nil, err
	}
	got, err := c.table.Call(ctx, "UpdateItem", table.Parameters{
		"Key": connectionKey(connection), "UpdateExpression": "SET cl = :now", "ConditionExpression": "attribute_exists(ap)",
		"ExpressionAttributeValues": table.Item{{":now", table.Number(c.now().UnixMilli())}}, "ReturnValues": "ALL_NEW",
	})
	if err != nil {
		return s, nil, table.UnlessConflict(err)
	}
	row := connectionRow{got.Row}
	past = map[string]pusher.Subscriber{}
	_, tombstones := row.split()
	for key, h := range tombstones {
		past[h.subscription(key).Param] = h.who
	}
	return row.appSession(), past, nil
}

// ofAccount reports whether the connection is known to be an account's, which is for ever, so that half a
// read is enough: what was written just now it may not see yet.
func (c *Connections) ofAccount(ctx context.Context, connection stream.Connection) (bool, error) {
	got, err := c.table.Call(ctx, "GetItem", table.Parameters{"Key": connectionKey(connection), "ProjectionExpression": "a"})
	return connectionRow{got.Row}.account() != "", err
}

// End removes the row of a connection of an app that holds nothing any more.
func (c *Connections) End(ctx context.Context, connection stream.Connection) error {
	_, err := c.take(ctx, connection)
	return err
}
