package dynamo

import (
	"cmp"
	"context"
	"errors"
	"math"
	"time"

	"edgestream/functions/internal/awscall"
	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/table"
)

// Limits bound what a client can make Connections store. Zero is no limit.
type Limits struct {
	// Subscriptions is how many one connection may hold at a time.
	Subscriptions int
	// Connections is how many one account may have open at a time. Readers count with them, and keep
	// other readers out, but no connection.
	Connections int
}

// Connections is the Connections table; the package comment describes its rows and the rules for
// messages that race. It is safe for concurrent use. Its errors wrap stream.ErrNoConnection,
// stream.ErrTooManyConnections, stream.ErrInvalidToken, stream.ErrTooManySubscriptions and
// stream.ErrTooLong; any other error says that the table could not be read or written.
type Connections struct {
	table  table.Table
	limits Limits
	cut    int
	now    func() time.Time
}

// NewConnections uses the table with this name.
func NewConnections(client *awscall.Client, name string, limits Limits) *Connections {
	limits.Subscriptions = cmp.Or(limits.Subscriptions, math.MaxInt32)
	limits.Connections = cmp.Or(limits.Connections, math.MaxInt32)
	return &Connections{table: table.New(client, name), limits: limits, now: time.Now}
}

// Meter has every call's consumed capacity reported, for measurements. Call it before any use;
// report is called by many goroutines at once.
func (c *Connections) Meter(report func(table.Units)) { c.table.Meter(report) }

// Open stores a connection that is being made and subscribes it to first; listeners found by that
// have Opened set, and are Replaying if the session is one with ids. Nothing is stored with
// stream.ErrTooManyConnections, the account has as many as it may, and stream.ErrInvalidToken, the
// token has been revoked a moment ago.
func (c *Connections) Open(ctx context.Context, s stream.Session, first []stream.Subscription) error {
	writes := []func(context.Context) error{
		func(ctx context.Context) error { return c.table.Put(ctx, newConnectionRow(s, first, c.now())) },
	}
	if s.App == "" {
		writes = append(writes, func(ctx context.Context) error { return c.admit(ctx, s, first) })
	}
	for _, sub := range first {
		if !s.Topic(sub).IsAccount() {
			writes = append(writes, func(ctx context.Context) error {
				_, err := c.mapTopic(ctx, s, sub, firstHeld(s, sub), firstHeld(s, sub).at)
				return err
			})
		}
	}
	writes = append(writes, c.watch(s)...)
	if err := table.Parallel(ctx, writes); err != nil {
		// What is left would be removed when a post finds it gone; the limit should not wait for that.
		undo, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		return errors.Join(err, c.undo(undo, s, first, err))
	}
	return nil
}

// undo removes what an Open that failed has written. A connection that was not admitted has no
// entry of its own in the account's row.
func (c *Connections) undo(ctx context.Context, s stream.Session, first []stream.Subscription, cause error) error {
	rows := []table.Item{connectionKey(s.Connection)}
	for _, sub := range first {
		if topic := s.Topic(sub); !topic.IsAccount() {
			rows = append(rows, mappingKey(s.Connection, topic, sub.Key()))
		}
	}
	if s.App != "" || errors.Is(cause, stream.ErrTooManyConnections) {
		return c.table.DeleteAll(ctx, rows)
	}
	return errors.Join(c.table.DeleteAll(ctx, rows), c.dismiss(ctx, s.Account, s.ID))
}

// Session is what Open stored of the connection; stream.ErrNoConnection if there is none.
func (c *Connections) Session(ctx context.Context, connection stream.Connection) (stream.Session, error) {
	got, err := c.table.Call(ctx, "GetItem", table.Parameters{
		"Key": connectionKey(connection), "ConsistentRead": true,
		"ProjectionExpression": "sk, ap, cl, a, sc, h, u, e, f, expiresAt",
	})
	if err != nil {
		return stream.Session{}, err
	}
	s, ok := connectionRow{got.Row}.session()
	if !ok || got.Row.Get("cl").Given() || c.expired(got.Row) {
		return stream.Session{}, stream.ErrNoConnection
	}
	return s, nil
}

// expired reports whether the row's time to live is over: DynamoDB may keep it for days.
func (c *Connections) expired(row table.Item) bool {
	at := table.Seconds(row.Get("expiresAt"))
	return !at.IsZero() && !c.now().Before(at)
}
