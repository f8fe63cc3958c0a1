package stream

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// broadcast is an event of the application's own making, said once to the streams that it names.
type broadcast struct {
	messages []Message
	at       map[Topic]int // where each topic's message stands, while they are added
}

func readBroadcast(item *Item) (entity, error) {
	switch {
	case item.Payload == nil:
		return nil, errors.New("the item has no payload")
	case item.Event == "":
		return nil, errors.New("the item has no event")
	case strings.ContainsFunc(item.Event, unicode.IsControl):
		return nil, errors.New("the event's name has a control character")
	case isReserved(item.Event):
		return nil, errors.New(`events that begin with "_" or "edgestream." are the service's own`)
	case item.Event == "kill":
		return nil, errors.New("the event kill is Mastodon's own, between its servers, and never sent to clients")
	case len(item.Topics) == 0:
		return nil, errors.New("the item has no topics")
	}
	var b broadcast
	for i, target := range item.Topics {
		topic, err := target.topic()
		if err != nil {
			return nil, fmt.Errorf("topics[%d]: %w", i, err)
		}
		if target.Channel == "" {
			b.add(item, topic, target.Stream)
		} else if err := checkEvent(item.Event); err != nil {
			return nil, fmt.Errorf("topics[%d]: %w", i, err)
		} else {
			b.add(item, topic, Channel)
		}
	}
	b.sayOnce()
	return b, nil
}

// sayOnce leaves out the user streams of single accounts where every user stream is told. Each
// message stands in the log of its topic, so whoever reads both would get both.
func (b *broadcast) sayOnce() {
	if !slices.ContainsFunc(b.messages, func(m Message) bool { return m.Topic.IsEveryone() }) {
		return
	}
	for i := range b.messages {
		if m := &b.messages[i]; m.Topic.IsAccount() {
			m.Exact = true
			m.Streams = slices.DeleteFunc(m.Streams, func(n Name) bool { return n == User })
		}
	}
	b.messages = slices.DeleteFunc(b.messages, func(m Message) bool { return len(m.Streams) == 0 })
}

// isReserved reports whether an event is one that the service says for itself, to clients or in the
// logs of topics: nobody else may.
func isReserved(event string) bool {
	return strings.HasPrefix(event, "_") || strings.HasPrefix(event, "edgestream.")
}

// add keeps one message per topic: a topic's listeners are looked up once.
func (b *broadcast) add(item *Item, topic Topic, to Name) {
	i, known := b.at[topic]
	if !known {
		if b.at == nil {
			b.at = map[Topic]int{}
		}
		b.at[topic] = len(b.messages)
		b.messages = append(b.messages, Message{Topic: topic, Streams: []Name{to}, Event: item.Event, Payload: item.Payload})
		return
	}
	if !slices.Contains(b.messages[i].Streams, to) {
		b.messages[i].Streams = append(b.messages[i].Streams, to)
	}
}

func (b broadcast) shownAs() string           { return "" }
func (b broadcast) inserted() []Message       { return b.messages }
func (b broadcast) modified(entity) []Message { return nil }
func (b broadcast) removed() []Message        { return nil }

// topic is where the listeners of the target are. What a stream does not take is an error and
// not ignored: a name too much may be a narrower audience than the stream's.
func (t Target) topic() (Topic, error) {
	kind := t.Stream.kind()
	switch {
	case t.App != "" || t.Channel != "":
		return t.channel()
	case !t.Stream.Known():
		return Topic{}, fmt.Errorf("unknown stream %.40q", string(t.Stream))
	case t.Stream.TakesTag() && NormalTag(t.Tag) == "":
		return Topic{}, fmt.Errorf("stream %s needs a tag", t.Stream)
	case t.Stream.TakesList() && t.List == "":
		return Topic{}, fmt.Errorf("stream %s needs a list", t.Stream)
	case !t.Stream.TakesTag() && t.Tag != "", !t.Stream.TakesList() && t.List != "", kind != kindAccount && t.Account != "":
		return Topic{}, fmt.Errorf("stream %s takes no such parameter", t.Stream)
	case kind == kindAccount && t.Account == "" && t.Stream != User:
		return Topic{}, fmt.Errorf("stream %s needs an account", t.Stream)
	case t.Stream == User && t.Account == "":
		return EveryoneTopic(), nil
	}
	return Subscription{Stream: t.Stream, Param: t.Tag + t.List}.Topic(t.Account), nil
}

// channel is where the listeners of a target that is a channel are.
func (t Target) channel() (Topic, error) {
	switch {
	case t != Target{App: t.App, Channel: t.Channel}:
		return Topic{}, errors.New("a channel is no stream and takes no parameter but its app")
	case !isApp(t.App):
		return Topic{}, fmt.Errorf("a channel needs an app, which %.40q is not", t.App)
	case !isChannel(t.Channel):
		return Topic{}, fmt.Errorf("no channel's name: %.40q", t.Channel)
	}
	return ChannelTopic(t.App, t.Channel), nil
}
