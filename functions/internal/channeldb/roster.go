package channeldb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/table"
)

// roster is an item of Content with the members of a channel, or with the one user of _user. Each
// change is one conditional write, so that no two of them, and no death in between, leave a user
// without a connection, or an item without a user.
type roster struct {
	owner, id string
	// most is how many users it may have.
	most int
}

func rosterOf(app, channel string) roster {
	return roster{stream.Owner(app, channel), stream.KindRoster, pusher.MaxMembers}
}

func signedIn(app, user string) roster {
	return roster{stream.Owner(app, string(pusher.UserChannel(user))), stream.KindUser, 1}
}

func (r roster) key() table.Item { return contentKey(r.owner, r.id) }

// seat is one connection of a user. Of two of its times the later one counts.
type seat struct {
	user, info string
	connection stream.Connection
	at         time.Time
}

func (s seat) names() map[string]string {
	return map[string]string{"#u": s.user, "#c": stream.ConnectionKey(s.connection)}
}

func (s seat) member() table.Value {
	m := table.Item{{"c", table.Map(table.Item{{stream.ConnectionKey(s.connection), table.Number(s.at.UnixMilli())}})}}
	if s.info != "" {
		m = append(m, table.Field{"i", table.Text(s.info)})
	}
	return table.Map(m)
}

// connectionsIn are the connections of a user in a roster's item.
func connectionsIn(row table.Item, user string) table.Item {
	return row.Get("members").Fields.Get(user).Fields.Get("c").Fields
}

// usersIn are the users of a roster's item, in order.
func usersIn(row table.Item) (users []string) {
	for _, f := range row.Get("members").Fields {
		if len(f.Fields.Get("c").Fields) > 0 {
			users = append(users, f.Name)
		}
	}
	slices.Sort(users)
	return users
}

// The ways to join, by what there is.
const (
	newUser = "SET members.#u = :member, expiresAt = :expires"
	oldUser = "SET members.#u.c.#c = :at, expiresAt = :expires"

	ifNewUser = "expiresAt > :now AND attribute_not_exists(members.#u) AND size(members) < :most"
	ifOldUser = "expiresAt > :now AND attribute_exists(members.#u.c) AND (attribute_not_exists(members.#u.c.#c) OR members.#u.c.#c < :at)"
	ifNone    = "attribute_not_exists(#owner) OR expiresAt <= :now"
)

// join adds a seat, unless it is there by a later time. pusher.ErrFull: there are as many users as
// there may be, and this is none of them.
func (c *Channels) join(ctx context.Context, r roster, s seat) error {
	try := c.joinNew
	if r.most == 1 { // mostly they are the first
		try = c.joinFirst
	}
	for range table.Rounds {
		err := try(ctx, r, s)
		var old *table.Conflict
		if !errors.As(err, &old) {
			return err
		}
		row := old.Row
		there := connectionsIn(row, s.user)
		at, _ := there.Get(stream.ConnectionKey(s.connection)).Int()
		switch {
		case row == nil || c.over(row):
			try = c.joinFirst
		case at >= s.at.UnixMilli():
			return nil
		case len(there) > 0 || row.Get("members").Fields.Get(s.user).Given():
			try = c.joinOld
		case len(row.Get("members").Fields) >= r.most:
			return pusher.ErrFull
		default:
			try = c.joinNew
		}
	}
	return fmt.Errorf("roster: %w", table.ErrContention)
}

func (c *Channels) joinNew(ctx context.Context, r roster, s seat) error {
	_, err := c.change(ctx, r, map[string]string{"#u": s.user}, newUser, ifNewUser, table.Item{
		{":member", s.member()}, {":expires", epoch(c.now().Add(stays))}, {":now", epoch(c.now())}, {":most", table.Number(int64(r.most))}})
	return err
}

func (c *Channels) joinOld(ctx context.Context, r roster, s seat) error {
	_, err := c.change(ctx, r, s.names(), oldUser, ifOldUser, table.Item{
		{":at", table.Number(s.at.UnixMilli())}, {":expires", epoch(c.now().Add(stays))}, {":now", epoch(c.now())}})
	return err
}

