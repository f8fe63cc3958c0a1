package dynamo

import (
	"context"
	"fmt"
	"strings"
	"time"

	"edgestream/functions/internal/enforce"
	"edgestream/functions/internal/stream"
)

// marksAtOnce bounds one update of many attributes: expressions are limited to 4 KB.
const marksAtOnce = 40

// Revoke refuses the token with this hash, or with none every token of the account, to connections
// that are just being opened, and returns what is open with it. One write does both: a connection
// that is not returned is refused when it comes to be admitted.
func (c *Connections) Revoke(ctx context.Context, account, token string) (enforce.Open, error) {
	if !fits(accountKey(account)) {
		return enforce.Open{}, nil // nobody can have connected
	}
	mark, now := accountOff, c.now()
	if token != "" {
		mark = revokedName(token)
	}
	got, err := c.table.call(ctx, "UpdateItem", parameters{
		"Key":                      accountKey(account),
		"UpdateExpression":         "SET #mark = :now, expiresAt = :expires",
		"ExpressionAttributeNames": map[string]string{"#mark": mark},
		"ExpressionAttributeValues": item{
			{":now", number(now.UnixMilli())}, {":expires", c.accountExpires()},
		},
		"ReturnValues": "ALL_NEW",
	})
	if err != nil {
		return enforce.Open{}, err
	}
	return openOf(got.row, token), c.unmark(ctx, account, got.row, now)
}

// openOf is what an account's row names, all of it or what was opened with a token.
func openOf(row item, token string) (open enforce.Open) {
	for _, e := range entries(row) {
		if token != "" && e.fields.get("h").text != shortHash(token) {
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

func connectionOf(entry field) stream.Connection {
	return stream.Connection{ID: entry.name[1:], ConnectedAt: millis(entry.fields.get("c"))}
}

// readerOf is the reader of an entry; false if it is a connection's.
func readerOf(entry field) (stream.Reader, bool) {
	log := entry.fields.get("l")
	if log.kind != isString {
		return stream.Reader{}, false
	}
	kind, id, _ := strings.Cut(log.text, "/") // as Topic.String wrote it
	return stream.Reader{ID: entry.name[1:], Log: stream.Topic{Kind: stream.Kind(kind), ID: id}}, true
}

// unmark removes marks that refuse nothing any more.
func (c *Connections) unmark(ctx context.Context, account string, row item, now time.Time) error {
	names, values := map[string]string{}, item{}
	var paths, conditions []string
	for _, f := range row {
		at, ok := f.int()
		if !strings.HasPrefix(f.name, "!") || !ok || now.Sub(time.UnixMilli(at)) <= revokedFor || len(paths) == marksAtOnce {
			continue
		}
		name, value := fmt.Sprintf("#m%d", len(paths)), fmt.Sprintf(":m%d", len(paths))
		names[name], values = f.name, append(values, field{value, number(at)})
		paths, conditions = append(paths, name), append(conditions, name+" = "+value)
	}
	if len(paths) == 0 {
		return nil
	}
	_, err := c.table.call(ctx, "UpdateItem", parameters{
		"Key":                       accountKey(account),
		"UpdateExpression":          "REMOVE " + strings.Join(paths, ", "),
		"ConditionExpression":       strings.Join(conditions, " AND "),
		"ExpressionAttributeNames":  names,
		"ExpressionAttributeValues": values,
	})
	return unlessConflict(err) // one of them has been renewed: the next time finds the rest
}

// Readers are the account's readers of server-sent events.
func (c *Connections) Readers(ctx context.Context, account string) ([]stream.Reader, error) {
	row, err := c.accountRow(ctx, account)
	return openOf(row, "").Readers, err
}

// accountRow is the account's row, or nil.
func (c *Connections) accountRow(ctx context.Context, account string) (item, error) {
	if !fits(accountKey(account)) {
		return nil, nil
	}
	got, err := c.table.call(ctx, "GetItem", parameters{"Key": accountKey(account), "ConsistentRead": true})
	return got.row, err
}

// Silence removes all that could bring an event to a connection, and leaves it named in its
// account's row, so that Revoke still returns it. It may be gone already.
func (c *Connections) Silence(ctx context.Context, account string, connection stream.Connection) error {
	row, err := c.take(ctx, connection)
	if err != nil {
		return err
	}
	return parallel(ctx, []func(context.Context) error{
		func(ctx context.Context) error { return c.deafen(ctx, account, connection.ID) },
		func(ctx context.Context) error { return c.deleteAll(ctx, row.topicKeys(connection)) },
	})
}

// deafen ends what a connection hears of its account's own streams.
func (c *Connections) deafen(ctx context.Context, account, id string) error {
	_, err := c.table.call(ctx, "UpdateItem", parameters{
		"Key":                       accountKey(account),
		"UpdateExpression":          "SET #c.s = :none",
		"ConditionExpression":       "attribute_exists(#c)",
		"ExpressionAttributeNames":  map[string]string{"#c": entryName(id)},
		"ExpressionAttributeValues": item{{":none", mapOf(nil)}},
	})
	return unlessConflict(err)
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
