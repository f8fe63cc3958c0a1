package pushertest

import (
	"context"
	"slices"
	"time"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
)

// Subscribe implements pusher.Connections.
func (m *Memory) Subscribe(_ context.Context, s pusher.Session, channel pusher.Channel, as pusher.Subscriber, at time.Time) (occupied bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.open[s.ID]
	if c == nil {
		return false, stream.ErrNoConnection
	}
	was := c.last[string(channel)]
	switch {
	case at.Before(was.at), was.subscribed && at.Equal(was.at):
		return false, nil
	case was.subscribed:
		was.at = at
		c.last[string(channel)] = was
		return false, pusher.ErrSubscribed
	case len(c.channels()) >= m.limits.Subscriptions:
		return false, stream.ErrTooManySubscriptions
	}
	if users := m.users(s.App, channel); channel.Presence() && len(users) >= pusher.MaxMembers && !slices.Contains(users, as.User) {
		return false, pusher.ErrFull
	}
	occupied = len(m.subscribers(s.App, string(channel))) == 0
	c.last[string(channel)] = entry{at, true, as}
	return occupied, nil
}

// Unsubscribe implements pusher.Connections.
func (m *Memory) Unsubscribe(_ context.Context, s pusher.Session, channel pusher.Channel, at time.Time) (empty bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.open[s.ID]
	if c == nil {
		return false, nil
	}
	was := c.last[string(channel)]
	switch {
	case was.subscribed && !at.After(was.at):
		return false, pusher.ErrOvertaken
	case !at.After(was.at):
		return false, nil
	}
	c.last[string(channel)] = entry{at: at}
	return was.subscribed && len(m.subscribers(s.App, string(channel))) == 0, nil
}

// SignIn implements pusher.Connections.
func (m *Memory) SignIn(_ context.Context, s pusher.Session, u pusher.User) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.open[s.ID]
	switch {
	case c == nil:
		return stream.ErrNoConnection
	case c.user.ID != "" && c.user.ID != u.ID:
		return pusher.ErrOtherUser
	}
	c.user = u
	return nil
}

// Online implements pusher.Connections.
func (m *Memory) Online(ctx context.Context, app string, users []string) (online []string, err error) {
	for _, user := range users {
		if found, _ := m.UserConnections(ctx, app, user); len(found) > 0 {
			online = append(online, user)
		}
	}
	return online, nil
}

// UserConnections is as in pusher.Directory.
func (m *Memory) UserConnections(_ context.Context, app, user string) (found []stream.Connection, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.open {
		if c.session.App == app && c.user.ID == user {
			found = append(found, c.session.Connection)
		}
	}
	return found, nil
}

// Users is as in pusher.Directory.
func (m *Memory) Users(_ context.Context, app, channel string) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.users(app, pusher.Channel(channel)), nil
}

func (m *Memory) users(app string, channel pusher.Channel) (users []string) {
	for _, c := range m.subscribers(app, string(channel)) {
		users = append(users, c.last[string(channel)].as.User)
	}
	slices.Sort(users)
	return slices.Compact(users)
}

// Listeners finds everyone who listens to the topic.
func (m *Memory) Listeners(_ context.Context, t stream.Topic) (found []stream.Listener, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.open {
		var subs []stream.Subscription
		for _, channel := range c.channels() {
			subs = append(subs, stream.Subscription{Stream: stream.Channel, Param: channel})
		}
		for _, user := range c.user.Watchlist {
			subs = append(subs, stream.Subscription{Stream: stream.Watch, Param: user})
		}
		for _, sub := range subs {
			if c.session.Topic(sub) == t {
				found = append(found, stream.Listener{Connection: c.session.Connection, Subscription: sub, App: c.session.App})
			}
		}
	}
	return found, nil
}
