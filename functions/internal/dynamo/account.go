package dynamo

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/table"
)

// admit adds a connection to its account's row, unless that has as many as it may, or the token
// has been revoked since it was read. Readers do not keep it out: those whose clients have left stay
// for minutes, since nobody is told.
func (c *Connections) admit(ctx context.Context, s stream.Session, first []stream.Subscription) error {
	e := entrance{s.Account, s.ID, s.Grant, newEntry(s, first, c.now())}
	return c.enter(ctx, e, func(row table.Item) (bool, error) {
		err := c.makeRoom(ctx, s.Account, row)
		if errors.Is(err, stream.ErrTooManyConnections) && socketsIn(row) < c.limits.Connections {
			return c.enterBeside(ctx, e, row)
		}
		return false, err
	})
}

// socketsIn is how many of the row's entries are connections and not readers.
func socketsIn(row table.Item) (n int) {
	for _, e := range entries(row) {
		if _, reads := readerOf(e); !reads {
			n++
		}
	}
	return n
}

// enterBeside adds the entry to a row that is full of readers, if it is as it was seen.
func (c *Connections) enterBeside(ctx context.Context, e entrance, row table.Item) (added bool, err error) {
	_, err = c.table.Call(ctx, "UpdateItem", table.Parameters{
		"Key":                      accountKey(e.account),
		"UpdateExpression":         "SET #c = :entry, n = n + :one, expiresAt = :expires",
		"ConditionExpression":      "attribute_not_exists(#c) AND n = :seen AND " + notRevoked,
		"ExpressionAttributeNames": e.names(),
		"ExpressionAttributeValues": append(c.entranceValues(e),
			table.Field{":one", table.Number(1)}, table.Field{":seen", row.Get("n")}),
	})
	return err == nil, table.UnlessConflict(err)
}

// entrance is an entry that is to be added to its account's row.
type entrance struct {
	account, id string
	grant       stream.Grant
	entry       table.Item
}

// notRevoked is the condition that the row has no fresh tombstone of the token, or of the account.
const notRevoked = "(attribute_not_exists(#h) OR #h < :fresh) AND (attribute_not_exists(#off) OR #off < :fresh)"

// enter adds the entry, unless the token has been revoked since it was read. If the row has as many
// entries as it may, full is to make room, or to say why there is none, or that it has added the
// entry itself.
func (c *Connections) enter(ctx context.Context, e entrance, full func(row table.Item) (added bool, err error)) error {
	for range table.Rounds {
		_, err := c.table.Call(ctx, "UpdateItem", table.Parameters{
			"Key":                      accountKey(e.account),
			"UpdateExpression":         "SET #c = :entry, n = if_not_exists(n, :zero) + :one, expiresAt = :expires",
			"ConditionExpression":      "attribute_not_exists(#c) AND (attribute_not_exists(n) OR n < :limit) AND " + notRevoked,
			"ExpressionAttributeNames": e.names(),
			"ExpressionAttributeValues": append(c.entranceValues(e),
				table.Field{":zero", table.Number(0)}, table.Field{":one", table.Number(1)}, table.Field{":limit", table.Number(int64(c.limits.Connections))}),
			"ReturnValuesOnConditionCheckFailure": "ALL_OLD",
		})
		var refused *table.Conflict
		if !errors.As(err, &refused) {
			return err
		}
		if entered, err := c.entered(e, refused.Row); entered || err != nil {
			return err
		}
		if added, err := full(refused.Row); added || err != nil {
			return err
		}
	}
	return table.ErrContention
}

// entered reports whether the row that refused the entry has it: the same call, whose answer was
// lost. ErrInvalidToken: it was refused because the token is revoked.
func (c *Connections) entered(e entrance, row table.Item) (bool, error) {
	if c.revoked(e, row) {
		return false, fmt.Errorf("%w: revoked meanwhile", stream.ErrInvalidToken)
	}
	return row.Get(entryName(e.id)).Kind != "", nil
}

func (e entrance) names() map[string]string {
	return map[string]string{"#c": entryName(e.id), "#h": revokedName(e.grant.TokenHash), "#off": accountOff}
}

func (c *Connections) entranceValues(e entrance) table.Item {
	return table.Item{
		{":entry", table.Map(e.entry)}, {":expires", c.accountExpires()},
		{":fresh", table.Number(c.marksFrom(e.grant).UnixMilli())},
	}
}

// accountExpires is the time to live of an account's row, the same for all who write it, so that
// it never moves back.
func (c *Connections) accountExpires() table.Value {
	return table.Number(c.now().Add(accountLifetime).Unix())
}

// marksFrom is since when tombstones keep the grant out. Who left one did so after the change, which a
// look-up some seconds later has seen: a token that has lost a scope is as good as it is.
func (c *Connections) marksFrom(g stream.Grant) time.Time {
	from := c.now().Add(-revokedFor)
	if read := g.Read.Add(-marksApart); !g.Read.IsZero() && read.After(from) {
		return read
	}
	return from
}

