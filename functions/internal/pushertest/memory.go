package pushertest

import (
	"context"
	"slices"
	"sync"
	"time"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
)

// Limits are what a store is made with.
type Limits struct {
	// Subscriptions is how many a connection may hold at a time.
	Subscriptions int
}

// Memory is a store that keeps everything in memory and follows the rules to the letter, with a
// publisher that is never late. It is for one process and for tests.
type Memory struct {
	limits Limits
	mu     sync.Mutex
	open   map[string]*connection
	// leaving are those that have left, and have not ended.
	leaving map[string]*connection
}

type connection struct {
	session stream.Session
	user    pusher.User
	// last is the newest message of each channel.
	last map[string]entry
	// heard is when the client last spoke; spent are its client events of the second.
	heard, second time.Time
	spent         int
}

type entry struct {
	at         time.Time
	subscribed bool
	as         pusher.Subscriber
}

// eventsPerSecond is how many events a client may send in a second.
const eventsPerSecond = 10

// NewMemory is an empty store.
func NewMemory(l Limits) *Memory {
	return &Memory{limits: l, open: map[string]*connection{}, leaving: map[string]*connection{}}
}

var _ pusher.Connections = (*Memory)(nil)

// Open implements pusher.Connections.
func (m *Memory) Open(_ context.Context, s stream.Session) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.open[s.ID] == nil {
		m.open[s.ID] = &connection{session: s, last: map[string]entry{}}
	}
	return nil
}

// Session implements pusher.Connections.
func (m *Memory) Session(_ context.Context, c stream.Connection) (pusher.Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	open := m.open[c.ID]
	if open == nil {
		return pusher.Session{}, stream.ErrNoConnection
	}
	s := pusher.Session{Session: open.session, User: open.user, Channels: map[string]pusher.Subscriber{}}
	for _, channel := range open.channels() {
		s.Channels[channel] = open.last[channel].as
	}
	return s, nil
}

// Heard implements pusher.Connections.
func (m *Memory) Heard(_ context.Context, c stream.Connection, at time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	open := m.open[c.ID]
	if open == nil {
		return stream.ErrNoConnection
	}
	open.heard = at
	return nil
}

// LastHeard is when the client last spoke.
func (m *Memory) LastHeard(c stream.Connection) time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	if open := m.open[c.ID]; open != nil {
		return open.heard
	}
	return time.Time{}
}

// Spend implements pusher.Connections.
func (m *Memory) Spend(_ context.Context, s pusher.Session, at time.Time) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	open := m.open[s.ID]
	if open == nil {
		return false, stream.ErrNoConnection
	}
	if second := at.Truncate(time.Second); !open.second.Equal(second) {
		open.second, open.spent = second, 0
	}
	open.spent++
	return open.spent <= eventsPerSecond, nil
}

// Leave implements pusher.Connections.
func (m *Memory) Leave(_ context.Context, c stream.Connection) (pusher.Closed, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	open := m.open[c.ID]
	if open == nil {
		open = m.leaving[c.ID]
	}
	if open == nil {
		return pusher.Closed{}, nil
	}
	delete(m.open, c.ID)
	m.leaving[c.ID] = open
	left := pusher.Closed{App: open.session.App, Channels: open.channels()}
	for _, channel := range left.Channels {
		if len(m.subscribers(left.App, channel)) == 0 {
			left.Empty = append(left.Empty, channel)
		}
	}
	return left, nil
}

// End implements pusher.Connections.
func (m *Memory) End(_ context.Context, c stream.Connection) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.open, c.ID)
	delete(m.leaving, c.ID)
	return nil
}

// channels are those that the connection is subscribed to, in order.
func (c *connection) channels() (names []string) {
	for channel, last := range c.last {
		if last.subscribed {
			names = append(names, channel)
		}
	}
	slices.Sort(names)
	return names
}

// subscribers are the connections that are subscribed to the channel, in the order of their ids.
func (m *Memory) subscribers(app, channel string) (found []*connection) {
	for _, c := range m.open {
		if c.session.App == app && c.last[channel].subscribed {
			found = append(found, c)
		}
	}
	slices.SortFunc(found, func(a, b *connection) int { return slices.Compare([]byte(a.session.ID), []byte(b.session.ID)) })
	return found
}
