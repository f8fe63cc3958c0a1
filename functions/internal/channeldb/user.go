package channeldb

import (
	"context"
	"errors"
	"slices"
	"time"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/table"
)

// SignIn implements pusher.Connections. Watching begins before the user is online, and so before
// anybody asks who is.
func (c *Channels) SignIn(ctx context.Context, s pusher.Session, u pusher.User) error {
	before, err := c.rows.SetUser(ctx, s.Connection, u)
	if err != nil {
		return err
	}
	err = table.Parallel(ctx, []func(context.Context) error{
		func(ctx context.Context) error { return c.watch(ctx, s.Session, c.now()) },
		func(ctx context.Context) error { return c.rows.MapAll(ctx, watches(s.Session, u.Watchlist)) },
		func(ctx context.Context) error {
			return c.rows.UnmapAll(ctx, watches(s.Session, slices.DeleteFunc(before.Watchlist, func(id string) bool {
				return slices.Contains(u.Watchlist, id)
			})))
		},
	})
	if err == nil {
		err = c.join(ctx, signedIn(s.App, u.ID), seat{user: u.ID, connection: s.Connection, at: s.ConnectedAt})
	}
	if err != nil {
		return err
	}
	return c.confirmUser(ctx, s, u)
}

// confirmUser undoes a sign-in on a connection that was closed meanwhile.
func (c *Channels) confirmUser(ctx context.Context, s pusher.Session, u pusher.User) error {
	_, err := c.rows.AppSession(ctx, s.Connection)
	if !errors.Is(err, stream.ErrNoConnection) {
		return err
	}
	return errors.Join(err, c.signOut(ctx, s.Session, u))
}

// signOut removes what SignIn has written besides the connection's row.
func (c *Channels) signOut(ctx context.Context, s stream.Session, u pusher.User) error {
	if u.ID == "" {
		return nil
	}
	return table.Parallel(ctx, []func(context.Context) error{
		func(ctx context.Context) error { return c.rows.UnmapAll(ctx, watches(s, u.Watchlist)) },
		func(ctx context.Context) error {
			_, err := c.leave(ctx, signedIn(s.App, u.ID), u.ID, s.Connection, ever)
			return err
		},
	})
}

// ever is later than any message.
var ever = time.UnixMilli(1 << 52)

// watches are the subscriptions of a connection that watches these users.
func watches(s stream.Session, users []string) (all []stream.Membership) {
	for _, user := range users {
		all = append(all, stream.Membership{Session: s, Subscription: stream.Subscription{Stream: stream.Watch, Param: user}})
	}
	return all
}

// Online implements pusher.Connections.
func (c *Channels) Online(ctx context.Context, app string, users []string) (online []string, err error) {
	users = slices.Compact(slices.Sorted(slices.Values(users)))
	for batch := range slices.Chunk(users, table.ReadsPerBatch) {
		keys := make([]table.Item, len(batch))
		for i, user := range batch {
			keys[i] = signedIn(app, user).key()
		}
		err := c.content.BatchGet(ctx, keys, func(row table.Item) {
			if !c.over(row) {
				online = append(online, usersIn(row)...)
			}
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(online)
	return online, nil
}

// UserConnections implements pusher.Directory.
func (c *Channels) UserConnections(ctx context.Context, app, user string) (connections []stream.Connection, err error) {
	row, err := c.read(ctx, signedIn(app, user))
	for _, f := range connectionsIn(row, user) {
		if connection, ok := stream.ParseConnectionKey(f.Name); ok {
			connections = append(connections, connection)
		}
	}
	return connections, err
}

const (
	// eventsPerSecond is how many client events a connection may send.
	// https://pusher.com/docs/channels/using_channels/events/#rate-limit-your-events
	eventsPerSecond = 10
	// spentFor is how long it is known how many were sent in a second.
	spentFor = time.Minute
)

// Spend implements pusher.Connections. What was spent has a row of its own, since a connection's row
// is large.
func (c *Channels) Spend(ctx context.Context, s pusher.Session, at time.Time) (bool, error) {
	second := at.Unix()
	_, err := c.connections.Call(ctx, "UpdateItem", table.Parameters{
		"Key":                 key("spent#"+s.ID, stream.ConnectionKey(s.Connection)+"#"+time.Unix(second, 0).UTC().Format("150405")),
		"UpdateExpression":    "SET n = if_not_exists(n, :none) + :one, expiresAt = :expires",
		"ConditionExpression": "attribute_not_exists(n) OR n < :most",
		"ExpressionAttributeValues": table.Item{
			{":none", table.Number(0)}, {":one", table.Number(1)}, {":most", table.Number(eventsPerSecond)},
			{":expires", epoch(c.now().Add(spentFor))},
		},
	})
	var spent *table.Conflict
	if errors.As(err, &spent) {
		return false, nil
	}
	return err == nil, err
}