// revoked reports whether the row has a fresh tombstone of the token, or of the account.
func (c *Connections) revoked(e entrance, row table.Item) bool {
	from := c.marksFrom(e.grant).UnixMilli()
	for _, name := range []string{revokedName(e.grant.TokenHash), accountOff} {
		if at, ok := row.Get(name).Int(); ok && at >= from {
			return true
		}
	}
	return false
}

// newEntry is a connection in its account's row. The time of a stream is positive while it is
// subscribed and negative for a tombstone.
func newEntry(s stream.Session, first []stream.Subscription, now time.Time) table.Item {
	streams, turns := table.Item{}, table.Item{}
	for _, sub := range first {
		if s.Topic(sub).IsAccount() && streams.Get(string(sub.Stream)).Kind == "" {
			at := firstHeld(s, sub).at
			streams = append(streams, table.Field{string(sub.Stream), table.Number(at)})
			turns = append(turns, table.Field{string(sub.Stream), table.Number(firstTurn(s.Connection, at))})
		}
	}
	entry := table.Item{{"c", table.Number(s.ConnectedAt.UnixMilli())}, {"o", table.Number(now.UnixMilli())}, {"s", table.Map(streams)}, {"h", table.Text(shortHash(s.TokenHash))}}
	if s.Scopes.Notifications() {
		entry = append(entry, table.Field{"r", table.Flag(true)})
	}
	if s.EventIDs {
		entry = append(entry, table.Field{"p", table.Map(turns)})
	}
	entry = append(entry, until(s.Grant)...)
	return append(entry, asked(s)...)
}

// makeRoom removes connections that must have ended from a full account's row: nothing else may
// have noticed their end. stream.ErrTooManyConnections if there is none.
func (c *Connections) makeRoom(ctx context.Context, account string, row table.Item) error {
	var dead []string
	for _, e := range entries(row) {
		if c.now().Sub(table.Millis(e.Fields.Get("c"))) > lifetimeOf(e) {
			dead = append(dead, e.Name)
		}
	}
	if len(dead) == 0 {
		return stream.ErrTooManyConnections
	}
	dead = dead[:min(len(dead), 50)]
	names, paths, conditions := map[string]string{}, []string{}, []string{}
	for i, name := range dead {
		path := fmt.Sprintf("#c%d", i)
		names[path] = name
		paths = append(paths, path)
		conditions = append(conditions, "attribute_exists("+path+")")
	}
	_, err := c.table.Call(ctx, "UpdateItem", table.Parameters{
		"Key":                       accountKey(account),
		"UpdateExpression":          "SET n = n - :count REMOVE " + strings.Join(paths, ", "),
		"ConditionExpression":       strings.Join(conditions, " AND "),
		"ExpressionAttributeNames":  names,
		"ExpressionAttributeValues": table.Item{{":count", table.Number(int64(len(dead)))}},
	})
	return table.UnlessConflict(err) // somebody else made room
}

// dismiss removes a connection from its account's row. It may be gone already.
func (c *Connections) dismiss(ctx context.Context, account, id string) error {
	_, err := c.table.Call(ctx, "UpdateItem", table.Parameters{
		"Key":                       accountKey(account),
		"UpdateExpression":          "REMOVE #c SET n = n - :one",
		"ConditionExpression":       "attribute_exists(#c)",
		"ExpressionAttributeNames":  map[string]string{"#c": entryName(id)},
		"ExpressionAttributeValues": table.Item{{":one", table.Number(1)}},
	})
	return table.UnlessConflict(err)
}

// entries are the connections in an account's row.
func entries(row table.Item) (all []table.Field) {
	for _, f := range row {
		if strings.HasPrefix(f.Name, "@") && f.Kind == table.IsMap {
			all = append(all, f)
		}
	}
	return all
}

func (c *Connections) accountListeners(account string, row table.Item) (found []stream.Listener) {
	for _, e := range entries(row) {
		for _, s := range e.Fields.Get("s").Fields {
			if l, ok := c.entryListener(account, e, stream.Name(s.Name)); ok {
				found = append(found, l)
			}
		}
	}
	return found
}

// entryListener is the subscription of an entry to one of the account's streams, if it is on.
func (c *Connections) entryListener(account string, e table.Field, name stream.Name) (stream.Listener, bool) {
	connected := table.Millis(e.Fields.Get("c"))
	at, _ := e.Fields.Get("s").Fields.Get(string(name)).Int()
	if at <= 0 || c.now().Sub(connected) > lifetime {
		return stream.Listener{}, false
	}
	turn := e.Fields.Get("p").Fields.Get(string(name))
	l := stream.Listener{
		Connection:   stream.Connection{ID: e.Name[1:], ConnectedAt: connected},
		Subscription: stream.Subscription{Stream: name},
		Account:      account,
		Opened:       openedAt(e.Fields, at, connected),
		Until:        table.Seconds(e.Fields.Get("u")),
		EventIDs:     e.Fields.Get("e").Flag,
		Replaying:    turn.Given(),
	}
	l.Since = beganAt(turn, l.Connection)
	if name == stream.User {
		l.Notifications, l.Viewer = e.Fields.Get("r").Flag, e.Fields.Get("f").Text
	}
	return l, true
}
