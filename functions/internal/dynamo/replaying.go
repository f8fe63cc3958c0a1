package dynamo

import (
	"context"
	"errors"
	"strings"
	"time"

	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/table"
)

// A subscription that is being replayed has a turn, which every deferral makes greater by one. The
// first one is made of the time of the message that wrote the mapping, from the connection's own
// time on. So no two subscriptions of a connection to one stream have the same, and a replay knows
// its own: a million deferrals are room enough for the minutes that it takes.
const turnBits = 20

func firstTurn(c stream.Connection, by int64) int64 {
	return (1 + max(0, by-milliseconds(c.ConnectedAt))) << turnBits
}

// startedBy reports whether the message of that time wrote the mapping with this turn.
func startedBy(turn table.Value, c stream.Connection, by int64) bool {
	n, ok := turn.Int()
	return ok && n>>turnBits == firstTurn(c, by)>>turnBits
}

// beganAt is when the replay with this turn began; zero if there is none.
func beganAt(turn table.Value, c stream.Connection) time.Time {
	n, ok := turn.Int()
	if !ok {
		return time.Time{}
	}
	return c.ConnectedAt.Add(time.Duration(n>>turnBits-1) * time.Millisecond)
}

// standing is how a subscription of a session with ids stands.
type standing int

const (
	gone standing = iota
	replaying
	live
)

// accountStanding is how a subscription stands in its account's row.
func accountStanding(row table.Item, l stream.Listener) standing {
	entry := row.Get(entryName(l.ID)).Fields
	at, _ := entry.Get("s").Fields.Get(string(l.Stream)).Int()
	switch {
	case at <= 0:
		return gone
	case entry.Get("p").Fields.Get(string(l.Stream)).Given():
		return replaying
	}
	return live
}

// standingOf is how a subscription stands in the row that has it.
func standingOf(row table.Item, l stream.Listener) standing {
	switch {
	case l.Topic().IsAccount():
		return accountStanding(row, l)
	case row == nil || row.Get("off").Flag:
		return gone
	case row.Get("g").Given():
		return replaying
	}
	return live
}

// Defer leaves to the replay of the listener's subscription what the logs hold by now, and reports
// true if it does: the replay reads them again before the subscription goes live. True too if the
// subscription is gone, for nobody must post to it then. False: it is live. Of what fails it is
// not known which of them it is; repeating the call is safe.
func (c *Connections) Defer(ctx context.Context, l stream.Listener) (bool, error) {
	err := c.turn(ctx, l, change{"SET @ = @ + :one", "attribute_exists(@)"}, table.Item{{":one", table.Number(1)}})
	var old *table.Conflict
	if errors.As(err, &old) {
		return standingOf(old.Row, l) != live, nil
	}
	return err == nil, err
}

// Replaying is the subscription of a replay as its mapping stands, and its turn. The turn is 0,
// and the listener of no use, if the subscription is not being replayed (any more): it has ended,
// or is live, or is another one that was made later and has a replay of its own.
func (c *Connections) Replaying(ctx context.Context, r stream.Replay) (stream.Listener, int64, error) {
	l := stream.Listener{Connection: r.Connection, Subscription: r.Subscription, Account: r.Account}
	got, err := c.table.Call(ctx, "GetItem", table.Parameters{"Key": rowOf(l), "ConsistentRead": true})
	if err != nil {
		return stream.Listener{}, 0, err
	}
	var turn table.Value
	var ok bool
	if l.Topic().IsAccount() {
		entry := table.Field{entryName(l.ID), got.Row.Get(entryName(l.ID))}
		turn = entry.Fields.Get("p").Fields.Get(string(l.Stream))
		l, ok = c.entryListener(l.Account, entry, l.Stream)
	} else {
		turn = got.Row.Get("g")
		l, ok = c.mapped(got.Row)
	}
	made := r.Made.IsZero() || startedBy(turn, r.Connection, milliseconds(r.Made))
	if n, replaying := turn.Int(); ok && replaying && made {
		return l, n, nil
	}
	return stream.Listener{}, 0, nil
}

// CaughtUp makes the subscription of a replay live if it is in that turn still, and reports
// whether it did. False: something was deferred since the turn was read, or the subscription has
// ended, or was live before; Replaying tells.
func (c *Connections) CaughtUp(ctx context.Context, r stream.Replay, turn int64) (bool, error) {
	l := stream.Listener{Connection: r.Connection, Subscription: r.Subscription, Account: r.Account}
	err := c.turn(ctx, l, change{"REMOVE @", "@ = :turn"}, table.Item{{":turn", table.Number(turn)}})
	return err == nil, table.UnlessConflict(err)
}

// turn makes a change of a subscription's turn, which the expressions call @.
func (c *Connections) turn(ctx context.Context, l stream.Listener, what change, values table.Item) error {
	path, in := "g", table.Parameters{
		"Key": rowOf(l), "ExpressionAttributeValues": values, "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
	}
	if l.Topic().IsAccount() {
		path = "#c.p.#s"
		in["ExpressionAttributeNames"] = map[string]string{"#c": entryName(l.ID), "#s": string(l.Stream)}
	}
	in["UpdateExpression"] = strings.ReplaceAll(what.update, "@", path)
	in["ConditionExpression"] = strings.ReplaceAll(what.condition, "@", path)
	_, err := c.table.Call(ctx, "UpdateItem", in)
	return err
}

// rowOf is the key of the row that has the listener's subscription.
func rowOf(l stream.Listener) table.Item {
	if topic := l.Topic(); !topic.IsAccount() {
		return mappingKey(l.Connection, topic, l.Key())
	}
	return accountKey(l.Account)
}
