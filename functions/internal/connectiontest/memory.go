package connectiontest

import (
	"context"
	"slices"
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
	// connections is how many are open of each account, and found where they have subscribed.
	connections map[string]int
	found       map[place]row
	heads       map[stream.Topic]head
	// openings are what is, or was, under way to wide segments.
	openings openings
	// turns counts, so that no turn comes twice.
	turns int64
	// Now is the clock of whoever asks, set before that: time.Now.
	Now func() time.Time
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
	// made is the time of the message that subscribed, and turn that of its replay; 0: it is live.
	made time.Time
	turn int64
}

// NewMemory is an empty store.
func NewMemory(l Limits) *Memory {
	return &Memory{limits: l, open: map[string]*connection{}, connections: map[string]int{}, found: map[place]row{},
		heads: map[stream.Topic]head{}, openings: openings{}, Now: time.Now}
}

var _ Store = (*Memory)(nil)

// Open implements Store.
func (m *Memory) Open(_ context.Context, s stream.Session, first []stream.Subscription) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.connections[s.Account] >= m.limits.Connections {
		return stream.ErrTooManyConnections
	}
	m.remove(s.ID)
	c := &connection{session: s, last: map[string]mapping{}}
	for _, sub := range first {
		made := m.mapping(s, sub, s.ConnectedAt)
		made.opened = m.Now()
		c.last[sub.Key()] = made
		m.index(c, sub)
	}
	m.open[s.ID] = c
	m.connections[s.Account]++
	return nil
}

// Confirm implements Store.
func (m *Memory) Confirm(ctx context.Context, s stream.Session, first []stream.Subscription) error {
	for _, sub := range first {
		_ = m.HandOver(ctx, stream.Listener{Connection: s.Connection, Subscription: sub}, m.Now()) // it never fails
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.open[s.ID] == nil {
		return stream.ErrInvalidToken
	}
	return nil
}

// mapping is a subscription that a message of the given time makes.
func (m *Memory) mapping(s stream.Session, sub stream.Subscription, at time.Time) mapping {
	made := mapping{sub: sub, at: at, subscribed: true, made: at}
	if s.EventIDs {
		m.turns++
		made.turn = m.turns
	}
	return made
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
func (m *Memory) Subscribe(_ context.Context, s stream.Session, sub stream.Subscription, at time.Time) (begun bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.open[s.ID]
	if c == nil {
		return false, stream.ErrNoConnection
	}
	was, known := c.last[sub.Key()]
	switch {
	case known && at.Before(was.at):
		return was.subscribed && was.begunAt(at), nil
	case was.subscribed:
		was.at = at
		c.last[sub.Key()] = was
		return was.begunAt(at), nil
	case c.subscriptions() >= m.limits.Subscriptions:
		return false, stream.ErrTooManySubscriptions
	}
	c.last[sub.Key()] = m.mapping(s, sub, at)
	m.index(c, sub)
	return s.EventIDs, nil
}

// begunAt reports whether the subscription is being replayed and was made by a message of that time.
func (m mapping) begunAt(at time.Time) bool { return m.turn != 0 && m.made.Equal(at) }

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
	m.remove(c.ID)
	return nil
}

// Audience finds everyone who listens to the topic, and whether it is kept.
func (m *Memory) Audience(ctx context.Context, t stream.Topic) (stream.Audience, error) {
	listeners, err := m.Listeners(ctx, t)
	kept := slices.ContainsFunc(listeners, func(l stream.Listener) bool { return l.EventIDs })
	m.mu.Lock()
	defer m.mu.Unlock()
	return stream.Audience{Listeners: listeners, Kept: kept || m.heads[t].live(m.Now())}, err
}

// Listeners finds everyone who listens to the topic.
func (m *Memory) Listeners(_ context.Context, t stream.Topic) ([]stream.Listener, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []stream.Listener
	for _, s := range segments(t) {
		found = append(found, m.listeners(t, s)...)
	}
	return found, nil
}

func (c *connection) listener(m mapping) stream.Listener {
	l := stream.Listener{
		Connection:    c.session.Connection,
		Subscription:  m.sub,
		Account:       c.session.Account,
		Notifications: m.sub.Stream == stream.User && c.session.Scopes.Notifications(),
		Opened:        m.opened,
		Until:         c.session.TokenExpires,
		EventIDs:      c.session.EventIDs,
		Replaying:     m.turn != 0,
	}
	if l.Replaying {
		l.Since = m.made
	}
	if m.sub.Stream == stream.User || m.sub.Stream.Filtered() || m.sub.Stream.TakesList() {
		l.Viewer = c.session.Viewer
	}
	return l
}
