package channeldb

import (
	"context"
	"time"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/table"
)

// place is where it stands that a connection is subscribed to a channel: on the roster of a presence
// channel, in an item of a cache channel, in a mapping of any other.
type place interface {
	// take makes the connection a subscriber as of that time, unless it is one by a later message.
	take(ctx context.Context, as pusher.Subscriber, at time.Time) error
	// free ends what was taken before that time. It reports whether the channel seems to have no
	// subscriber left.
	free(ctx context.Context, as pusher.Subscriber, before time.Time) (empty bool, err error)
}

func (c *Channels) place(s stream.Session, channel pusher.Channel) place {
	switch {
	case channel.Presence():
		return onRoster{c, rosterOf(s.App, string(channel)), s.Connection}
	case channel.Joins():
		return inItem{c, s, stream.Owner(s.App, string(channel))}
	}
	return inMapping{c, s, stream.Subscription{Stream: stream.Channel, Param: string(channel)}}
}

type onRoster struct {
	*Channels
	roster
	connection stream.Connection
}

func (p onRoster) take(ctx context.Context, as pusher.Subscriber, at time.Time) error {
	return p.join(ctx, p.roster, seat{as.User, as.Info, p.connection, at})
}

func (p onRoster) free(ctx context.Context, as pusher.Subscriber, before time.Time) (bool, error) {
	if as.User == "" {
		return false, nil // was never subscribed
	}
	return p.leave(ctx, p.roster, as.User, p.connection, before)
}

// inItem is a subscription to a cache channel that is no presence channel.
type inItem struct {
	*Channels
	session stream.Session
	owner   string
}

func (p inItem) key() table.Item {
	return contentKey(p.owner, stream.KindSubscription+"#"+stream.ConnectionKey(p.session.Connection))
}

func (p inItem) take(ctx context.Context, _ pusher.Subscriber, at time.Time) error {
	made := table.Number(at.UnixMilli())
	_, err := p.content.Call(ctx, "PutItem", table.Parameters{
		"Item": append(p.key(), table.Field{"kind", table.Text(stream.KindSubscription)}, table.Field{"made", made},
			table.Expires(p.now().Add(stays))),
		"ConditionExpression":       "attribute_not_exists(made) OR made < :made",
		"ExpressionAttributeValues": table.Item{{":made", made}},
	})
	return table.UnlessConflict(err)
}

func (p inItem) free(ctx context.Context, _ pusher.Subscriber, before time.Time) (bool, error) {
	_, err := p.content.Call(ctx, "DeleteItem", table.Parameters{
		"Key": p.key(), "ConditionExpression": "made < :before",
		"ExpressionAttributeValues": table.Item{{":before", table.Number(before.UnixMilli())}},
	})
	if table.UnlessConflict(err) != nil {
		return false, err
	}
	n, err := p.countItems(ctx, p.owner, 1)
	return n == 0, err
}

// countItems is how many subscriptions a cache channel has, but no more than enough.
func (c *Channels) countItems(ctx context.Context, owner string, enough int) (n int, err error) {
	in := table.Parameters{
		"KeyConditionExpression":    "#owner = :owner AND begins_with(id, :id)",
		"ExpressionAttributeNames":  map[string]string{"#owner": "owner"},
		"ExpressionAttributeValues": table.Item{{":owner", table.Text(owner)}, {":id", table.Text(stream.KindSubscription + "#")}},
		"ConsistentRead":            true, "ProjectionExpression": "expiresAt",
	}
	if enough == 1 {
		in["Limit"] = 4 // some may be over
	}
	for n < enough {
		got, err := c.content.Call(ctx, "Query", in)
		if err != nil {
			return 0, err
		}
		for _, row := range got.Rows {
			if !c.over(row) {
				n++
			}
		}
		if len(got.More) == 0 {
			break
		}
		in["ExclusiveStartKey"] = got.More
	}
	return min(n, enough), nil
}

type inMapping struct {
	*Channels
	session stream.Session
	sub     stream.Subscription
}

func (p inMapping) take(ctx context.Context, _ pusher.Subscriber, at time.Time) error {
	return p.rows.MapChannel(ctx, p.session, p.sub, at, true)
}

// free leaves a tombstone until what may come late has come.
func (p inMapping) free(ctx context.Context, _ pusher.Subscriber, before time.Time) (bool, error) {
	if err := p.rows.MapChannel(ctx, p.session, p.sub, before, false); err != nil {
		return false, err
	}
	n, err := p.rows.CountMappings(ctx, p.session.Topic(p.sub), 1)
	return n == 0, err
}
