package publish

import (
	"context"
	"slices"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
)

// news is what webhooks hear of one after the other: who leaves a channel, and who comes to it and what
// else is said there.
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
		leaves bool
	}
	of := map[subject]*news{}
	for i := range b.messages {
		m := &b.messages[i]
		if !m.isNews() || m.Event == stream.EventCount && m.Payload == nil {
			continue
		}
		s := subject{m.Topic, m.Member != "" && m.Event == stream.EventMemberRemoved}
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
	var due []*message
	var keys []uint64
	for _, m := range n.messages {
		key := b.key(m.change, "hook", stream.Subscription{Stream: stream.Channel, Param: m.Topic.ID}, m.Part)
		if !m.change.waits() && !(b.repeated && b.memory.has(key)) {
			due, keys = append(due, m), append(keys, key)
		}
	}
	for len(due) > 0 {
		some := together(due)
		if due[0].change.waits() || !b.heard(due[0], b.tellOf(ctx, due[:some])) {
			return
		}
		n.keys = append(n.keys, keys[:some]...)
		due, keys = due[some:], keys[some:]
	}
}

// together is how many of the first messages are told at once: members who come, or leave, one after the
// other.
func together(all []*message) (n int) {
	for n < len(all) && all[n].Member != "" {
		n++
	}
	return max(1, n)
}

// heard reports whether webhooks have been told; if not, the change waits, and with it all that follow.
func (b *batch) heard(m *message, err error) bool {
	if err != nil {
		b.blame("hook", err)
		m.change.hold()
	}
	return err == nil
}

// tellMembers tells who has come, or left; all messages are of one channel and one event.
func (b *batch) tellMembers(ctx context.Context, all []*message) error {
	app, channel, _ := all[0].Topic.Channel()
	var users []string
	for _, m := range all {
		if !slices.Contains(users, m.Member) {
			users = append(users, m.Member)
		}
	}
	if all[0].Event == stream.EventMemberAdded {
		return b.Hooks.MembersAdded(ctx, app, channel, users...)
	}
	return b.Hooks.MembersLeft(ctx, app, channel, users...)
}

func (b *batch) tellOf(ctx context.Context, some []*message) error {
	m := some[0]
	app, channel, _ := m.Topic.Channel()
	switch {
	case m.Member != "":
		return b.tellMembers(ctx, some)
	case m.misses():
		return b.Hooks.CacheMiss(ctx, app, channel)
	case m.isClient():
		return b.Hooks.ClientEvent(ctx, app, channel, pusher.Event{Name: m.Event, Data: string(m.Payload), Except: m.Except, User: m.User})
	}
	return b.Hooks.SubscriptionCount(ctx, app, channel, m.subscriptions)
}
