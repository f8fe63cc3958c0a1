package dynamo

import (
	"context"
	"fmt"
	"strings"
	"time"

	"edgestream/functions/internal/enforce"
	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/table"
)

// marksAtOnce bounds one update of many attributes: expressions are limited to 4 KB.
const marksAtOnce = 40

// Revoke refuses the token with this hash, or with none every token of the account, to connections
// that are just being opened, and returns what is open with it. One write does both: a connection
// that is not returned is refused when it comes to be admitted.
func (c *Connections) Revoke(ctx context.Context, account, token string) (enforce.Open, error) {
	if !table.Fits(accountKey(account)) {
		return enforce.Open{}, nil // nobody can have connected
	}
	mark, now := accountOff, c.now()
	if token != "" {
		mark = revokedName(token)
	}
	got, err := c.table.Call(ctx, "UpdateItem", table.Parameters{
		"Key":                      accountKey(account),
		"UpdateExpression":         "SET #mark = :now, expiresAt = :expires",
		"ExpressionAttributeNames": map[string]string{"#mark": mark},
		"ExpressionAttributeValues": table.Item{
			{":now", table.Number(now.UnixMilli())}, {":expires", c.accountExpires()},
		},
		"ReturnValues": "ALL_NEW",
	})
	if err != nil {
		return enforce.Open{}, err
	}
	return openOf(got.Row, token), c.unmark(ctx, account, got.Row, now)
}

// openOf is what an account's row names, all of it or what was opened with a token.
func openOf(row table.Item, token string) (open enforce.Open) {
	for _, e := range entries(row) {
		if token != "" && e.Fields.Get("h").Text != shortHash(token) {
			continue
		}
		if r, ok := readerOf(e); ok {
			open.Readers = append(open.Readers, r)
		} else {
			open.Connections = append(open.Connections, connectionOf(e))
		}
	}
	return open
}

func connectionOf(entry table.Field) stream.Connection {
	return stream.Connection{ID: entry.Name[1:], ConnectedAt: table.Millis(entry.Fields.Get("c"))}
}

// readerOf is the reader of an entry; false if it is a connection's.
func readerOf(entry table.Field) (stream.Reader, bool) {
	log := entry.Fields.Get("l")
	if log.Kind != table.IsString {
		return stream.Reader{}, false
	}
	kind, id, _ := strings.Cut(log.Text, "/") // as Topic.String wrote it
	return stream.Reader{ID: entry.Name[1:], Log: stream.Topic{Kind: stream.Kind(kind), ID: id}}, true
}

// unmark removes marks that refuse nothing any more.
func (c *Connections) unmark(ctx context.Context, account string, row table.Item, now time.Time) error {
	names, values := map[string]string{}, table.Item{}
	var paths, conditions []string
	for _, f := range row {
		at, ok := f.Int()
		if !strings.HasPrefix(f.Name, "!") || !ok || now.Sub(time.UnixMilli(at)) <= revokedFor || len(paths) == marksAtOnce {
			continue
		}
		name, value := fmt.Sprintf("#m%d", len(paths)), fmt.Sprintf(":m%d", len(paths))
		names[name], values = f.Name, append(values, table.Field{value, table.Number(at)})
		paths, conditions = append(paths, name), append(conditions, name+" = "+value)
	}
	if len(paths) == 0 {
		return nil
	}
	_, err := c.table.Call(ctx, "UpdateItem", table.Parameters{
		"Key":                       accountKey(account),
		"UpdateExpression":          "REMOVE " + strings.Join(paths, ", "),
		"ConditionExpression":       strings.Join(conditions, " AND "),
		"ExpressionAttributeNames":  names,
		"ExpressionAttributeValues": values,
	})
	return table.UnlessConflict(err) // one of them has been renewed: the next time finds the rest
}

// Readers are the account's readers of server-sent events.
func (c *Connections) Readers(ctx context.Context, account string) ([]stream.Reader, error) {
	row, err := c.accountRow(ctx, account)
	return openOf(row, "").Readers, err
}

// accountRow is the account's row, or nil.
func (c *Connections) accountRow(ctx context.Context, account string) (table.Item, error) {
	if !table.Fits(accountKey(account)) {
		return nil, nil
	}
	got, err := c.table.Call(ctx, "GetItem", table.Parameters{"Key": accountKey(account), "ConsistentRead": true})
	return got.Row, err
}

// Silence removes all that could bring an event to a connection, and leaves it named in its
// account's row, so that Revoke still returns it. It may be gone already.
func (c *Connections) Silence(ctx context.Context, account string, connection stream.Connection) error {
	row, err := c.take(ctx, connection)
	if err != nil {
		return err
	}
	return table.Parallel(ctx, []func(context.Context) error{
		func(ctx context.Context) error { return c.deafen(ctx, account, connection.ID) },
		func(ctx context.Context) error { return c.table.DeleteAll(ctx, row.topicKeys(connection)) },
	})
}

// deafen ends what a connection hears of its account's own streams.
func (c *Connections) deafen(ctx context.Context, account, id string) error {
	_, err := c.table.Call(ctx, "UpdateItem", table.Parameters{
		"Key":                       accountKey(account),
		"UpdateExpression":          "SET #c.s = :none",
		"ConditionExpression":       "attribute_exists(#c)",
		"ExpressionAttributeNames":  map[string]string{"#c": entryName(id)},
		"ExpressionAttributeValues": table.Item{{":none", table.Map(nil)}},
	})
	return table.UnlessConflict(err)
}

// Remove removes a connection with everything that it holds, and its name in its account's row also
// if the rest is gone already.
func (c *Connections) Remove(ctx context.Context, account string, connection stream.Connection) error {
	row, err := c.take(ctx, connection)
	if err != nil {
		return err
	}
	return c.removeMappings(ctx, connection, account, row.topicKeys(connection))
}
