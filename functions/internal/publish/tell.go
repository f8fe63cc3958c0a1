package publish

import (
	"context"
	"slices"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
)

// news is what webhooks hear of together: who comes to a channel, who leaves it, and, one after the
// other, what else is said there.
type news struct {
	// members is the event if it is of members.
	members  string
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
		members string
	}
	of := map[subject]*news{}
	for i := range b.messages {
		m := &b.messages[i]
		if !m.isNews() || m.Event == stream.EventCount && m.Payload == nil {
			continue
		}
		s := subject{Topic: m.Topic}
		if m.Member != "" {
			s.members = m.Event
		}
		if of[s] == nil {
			of[s] = &news{members: s.members}
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
	if n.members != "" && len(due) > 0 {
		if b.heard(due[0], b.tellMembers(ctx, due)) {
			n.keys = keys
		}
		return
	}
	for i, m := range due {
		if m.change.waits() || !b.heard(m, b.tellOf(ctx, m)) {
			return
		}
		n.keys = append(n.keys, keys[i])
	}
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

func (b *batch) tellOf(ctx context.Context, m *message) error {
	app, channel, _ := m.Topic.Channel()
	switch {
	case m.misses():
		return b.Hooks.CacheMiss(ctx, app, channel)
	case m.isClient():
		return b.Hooks.ClientEvent(ctx, app, channel, pusher.Event{Name: m.Event, Data: string(m.Payload), Except: m.Except, User: m.User})
	}
	return b.Hooks.SubscriptionCount(ctx, app, channel, m.subscriptions)
}
