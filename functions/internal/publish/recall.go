package publish

import (
	"context"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
)

// recall gives newcomers to cache channels the channel's last event where there is one, instead of
// news that there is none: the last one before them in this batch, or else what the channel keeps. That
// is written when all was posted, so it is never of a later record than theirs, unless the instance
// died that posted both.
func (b *batch) recall(ctx context.Context) {
	var topics []stream.Topic
	for t := range b.walks {
		if b.asksFirst(t) {
			topics = append(topics, t)
		}
	}
	kept := make([]recollection, len(topics))
	sideBySide(len(topics), func(i int) { kept[i] = b.recollect(ctx, topics[i]) })
	byTopic := map[stream.Topic]recollection{}
	for i, t := range topics {
		byTopic[t] = kept[i]
	}
	for t := range b.walks {
		b.fill(t, byTopic[t])
	}
}

// recollection is what a channel keeps; nil: nothing.
type recollection struct {
	event *pusher.Event
	err   error
}

func (b *batch) recollect(ctx context.Context, t stream.Topic) (r recollection) {
	if b.Cache == nil {
		return r
	}
	app, channel, _ := t.Channel()
	e, _, ok, err := b.Cache.Cached(ctx, app, channel)
	if r.err = err; ok {
		r.event = &e
	}
	return r
}

// asksFirst reports whether somebody comes to a cache channel before an event is said on it.
func (b *batch) asksFirst(t stream.Topic) bool {
	for _, n := range b.byTopic[t] {
		switch m := &b.messages[n]; {
		case m.misses():
			return true
		case m.isEvent():
			return false
		}
	}
	return false
}

// fill says the last event to those who would be told that there is none.
func (b *batch) fill(t stream.Topic, r recollection) {
	for _, n := range b.byTopic[t] {
		switch m := &b.messages[n]; {
		case m.isEvent():
			r = recollection{event: &pusher.Event{Name: m.Event, Data: string(m.Payload)}}
		case !m.misses():
		case r.err != nil:
			b.blame("cache", r.err)
			m.change.hold()
		case r.event != nil:
			m.Event, m.Payload, m.frames = r.event.Name, []byte(r.event.Data), &frames{}
		}
	}
}

// misses reports whether the message tells a newcomer that there is no event.
func (m *message) misses() bool { return m.Only != "" && m.Event == stream.EventCacheMiss }

// isEvent reports whether the message is an event that its channel keeps if it is a cache channel: one
// that was said through the API, and no client's. One of another table has no place in the channel's order.
func (m *message) isEvent() bool {
	return !m.change.Elsewhere && m.change.New != nil && m.change.New.Kind == "event" && m.Only == ""
}

// keepEvents has cache channels keep the last event that was posted.
func (b *batch) keepEvents(ctx context.Context) {
	if b.Cache == nil {
		return
	}
	var last []*message
	for _, t := range b.topics {
		if _, channel, ok := t.Channel(); !ok || !stream.IsCacheChannel(channel) {
			continue
		}
		if m := b.lastEvent(t); m != nil {
			last = append(last, m)
		}
	}
	errs := make([]error, len(last))
	sideBySide(len(last), func(i int) {
		m := last[i]
		app, channel, _ := m.Topic.Channel()
		errs[i] = b.Cache.Cache(ctx, app, channel, pusher.Event{Name: m.Event, Data: string(m.Payload)}, m.change.Sequence)
	})
	for i, err := range errs {
		if err != nil {
			b.blame("cache", err)
			last[i].change.fail()
		}
	}
}

func (b *batch) lastEvent(t stream.Topic) (last *message) {
	for _, n := range b.byTopic[t] {
		if m := &b.messages[n]; m.isEvent() && !m.change.waits() {
			last = m
		}
	}
	return last
}
