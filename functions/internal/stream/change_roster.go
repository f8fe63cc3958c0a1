package stream

import (
	"errors"
	"strings"
)

// roster is who is on a presence channel. It is one item, so its changes stand in one order, and
// each is the difference of two images: a newcomer's list and the news of who comes and goes cannot
// contradict each other.
type roster struct {
	app, channel string
	members      map[string]Member
	seats        []seat
}

func readRoster(item *Item) (entity, error) {
	app, channel, err := channelOf(item)
	return roster{app, channel, item.Members, seatsOf(item)}, err
}

func (r roster) shownAs() string { return "" }

func (r roster) inserted() []Message { return r.since(roster{}) }

func (r roster) modified(old entity) []Message { return r.since(old.(roster)) }

func (r roster) removed() []Message {
	return roster{app: r.app, channel: r.channel}.since(r)
}

// since says who of the users is gone, who is new, and then to each newcomer's connection who is there.
func (r roster) since(old roster) (messages []Message) {
	add := func(m Message) {
		m.Part = len(messages)
		messages = append(messages, m)
	}
	were, are := present(old.seats), present(r.seats)
	for _, user := range without(were, are) {
		m := toChannel(r.app, r.channel, EventMemberRemoved, memberRemoved(user))
		m.Member = user
		add(m)
	}
	for _, user := range without(are, were) {
		m := toChannel(r.app, r.channel, EventMemberAdded, memberAdded(user, r.members[user].Info))
		m.Member = user
		add(m)
	}
	_, came := compareSeats(old.seats, r.seats)
	for _, m := range r.welcomes(came, are) {
		add(m)
	}
	return messages
}

// welcomes tell each newcomer who is there: in one list, or, if a frame cannot hold it, in a list of some
// and then one by one, as if the others had come a moment later.
func (r roster) welcomes(came []seat, users []string) (messages []Message) {
	if len(came) == 0 {
		return nil
	}
	list := presence(users, r.members)
	fits := escaped(list) <= maxList
	for _, s := range came {
		mine, others := list, []string(nil)
		if !fits {
			mine, others = presenceOf(s.user, users, r.members)
		}
		var then []Message
		for _, user := range others {
			then = append(then, toChannel(r.app, r.channel, EventMemberAdded, memberAdded(user, r.members[user].Info)))
		}
		messages = append(messages, welcome(r.app, r.channel, s.Connection, mine, then...)...)
	}
	return messages
}

// welcome is what a new subscriber is told: that it is one, with this text, what comes then, and on
// a cache channel that there is no event. Whoever publishes that has the channel's last event say
// it instead.
func welcome(app, channel string, to Connection, text []byte, then ...Message) []Message {
	messages := append([]Message{toChannel(app, channel, EventSubscribed, text)}, then...)
	if IsCacheChannel(channel) {
		messages = append(messages, toChannel(app, channel, EventCacheMiss, nil))
	}
	for i := range messages {
		messages[i].Only, messages[i].Part = to.ID, i
	}
	return messages
}

// subscription is one subscription to a cache channel that is no presence channel.
type subscription struct {
	app, channel string
	connection   Connection
}

func readSubscription(item *Item) (entity, error) {
	s := subscription{}
	var err error
	if s.app, s.channel, err = channelOf(item); err == nil {
		s.connection, err = subscriberOf(item)
	}
	return s, err
}

// subscriberOf is whose subscription the item is.
func subscriberOf(item *Item) (Connection, error) {
	key, ok := strings.CutPrefix(item.ID, KindSubscription+"#")
	c, is := ParseConnectionKey(key)
	if !ok || !is {
		return Connection{}, errors.New("the item's id names no connection")
	}
	return c, nil
}

func (s subscription) shownAs() string { return "" }

func (s subscription) inserted() []Message {
	return welcome(s.app, s.channel, s.connection, []byte("{}"))
}

// modified: what is written again was subscribed anew.
func (s subscription) modified(entity) []Message { return s.inserted() }

func (s subscription) removed() []Message { return nil }
