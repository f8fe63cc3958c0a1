package connectiontest

import (
	"context"
	"time"

	"edgestream/functions/internal/stream"
)

// find is the subscription of a connection; false if there is none (any more).
func (m *Memory) find(connection stream.Connection, sub stream.Subscription) (*connection, mapping, bool) {
	c := m.open[connection.ID]
	if c == nil {
		return nil, mapping{}, false
	}
	last := c.last[sub.Key()]
	return c, last, last.subscribed
}

// HandOver implements Store.
func (m *Memory) HandOver(_ context.Context, l stream.Listener, until time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c, last, ok := m.find(l.Connection, l.Subscription); ok && !last.opened.IsZero() && until.After(last.opened) {
		last.opened = until
		c.last[l.Subscription.Key()] = last
	}
	return nil
}

// Defer implements Store.
func (m *Memory) Defer(_ context.Context, l stream.Listener) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, last, ok := m.find(l.Connection, l.Subscription)
	if !ok || last.turn == 0 {
		return !ok, nil
	}
	m.turns++
	last.turn = m.turns
	c.last[l.Subscription.Key()] = last
	return true, nil
}

// Replaying implements Store.
func (m *Memory) Replaying(_ context.Context, r stream.Replay) (stream.Listener, int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, last, ok := m.find(r.Connection, r.Subscription)
	if !ok || last.turn == 0 || !r.Made.IsZero() && !r.Made.Equal(last.made) {
		return stream.Listener{}, 0, nil
	}
	return c.listener(last), last.turn, nil
}

// CaughtUp implements Store.
func (m *Memory) CaughtUp(_ context.Context, r stream.Replay, turn int64) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, last, ok := m.find(r.Connection, r.Subscription)
	if !ok || last.turn == 0 || last.turn != turn {
		return false, nil
	}
	last.turn = 0
	c.last[r.Subscription.Key()] = last
	return true, nil
}

// head is since and until when a topic is kept.
type head struct{ since, until time.Time }

func (h head) live(now time.Time) bool { return now.Before(h.until) }

// keptFor is as long as no test takes.
const keptFor = 5 * time.Hour

// Keep implements Store.
func (m *Memory) Keep(_ context.Context, topics []stream.Topic) (since time.Time, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.Now().UTC().Truncate(time.Millisecond)
	for _, t := range topics {
		h := m.heads[t]
		if !h.live(now) {
			h.since = now
		}
		h.until = now.Add(keptFor)
		m.heads[t] = h
		if h.since.After(since) {
			since = h.since
		}
	}
	return since, nil
}
