package connectiontest

import (
	"context"
	"sync"
	"time"

	"edgestream/functions/internal/stream"
)

// Memory is a store that keeps everything in memory and follows the rules to the letter. It is
// for one process and for tests; it never forgets an unsubscribe of an open connection.
type Memory struct {
	limits Limits
	mu     sync.Mutex
	open   map[string]*connection
}

type connection struct {
	session stream.Session
	// last is the newest message of each subscription, by its key.
	last map[string]mapping
}

type mapping struct {
	sub        stream.Subscription
	at         time.Time
	subscribed bool
	opened     time.Time
}

// NewMemory is an empty store.
func NewMemory(l Limits) *Memory { return &Memory{limits: l, open: map[string]*connection{}} }

var _ Store = (*Memory)(nil)

// Open implements Store.
func (m *Memory) Open(_ context.Context, s stream.Session, first []stream.Subscription) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.connections(s.Account) >= m.limits.Connections {
		return stream.ErrTooManyConnections
	}
	c := &connection{session: s, last: map[string]mapping{}}
	for _, sub := range first {
		c.last[sub.Key()] = mapping{sub: sub, at: s.ConnectedAt, subscribed: true, opened: time.Now()}
	}
	m.open[s.ID] = c
	return nil
}

func (m *Memory) connections(account string) (n int) {
	for _, c := range m.open {
		if c.session.Account == account {
			n++
		}
	}
	return n
}

// Session implements Store.
func (m *Memory) Session(_ context.Context, c stream.Connection) (stream.Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if open := m.open[c.ID]; open != nil {
		return open.session, nil
	}
	return stream.Session{}, stream.ErrNoConnection
}

// Subscribe implements Store.
func (m *Memory) Subscribe(_ context.Context, s stream.Session, sub stream.Subscription, at time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.open[s.ID]
	if c == nil {
		return stream.ErrNoConnection
	}
	was, known := c.last[sub.Key()]
	switch {
	case known && at.Before(was.at):
		return nil
	case was.subscribed:
		was.at = at
		c.last[sub.Key()] = was
		return nil
	case c.subscriptions() >= m.limits.Subscriptions:
		return stream.ErrTooManySubscriptions
	}
	c.last[sub.Key()] = mapping{sub: sub, at: at, subscribed: true}
	return nil
}

func (c *connection) subscriptions() (n int) {
	for _, last := range c.last {
		if last.subscribed {
			n++
		}
	}
	return n
}

// Unsubscribe implements Store.
func (m *Memory) Unsubscribe(_ context.Context, s stream.Session, sub stream.Subscription, at time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.open[s.ID]
	if c == nil {
		return nil
	}
	if was, known := c.last[sub.Key()]; !known || at.After(was.at) {
		c.last[sub.Key()] = mapping{sub: sub, at: at}
	}
	return nil
}

// Close implements Store.
func (m *Memory) Close(_ context.Context, c stream.Connection) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.open, c.ID)
	return nil
}

// Listeners finds everyone who listens to the topic.
func (m *Memory) Listeners(_ context.Context, t stream.Topic) ([]stream.Listener, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []stream.Listener
	for _, c := range m.open {
		for _, last := range c.last {
			everyone := t.IsEveryone() && last.sub.Stream == stream.User
			if last.subscribed && (everyone || last.sub.Topic(c.session.Account) == t) {
				found = append(found, c.listener(last))
			}
		}
	}
	return found, nil
}

func (c *connection) listener(m mapping) stream.Listener {
	return stream.Listener{
		Connection:    c.session.Connection,
		Subscription:  m.sub,
		Account:       c.session.Account,
		Notifications: m.sub.Stream == stream.User && c.session.Scopes.Notifications(),
		Opened:        m.opened,
		Until:         c.session.TokenExpires,
	}
}
