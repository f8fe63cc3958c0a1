package channeldb

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"edgestream/functions/internal/dynamo"
	"edgestream/functions/internal/pusher"
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

// TestWhatEachOperationCosts pins the price of what clients do, on channels of a few connections. A
// write that is refused is billed too, but not reported: it is counted as a call alone.
func TestWhatEachOperationCosts(t *testing.T) {
	// On the embedded engine alone: DynamoDB Local reports no units for reads that find nothing,
	// for which AWS charges.
	t.Setenv("DYNAMODB_ENDPOINT", "")
	w, ctx := newWorld(t), t.Context()
	var m meter
	w.Meter(m.add)
	w.rows.(*dynamo.Connections).Meter(m.add)
	first, second := pusher.Session{Session: w.opened(t, "A1=")}, pusher.Session{Session: w.opened(t, "B1=")}
	subscribe := func(s pusher.Session, channel pusher.Channel, ms int) func() error {
		return func() error {
			_, err := w.Subscribe(ctx, s, channel, pusher.Subscriber{User: s.ID}, at(s.Session, ms))
			return err
		}
	}
	unsubscribe := func(s pusher.Session, channel pusher.Channel, ms int) func() error {
		return func() error {
			_, err := w.Unsubscribe(ctx, s, channel, at(s.Session, ms))
			return err
		}
	}
	third := stream.Session{App: "4072", Connection: stream.Connection{ID: "C1=", ConnectedAt: first.ConnectedAt}}
	for _, tt := range []struct {
		name        string
		calls       int
		read, write float64
		what        func() error
	}{
		{"open", 1, 0, 1, func() error { return w.Open(ctx, third) }},
		{"session", 1, 1, 0, func() error { _, err := w.Session(ctx, third.Connection); return err }},
		{"subscribe: first of a channel", 5, 2, 3, subscribe(first, "x", 1)},
		{"subscribe: second of a channel", 4, 2, 2, subscribe(second, "x", 1)},
		{"subscribe: first of a presence channel", 7, 2, 4, subscribe(first, "presence-x", 1)},
		{"subscribe: second of a presence channel", 5, 2, 3, subscribe(second, "presence-x", 1)},
		{"subscribe: cache channel", 5, 2, 3, subscribe(first, "cache-x", 1)},
		{"unsubscribe", 3, 1, 2, unsubscribe(first, "x", 2)},
		{"unsubscribe: presence, one of two", 2, 0, 2, unsubscribe(first, "presence-x", 2)},
		{"unsubscribe: presence, the last", 3, 0, 2, unsubscribe(second, "presence-x", 2)},
		{"publish to ten channels", 1, 0, 10, func() error { return w.Publish(ctx, "4072", tenChannels()) }},
		{"client event", 2, 0, 2, func() error {
			if _, err := w.Spend(ctx, first, at(first.Session, 1)); err != nil {
				return err
			}
			return w.PublishClient(ctx, "4072", "private-x", pusher.Event{Name: "client-a", Data: "{}"})
		}},
		{"sign in with ten on the watchlist", 5, 1, 13, func() error { return w.SignIn(ctx, second, pusher.User{ID: "7", Watchlist: ten()}) }},
		{"heard, seen by nobody", 1, 1, 0, func() error { return w.Heard(ctx, first.Connection, at(first.Session, 99)) }},
		{"close: a public channel, signed in, ten watched", 10, 2.5, 15, func() error { _, err := w.Close(ctx, second.Connection); return err }},
		{"close: nothing held", 4, 1.5, 2, func() error { _, err := w.Close(ctx, third.Connection); return err }},
		{"close: gone", 2, 1.5, 0, func() error { _, err := w.Close(ctx, third.Connection); return err }},
	} {
		m = meter{}
		if err := tt.what(); err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		t.Logf("%-50s %d calls, %4.1f read units, %4.1f write units", tt.name, m.calls, m.read, m.write)
		if m.calls != tt.calls || m.read != tt.read || m.write != tt.write {
			t.Errorf("%s: %d calls, %v read, %v write; want %d, %v, %v", tt.name, m.calls, m.read, m.write, tt.calls, tt.read, tt.write)
		}
	}
}

func TestWhetherThereIsASubscriptionCostsOneUnitHoweverManyThereAre(t *testing.T) {
	t.Setenv("DYNAMODB_ENDPOINT", "") // as above
	w, ctx := newWorld(t), t.Context()
	var all []stream.Membership
	for i := range 200 {
		c := stream.Connection{ID: fmt.Sprint("A", i), ConnectedAt: time.Now()}
		all = append(all, stream.Membership{Session: stream.Session{App: "4072", Connection: c}, Subscription: stream.Subscription{Stream: stream.Channel, Param: "x"}})
	}
	if err := w.rows.MapAll(ctx, all); err != nil {
		t.Fatal(err)
	}
	var m meter
	w.rows.(*dynamo.Connections).Meter(m.add)
	if is, err := w.Subscribed(ctx, "4072", "x"); err != nil || !is || m.calls != 1 || m.read != 1 {
		t.Errorf("%v, %v, %d calls, %v units", is, err, m.calls, m.read)
	}
	if n, err := w.Subscriptions(ctx, "4072", "x"); err != nil || n != 200 || m.read < 4 {
		t.Errorf("%d, %v, %v units: the test shows nothing", n, err, m.read)
	}
	if is, err := w.Subscribed(ctx, "4072", "y"); err != nil || is {
		t.Errorf("%v, %v", is, err)
	}
}

func ten() (names []string) {
	for i := range 10 {
		names = append(names, fmt.Sprint("n", i))
	}
	return names
}

func tenChannels() (all []pusher.ChannelEvents) {
	for _, name := range ten() {
		all = append(all, pusher.ChannelEvents{Channel: name, Events: []pusher.Event{{Name: "e", Data: "{}"}}})
	}
	return all
}
