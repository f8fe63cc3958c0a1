package stream

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Membership is a change of who is subscribed to a channel whose subscriptions stand in Content:
// presence and cache channels, where what a newcomer is told must stand in one order with what is
// said to all. The publisher alone keeps their mappings.
type Membership struct {
	// Session is the connection, with its app.
	Session Session
	Subscription
	// Joined is true for who came, false for who left. Who left hears nothing of the change's
	// messages, and who came hears them from the first on that is for them only.
	Joined bool
}

// Topic is the channel's.
func (m Membership) Topic() Topic { return m.Session.Topic(m.Subscription) }

// The kinds of items by which the service itself says what happens to a channel; their owner is Owner.
const (
	// KindRoster is a presence channel's members: id "_roster", attribute members.
	KindRoster = "_roster"
	// KindSubscription is one subscription to a cache channel that is no presence channel: id
	// "_subscription#" and the connection as ConnectionKey writes it.
	KindSubscription = "_subscription"
	// KindUser is the connections that are signed in as one user: owner Owner(app, "#server-to-user-" +
	// user), id "_user", attribute members with that user alone.
	KindUser = "_user"
	// KindClient is an event of a client: payload as of kind event.
	KindClient = "_client"
	// KindCount says that the number of a channel's subscriptions has changed: id "_count".
	KindCount = "_count"
)

// ConnectionKey is the connection as one word: when it connected, in milliseconds, "#", its id.
func ConnectionKey(c Connection) string {
	return strconv.FormatInt(c.ConnectedAt.UnixMilli(), 10) + "#" + c.ID
}

// ParseConnectionKey reads what ConnectionKey wrote.
func ParseConnectionKey(key string) (Connection, bool) {
	ms, id, _ := strings.Cut(key, "#")
	at, err := strconv.ParseInt(ms, 10, 64)
	return Connection{ID: id, ConnectedAt: time.UnixMilli(at).UTC()}, err == nil && id != ""
}

// Memberships are who left a channel by the change, and then who came to it, in a fixed order. A
// connection that subscribed anew without having left has come. Nothing for a change that does not
// fit, or of whose item the time ran out.
func (c Change) Memberships() []Membership {
	if !c.joins() {
		return nil
	}
	item := cmp.Or(c.New, c.Old)
	app, channel, err := channelOf(item)
	if err != nil {
		return nil
	}
	left, came := compareSeats(seatsOf(c.Old), seatsOf(c.New))
	if c.New != nil && c.New.Kind == KindSubscription {
		left, came = nil, seatsOf(c.New) // written again: subscribed anew
	}
	var all []Membership
	add := func(s seat, joined bool) {
		all = append(all, Membership{Session: Session{Connection: s.Connection, App: app},
			Subscription: Subscription{Stream: Channel, Param: channel}, Joined: joined})
	}
	for _, s := range left {
		add(s, false)
	}
	for _, s := range came {
		add(s, true)
	}
	return all
}

// joins reports whether the change may say who is subscribed.
func (c Change) joins() bool {
	if c.Problem != nil || c.Expired && c.New == nil {
		return false
	}
	return slices.ContainsFunc([]*Item{c.Old, c.New}, func(i *Item) bool {
		return i != nil && (i.Kind == KindRoster || i.Kind == KindSubscription)
	})
}

// seat is one connection on a channel.
type seat struct {
	Connection
	user string
	at   time.Time
}

// seatsOf are the connections that the item says are subscribed, who came first first.
func seatsOf(item *Item) (seats []seat) {
	switch {
	case item == nil:
		return nil
	case item.Kind == KindSubscription:
		if c, err := subscriberOf(item); err == nil {
			return []seat{{Connection: c}}
		}
		return nil
	case item.Kind != KindRoster:
		return nil
	}
	for user, m := range item.Members {
		for c, at := range m.Connections {
			seats = append(seats, seat{c, user, at})
		}
	}
	slices.SortFunc(seats, func(a, b seat) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.ID, b.ID), cmp.Compare(a.user, b.user))
	})
	return seats
}

// compareSeats finds who is there no more, and who is there since another time, or as another user.
func compareSeats(before, now []seat) (left, came []seat) {
	was, is := byID(before), byID(now)
	for _, s := range before {
		if _, ok := is[s.ID]; !ok {
			left = append(left, s)
		}
	}
	for _, s := range now {
		if old, ok := was[s.ID]; !ok || !old.at.Equal(s.at) || old.user != s.user {
			came = append(came, s)
		}
	}
	return left, came
}

func byID(seats []seat) map[string]seat {
	m := make(map[string]seat, len(seats))
	for _, s := range seats {
		m[s.ID] = s
	}
	return m
}
