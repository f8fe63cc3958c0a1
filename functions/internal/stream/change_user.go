package stream

import (
	"errors"
	"strings"
)

// user is where somebody is signed in. Those who watch are told when the first connection comes, and
// when the last one goes.
type user struct {
	app, id string
	online  bool
}

func readUser(item *Item) (entity, error) {
	app, channel, err := channelOf(item)
	if err != nil {
		return nil, err
	}
	id, ok := strings.CutPrefix(channel, userChannel)
	if !ok {
		return nil, errors.New("the owner is no user's channel")
	}
	u := user{app: app, id: id}
	for _, m := range item.Members {
		u.online = u.online || len(m.Connections) > 0
	}
	return u, nil
}

func (u user) shownAs() string { return "" }

func (u user) inserted() []Message { return u.since(false) }

func (u user) modified(old entity) []Message { return u.since(old.(user).online) }

func (u user) removed() []Message {
	return user{app: u.app, id: u.id}.since(u.online)
}

func (u user) since(was bool) []Message {
	name := "offline"
	switch {
	case u.online == was:
		return nil
	case u.online:
		name = "online"
	}
	b := append([]byte(`{"events":[{"name":"`), name...)
	b = appendJSON(append(b, `","user_ids":`...), []string{u.id})
	return []Message{{Topic: WatchTopic(u.app, u.id), Streams: []Name{Watch}, Event: EventWatchlist, Payload: append(b, "}]}"...)}}
}

// count says that the number of a channel's subscriptions has changed. Whoever publishes it counts
// them: the message has no payload yet.
type count struct{ app, channel string }

func readCount(item *Item) (entity, error) {
	app, channel, err := channelOf(item)
	return count{app, channel}, err
}

func (c count) shownAs() string { return "" }

func (c count) inserted() []Message {
	return []Message{toChannel(c.app, c.channel, EventCount, nil)}
}

func (c count) modified(entity) []Message { return c.inserted() }
func (c count) removed() []Message        { return nil }
