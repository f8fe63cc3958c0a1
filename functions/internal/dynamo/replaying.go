package dynamo

import (
	"context"
	"errors"
	"strings"
	"time"

	"edgestream/functions/internal/stream"
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
func startedBy(turn value, c stream.Connection, by int64) bool {
	n, ok := turn.int()
	return ok && n>>turnBits == firstTurn(c, by)>>turnBits
}

// beganAt is when the replay with this turn began; zero if there is none.
func beganAt(turn value, c stream.Connection) time.Time {
	n, ok := turn.int()
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
func accountStanding(row item, l stream.Listener) standing {
	entry := row.get(entryName(l.ID)).fields
	at, _ := entry.get("s").fields.get(string(l.Stream)).int()
	switch {
	case at <= 0:
		return gone
	case entry.get("p").fields.get(string(l.Stream)).given():
		return replaying
	}
	return live
}

// standingOf is how a subscription stands in the row that has it.
func standingOf(row item, l stream.Listener) standing {
	switch {
	case l.Topic().IsAccount():
		return accountStanding(row, l)
	case row == nil || row.get("off").flag:
		return gone
	case row.get("g").given():
		return replaying
	}
	return live
}

// Defer leaves to the replay of the listener's subscription what the logs hold by now, and reports
// true if it does: the replay reads them again before the subscription goes live. True too if the
// subscription is gone, for nobody must post to it then. False: it is live. Of what fails it is
// not known which of them it is; repeating the call is safe.
func (c *Connections) Defer(ctx context.Context, l stream.Listener) (bool, error) {
	err := c.turn(ctx, l, change{"SET @ = @ + :one", "attribute_exists(@)"}, item{{":one", number(1)}})
	var old *conflict
	if errors.As(err, &old) {
		return standingOf(old.row, l) != live, nil
	}
	return err == nil, err
}

// Replaying is the subscription of a replay as its mapping stands, and its turn. The turn is 0,
// and the listener of no use, if the subscription is not being replayed (any more): it has ended,
// or is live, or is another one that was made later and has a replay of its own.
func (c *Connections) Replaying(ctx context.Context, r stream.Replay) (stream.Listener, int64, error) {
	l := stream.Listener{Connection: r.Connection, Subscription: r.Subscription, Account: r.Account}
	got, err := c.table.call(ctx, "GetItem", parameters{"Key": rowOf(l), "ConsistentRead": true})
	if err != nil {
		return stream.Listener{}, 0, err
	}
	var turn value
	var ok bool
	if l.Topic().IsAccount() {
		entry := field{entryName(l.ID), got.row.get(entryName(l.ID))}
		turn = entry.fields.get("p").fields.get(string(l.Stream))
		l, ok = c.entryListener(l.Account, entry, l.Stream)
	} else {
		turn = got.row.get("g")
		l, ok = c.mapped(got.row)
	}
	made := r.Made.IsZero() || startedBy(turn, r.Connection, milliseconds(r.Made))
	if n, replaying := turn.int(); ok && replaying && made {
		return l, n, nil
	}
	return stream.Listener{}, 0, nil
}

// CaughtUp makes the subscription of a replay live if it is in that turn still, and reports
// whether it did. False: something was deferred since the turn was read, or the subscription has
// ended, or was live before; Replaying tells.
func (c *Connections) CaughtUp(ctx context.Context, r stream.Replay, turn int64) (bool, error) {
	l := stream.Listener{Connection: r.Connection, Subscription: r.Subscription, Account: r.Account}
	err := c.turn(ctx, l, change{"REMOVE @", "@ = :turn"}, item{{":turn", number(turn)}})
	return err == nil, unlessConflict(err)
}

// turn makes a change of a subscription's turn, which the expressions call @.
func (c *Connections) turn(ctx context.Context, l stream.Listener, what change, values item) error {
	path, in := "g", parameters{
		"Key": rowOf(l), "ExpressionAttributeValues": values, "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
	}
	if l.Topic().IsAccount() {
		path = "#c.p.#s"
		in["ExpressionAttributeNames"] = map[string]string{"#c": entryName(l.ID), "#s": string(l.Stream)}
	}
	in["UpdateExpression"] = strings.ReplaceAll(what.update, "@", path)
	in["ConditionExpression"] = strings.ReplaceAll(what.condition, "@", path)
	_, err := c.table.call(ctx, "UpdateItem", in)
	return err
}

// rowOf is the key of the row that has the listener's subscription.
func rowOf(l stream.Listener) item {
	if topic := l.Topic(); !topic.IsAccount() {
		return mappingKey(l.Connection, topic, l.Key())
	}
	return accountKey(l.Account)
}
