package publish

import (
	"context"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
)

// news is what webhooks hear of together, one after the other: of one member, or of one channel what is
// no member's.
type news struct {
	messages []*message
	keys     []uint64
}

// tell has webhooks told what the batch says. What cannot be told comes again.
func (b *batch) tell(ctx context.Context) {
	if b.Hooks == nil {
		return
	}
	all := b.news()
	sideBySide(len(all), func(i int) { b.tellAll(ctx, all[i]) })
	for _, n := range all {
		b.told = append(b.told, n.keys...)
	}
}

// news are in the batch's order.
func (b *batch) news() (all []*news) {
	type subject struct {
		stream.Topic
		member string
	}
	of := map[subject]*news{}
	for i := range b.messages {
		m := &b.messages[i]
		if !m.isNews() || m.Event == stream.EventCount && m.Payload == nil {
			continue
		}
		s := subject{m.Topic, m.Member}
		if of[s] == nil {
			of[s] = &news{}
			all = append(all, of[s])
		}
		of[s].messages = append(of[s].messages, m)
	}
	return all
}

// isNews reports whether webhooks may hear of the message.
func (m *message) isNews() bool {
	if m.Only != "" {
		return m.misses()
	}
	switch m.Event {
	case stream.EventMemberAdded, stream.EventMemberRemoved, stream.EventCount:
		return true
	}
	return m.isClient()
}

func (m *message) isClient() bool {
	return m.change.New != nil && m.change.New.Kind == stream.KindClient
}

func (b *batch) tellAll(ctx context.Context, n *news) {
	for _, m := range n.messages {
		key := b.key(m.change, "hook", stream.Subscription{Stream: stream.Channel, Param: m.Topic.ID}, m.Part)
		if m.change.waits() || b.repeated && b.memory.has(key) {
			continue
		}
		if err := b.tellOf(ctx, m); err != nil {
			b.blame("hook", err)
			m.change.hold()
			return
		}
		n.keys = append(n.keys, key)
	}
}

func (b *batch) tellOf(ctx context.Context, m *message) error {
	app, channel, _ := m.Topic.Channel()
	switch {
	case m.misses():
		return b.Hooks.CacheMiss(ctx, app, channel)
	case m.isClient():
		return b.Hooks.ClientEvent(ctx, app, channel, pusher.Event{Name: m.Event, Data: string(m.Payload), Except: m.Except, User: m.User})
	case m.Event == stream.EventMemberAdded:
		return b.Hooks.MemberAdded(ctx, app, channel, m.Member)
	case m.Event == stream.EventMemberRemoved:
		return b.Hooks.MemberLeft(ctx, app, channel, m.Member)
	}
	return b.Hooks.SubscriptionCount(ctx, app, channel, m.subscriptions)
}