func (c *Channels) joinFirst(ctx context.Context, r roster, s seat) error {
	item := append(r.key(), table.Field{"kind", table.Text(r.id)}, table.Field{"members", table.Map(table.Item{{s.user, s.member()}})},
		table.Expires(c.now().Add(stays)))
	_, err := c.content.Call(ctx, "PutItem", table.Parameters{
		"Item": item, "ConditionExpression": ifNone,
		"ExpressionAttributeNames":            map[string]string{"#owner": "owner"},
		"ExpressionAttributeValues":           table.Item{{":now", epoch(c.now())}},
		"ReturnValuesOnConditionCheckFailure": "ALL_OLD",
	})
	return err
}

// change makes one conditional update of a roster.
func (c *Channels) change(ctx context.Context, r roster, names map[string]string, update, condition string, values table.Item) (table.Item, error) {
	got, err := c.content.Call(ctx, "UpdateItem", table.Parameters{
		"Key": r.key(), "UpdateExpression": update, "ConditionExpression": condition,
		"ExpressionAttributeNames": names, "ExpressionAttributeValues": values,
		"ReturnValuesOnConditionCheckFailure": "ALL_OLD",
	})
	return got.Row, err
}

// The ways to leave, by who else is there.
const (
	ifThere   = "members.#u.c.#c < :before"
	ifTab     = ifThere + " AND size(members.#u.c) > :one"
	ifUser    = ifThere + " AND size(members.#u.c) = :one AND size(members) > :one"
	ifTheLast = ifThere + " AND size(members.#u.c) = :one AND size(members) = :one"
)

// leave takes a seat that is of an earlier time than before. It reports whether there is nobody left.
func (c *Channels) leave(ctx context.Context, r roster, user string, connection stream.Connection, before time.Time) (empty bool, err error) {
	s := seat{user: user, connection: connection}
	try := c.leaveUser
	if r.most == 1 {
		try = c.leaveLast
	}
	for range table.Rounds {
		last, err := try(ctx, r, s, before)
		var old *table.Conflict
		if !errors.As(err, &old) {
			return last, err
		}
		there := connectionsIn(old.Row, user)
		at, ok := there.Get(stream.ConnectionKey(connection)).Int()
		switch {
		case !ok || at >= before.UnixMilli():
			return old.Row == nil, nil
		case len(there) > 1:
			try = c.leaveTab
		case len(old.Row.Get("members").Fields) > 1:
			try = c.leaveUser
		default:
			try = c.leaveLast
		}
	}
	return false, fmt.Errorf("roster: %w", table.ErrContention)
}

func (c *Channels) leaveTab(ctx context.Context, r roster, s seat, before time.Time) (last bool, err error) {
	_, err = c.change(ctx, r, s.names(), "REMOVE members.#u.c.#c", ifTab, leaving(before))
	return false, err
}

func (c *Channels) leaveUser(ctx context.Context, r roster, s seat, before time.Time) (last bool, err error) {
	_, err = c.change(ctx, r, s.names(), "REMOVE members.#u", ifUser, leaving(before))
	return false, err
}

func (c *Channels) leaveLast(ctx context.Context, r roster, s seat, before time.Time) (last bool, err error) {
	_, err = c.content.Call(ctx, "DeleteItem", table.Parameters{
		"Key": r.key(), "ConditionExpression": ifTheLast,
		"ExpressionAttributeNames": s.names(), "ExpressionAttributeValues": leaving(before),
		"ReturnValuesOnConditionCheckFailure": "ALL_OLD",
	})
	return err == nil, err
}

func leaving(before time.Time) table.Item {
	return table.Item{{":before", table.Number(before.UnixMilli())}, {":one", table.Number(1)}}
}

// read is a roster's item as it is now; nil if there is none.
func (c *Channels) read(ctx context.Context, r roster) (table.Item, error) {
	got, err := c.content.Call(ctx, "GetItem", table.Parameters{"Key": r.key(), "ConsistentRead": true})
	if err != nil || c.over(got.Row) {
		return nil, err
	}
	return got.Row, nil
}
