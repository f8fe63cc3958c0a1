package dynamo

import (
	"context"
	"errors"
	"time"

	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/table"
)

// readerLifetime is how long a reader's entry may matter: the fifteen minutes that Lambda lets a
// response last, and some.
const readerLifetime = 16 * time.Minute

// lifetimeOf is how long the connection or reader of an entry may live.
func lifetimeOf(entry table.Field) time.Duration {
	if _, reads := readerOf(entry); reads {
		return readerLifetime
	}
	return lifetime
}

// newReaderEntry is a reader in its account's row. It has no streams, so nobody posts to it.
func newReaderEntry(r stream.Reader) table.Item {
	entry := table.Item{
		{"c", table.Number(r.Started.UnixMilli())}, {"l", table.Text(r.Log.String())}, {"q", table.Text(r.Key)},
		{"h", table.Text(shortHash(r.TokenHash))},
	}
	return append(entry, until(r.Grant)...)
}

// Admit adds a reader to the connections of its account. If the account has as many as it may, and
// readers of the same token and subscription are among them, the reader takes the place of the oldest. That
// one is told first: once its entry is gone nobody who revokes its token finds it. If it cannot be told, its
// place stays its own and the error is tell's. stream.ErrTooManyConnections, and stream.ErrInvalidToken
// if the token has been revoked a moment ago; nothing is stored then.
func (c *Connections) Admit(ctx context.Context, r stream.Reader, tell func(reader string) error) error {
	e := entrance{r.Account, r.ID, r.Grant, newReaderEntry(r)}
	return c.enter(ctx, e, func(row table.Item) (added bool, err error) {
		err = c.makeRoom(ctx, r.Account, row)
		oldest := oldestLike(r, row)
		if !errors.Is(err, stream.ErrTooManyConnections) || oldest == "" {
			return false, err
		}
		if err := tell(oldest); err != nil {
			return false, err
		}
		return c.displace(ctx, e, oldest)
	})
}

// oldestLike is the oldest reader with the token and subscription of this one; empty if there is none.
func oldestLike(r stream.Reader, row table.Item) (id string) {
	var since time.Time
	for _, e := range entries(row) {
		other, reads := readerOf(e)
		if !reads || e.Fields.Get("q").Text != r.Key || e.Fields.Get("h").Text != shortHash(r.TokenHash) {
			continue
		}
		if started := table.Millis(e.Fields.Get("c")); id == "" || started.Before(since) {
			id, since = other.ID, started
		}
	}
	return id
}

// displace puts the entry in the place of another; false if that has gone meanwhile.
func (c *Connections) displace(ctx context.Context, e entrance, other string) (added bool, err error) {
	names := e.names()
	names["#other"] = entryName(other)
	_, err = c.table.Call(ctx, "UpdateItem", table.Parameters{
		"Key":                       accountKey(e.account),
		"UpdateExpression":          "SET #c = :entry, expiresAt = :expires REMOVE #other",
		"ConditionExpression":       "attribute_exists(#other) AND attribute_not_exists(#c) AND " + notRevoked,
		"ExpressionAttributeNames":  names,
		"ExpressionAttributeValues": c.entranceValues(e),
	})
	return err == nil, table.UnlessConflict(err)
}

// Dismiss removes a reader from the connections of its account. It may be gone already.
func (c *Connections) Dismiss(ctx context.Context, r stream.Reader) error {
	return c.dismiss(ctx, r.Account, r.ID)
}
