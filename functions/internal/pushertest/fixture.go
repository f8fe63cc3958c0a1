package pushertest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
)

// serial makes connections and apps of one process distinct.
var serial atomic.Int64

// roomy is for tests that are not about limits.
var roomy = Limits{Subscriptions: 50}

// reporter is what a *testing.T and a *rapid.T have in common.
type reporter interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// newApp is the id of an app that no other test uses.
func newApp() string { return fmt.Sprintf("a%d-%d", serial.Add(1), time.Now().UnixNano()) }

// client is an open connection and the store that it is in.
type client struct {
	Subject
	stream.Connection
	app string
}

// connect opens one more connection of the app.
func (x Subject) connect(t reporter, app string) client {
	t.Helper()
	n := serial.Add(1)
	c := client{x, stream.Connection{
		ID:          fmt.Sprintf("PJqB%d/%s=", n, app),
		ConnectedAt: time.Now().Truncate(time.Second).Add(time.Duration(n%1000-1000) * time.Millisecond).UTC(),
	}, app}
	if err := x.Connections.Open(context.Background(), stream.Session{Connection: c.Connection, App: app}); err != nil {
		t.Fatalf("Open: %v", err)
	}
	return c
}

// at is a time of a message: ms milliseconds after the connection was made.
func (c client) at(ms int) time.Time { return c.ConnectedAt.Add(time.Duration(ms) * time.Millisecond) }

func (c client) session(t reporter) pusher.Session {
	t.Helper()
	s, err := c.Connections.Session(context.Background(), c.Connection)
	if err != nil {
		t.Fatalf("Session: %v", err)
	}
	return s
}

// try subscribes, as the user if the channel is a presence channel.
func (c client) try(t reporter, channel pusher.Channel, user string, ms int) (occupied bool, err error) {
	t.Helper()
	var as pusher.Subscriber
	if channel.Presence() {
		as = pusher.Subscriber{User: user, Info: `{"name":"` + user + `"}`}
	}
	return c.Connections.Subscribe(context.Background(), c.session(t), channel, as, c.at(ms))
}

func (c client) subscribe(t reporter, channel pusher.Channel, ms int) (occupied bool) {
	t.Helper()
	return c.join(t, channel, "user of "+c.ID, ms)
}

func (c client) join(t reporter, channel pusher.Channel, user string, ms int) (occupied bool) {
	t.Helper()
	occupied, err := c.try(t, channel, user, ms)
	if err != nil {
		t.Fatalf("Subscribe to %s at %d: %v", channel, ms, err)
	}
	return occupied
}

func (c client) unsubscribe(t reporter, channel pusher.Channel, ms int) (empty bool) {
	t.Helper()
	empty, err := c.Connections.Unsubscribe(context.Background(), c.session(t), channel, c.at(ms))
	if err != nil {
		t.Fatalf("Unsubscribe from %s at %d: %v", channel, ms, err)
	}
	return empty
}

func (c client) close(t reporter) pusher.Closed {
	t.Helper()
	left := c.leave(t)
	if err := c.Connections.End(context.Background(), c.Connection); err != nil {
		t.Fatalf("End: %v", err)
	}
	return left
}

func (c client) leave(t reporter) pusher.Closed {
	t.Helper()
	left, err := c.Connections.Leave(context.Background(), c.Connection)
	if err != nil {
		t.Fatalf("Leave: %v", err)
	}
	slices.Sort(left.Channels)
	slices.Sort(left.Empty)
	return left
}

// holds fails unless the connection holds the subscription, or does not, wherever it is looked for.
func (c client) holds(t reporter, channel pusher.Channel, want bool) {
	t.Helper()
	if _, got := c.session(t).Channels[string(channel)]; got != want {
		t.Errorf("the session has %s: %v, want %v", channel, got, want)
	}
	if !channel.Joins() {
		c.listens(t, stream.ChannelTopic(c.app, string(channel)), want)
	}
}

// listens fails unless the connection is found under the topic once, or not at all.
func (c client) listens(t reporter, topic stream.Topic, want bool) {
	t.Helper()
	all, err := c.Listeners(context.Background(), topic)
	if err != nil {
		t.Fatalf("Listeners of %v: %v", topic, err)
	}
	found := 0
	for _, l := range all {
		if l.ID == c.ID && l.Topic() == topic && l.App == c.app && l.ConnectedAt.Equal(c.ConnectedAt) {
			found++
		}
	}
	if found > 1 || want != (found == 1) {
		t.Errorf("%v is found %d times under %v, want %v", c.ID, found, topic, want)
	}
}

// members fails unless these are the channel's users.
func (x Subject) members(t reporter, app string, channel pusher.Channel, want ...string) {
	t.Helper()
	got, err := x.Directory.Users(context.Background(), app, string(channel))
	if err != nil {
		t.Fatalf("Users: %v", err)
	}
	if slices.Sort(want); !slices.Equal(got, want) {
		t.Errorf("users of %s: %v, want %v", channel, got, want)
	}
}

// each runs fn for 0 to n-1 side by side.
func each(n int, fn func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { fn(i) })
	}
	wg.Wait()
}
