package dynamo

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/table"
)

// meter sums what calls consume.
type meter struct {
	mu          sync.Mutex
	calls       int
	read, write float64
}

func (m *meter) add(u table.Units) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls++
	switch u.Operation {
	case "GetItem", "BatchGetItem", "Query":
		m.read += u.Capacity
	default:
		m.write += u.Capacity
	}
}

func (m *meter) reset() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls, m.read, m.write = 0, 0, 0
}

// spends runs what and fails unless it consumes just these units in so many calls.
func (m *meter) spends(t *testing.T, name string, calls int, read, write float64, what func() error) {
	t.Helper()
	m.reset()
	if err := what(); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	t.Logf("%-40s %d calls, %4.1f read units, %4.1f write units", name, m.calls, m.read, m.write)
	if m.calls != calls || m.read != read || m.write != write {
		t.Errorf("%s: %d calls, %v read, %v write; want %d, %v, %v", name, m.calls, m.read, m.write, calls, read, write)
	}
}

// TestWhatEachOperationCosts pins the price of the operations that are paid for per message, for an
// ordinary client: a few subscriptions on one connection.
func TestWhatEachOperationCosts(t *testing.T) {
	// On the embedded engine alone: DynamoDB Local reports no units for reads that find nothing,
	// for which AWS charges.
	t.Setenv("DYNAMODB_ENDPOINT", "")
	client, _, name := newTable(t, "pk", "sk")
	c := NewConnections(client, name, Limits{Subscriptions: 100, Connections: 50})
	var m meter
	c.Meter(m.add)
	user, ctx := stream.Subscription{Stream: stream.User}, t.Context()
	var s stream.Session
	m.spends(t, "connect with ?stream=user", 2, 0, 2, func() error { s = opened(t, c, "A1=", "1", user); return nil })
	m.spends(t, "session", 1, 1, 0, func() error { _, err := c.Session(ctx, s.Connection); return err })
	m.spends(t, "subscribe an account's stream", 2, 0, 2, func() error {
		return c.subscribe(ctx, s, stream.Subscription{Stream: stream.Direct}, at(s, 1))
	})
	m.spends(t, "subscribe a tag", 2, 0, 2, func() error { return c.subscribe(ctx, s, tag("cats"), at(s, 2)) })
	m.spends(t, "unsubscribe a tag", 2, 0, 2, func() error { return c.Unsubscribe(ctx, s, tag("cats"), at(s, 3)) })
	m.spends(t, "listeners of one account", 1, 1, 0, func() error { return c.find(t, 1, stream.AccountTopic("1")) })
	m.spends(t, "listeners of a tag without any", 1, 1, 0, func() error { return c.find(t, 0, stream.HashtagTopic("dogs")) })
	m.spends(t, "listeners of public without any", publicKeys, publicKeys, 0, func() error { return c.find(t, 0, stream.PublicTopic()) })
	m.spends(t, "listeners of 100 accounts, 1 online", 1, 100, 0, func() error { return c.find(t, 1, accounts(100)...) })
	m.spends(t, "leave: none of an app", 1, 0.5, 0, func() error { _, _, err := c.Leave(ctx, s.Connection); return err })
	m.spends(t, "disconnect", 2, 0, 2, func() error { return c.Close(ctx, s.Connection) })
	for i := range 1000 {
		s.ID = fmt.Sprintf("PJqB0fHsqR%05d=", i)
		if _, err := c.mapTopic(ctx, s, tag("wide"), held{at: milliseconds(at(s, 4)), on: true, param: "wide"}, 1); err != nil {
			t.Fatal(err)
		}
	}
	m.reset()
	if err := c.find(t, 1, stream.HashtagTopic("wide")); err != nil {
		t.Fatal(err)
	}
	t.Logf("%-40s %d calls, %4.1f read units", "1,000 listeners of a tag", m.calls, m.read)
	if m.read > 40 {
		t.Errorf("1,000 listeners cost %v read units: rows have grown", m.read)
	}
}

// TestWhatIDsCost pins what a client with ids costs more: the replay of each of its subscriptions.
func TestWhatIDsCost(t *testing.T) {
	t.Setenv("DYNAMODB_ENDPOINT", "")
	c := newConnections(t, Limits{Subscriptions: 100, Connections: 50})
	var m meter
	c.Meter(m.add)
	user, ctx := stream.Subscription{Stream: stream.User}, t.Context()
	plain := opened(t, c, "A1=", "1")
	s := plain
	s.ID, s.EventIDs = "B1=", true
	m.spends(t, "connect with ?stream=user", 2, 0, 2, func() error { return c.Open(ctx, s, []stream.Subscription{user}) })
	m.spends(t, "subscribe an account's stream", 2, 0, 2, func() error {
		return c.subscribe(ctx, s, stream.Subscription{Stream: stream.Direct}, at(s, 1))
	})
	m.spends(t, "subscribe a tag", 2, 0, 2, func() error { return c.subscribe(ctx, s, tag("cats"), at(s, 2)) })
	for _, sub := range []stream.Subscription{user, tag("cats")} {
		r := stream.Replay{Connection: s.Connection, Account: s.Account, Subscription: sub}
		var turn int64
		m.spends(t, "read a turn", 1, 1, 0, func() (err error) { _, turn, err = c.Replaying(ctx, r); return err })
		m.spends(t, "catch up", 1, 0, 1, func() error { _, err := c.CaughtUp(ctx, r, turn); return err })
	}
	m.spends(t, "defer", 1, 0, 1, func() error {
		_, err := c.Defer(ctx, stream.Listener{Connection: s.Connection, Account: s.Account, Subscription: stream.Subscription{Stream: stream.Direct}})
		return err
	})
	m.spends(t, "everyone: connections, head, account", connectionKeys+2, connectionKeys+2, 0, func() error { return c.find(t, 1, stream.EveryoneTopic()) })
	if err := c.Close(ctx, s.Connection); err != nil {
		t.Fatal(err)
	}
	if err := c.subscribe(ctx, plain, user, at(s, 1)); err != nil {
		t.Fatal(err)
	}
	m.spends(t, "everyone, none with ids", connectionKeys+1, connectionKeys+1, 0, func() error { return c.find(t, 1, stream.EveryoneTopic()) })
}

func accounts(n int) (topics []stream.Topic) {
	for i := range n {
		topics = append(topics, stream.AccountTopic(strings.Repeat("1", i+1)))
	}
	return topics
}

// find fails unless so many topics have listeners.
func (c *Connections) find(t *testing.T, want int, topics ...stream.Topic) error {
	found, err := c.Listeners(t.Context(), topics)
	if len(found) != want {
		t.Errorf("%d topics have listeners, want %d", len(found), want)
	}
	return err
}
