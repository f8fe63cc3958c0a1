package pushertest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
)

func readBack(t *testing.T, open opener) {
	x := open(t, roomy)
	c := x.connect(t, newApp())
	want := stream.Session{Connection: c.Connection, App: c.app}
	if err := x.Connections.Open(context.Background(), want); err != nil {
		t.Errorf("Open again: %v", err)
	}
	s := c.session(t)
	if len(s.Scopes) == 0 {
		s.Scopes = nil
	}
	if diff := cmp.Diff(want, s.Session); diff != "" || s.User.ID != "" || len(s.Channels) > 0 {
		t.Errorf("%+v (-want +got):\n%s", s, diff)
	}
}

// stranger is a connection that was never opened.
func (x Subject) stranger() client {
	return client{x, stream.Connection{ID: newApp() + "=", ConnectedAt: time.Now().Truncate(time.Second).UTC()}, newApp()}
}

func unknown(t *testing.T, open opener) {
	x := open(t, roomy)
	if _, err := x.Connections.Session(context.Background(), x.stranger().Connection); !errors.Is(err, stream.ErrNoConnection) {
		t.Errorf("Session: %v, want ErrNoConnection", err)
	}
}

func closes(t *testing.T, open opener) {
	x := open(t, roomy)
	app := newApp()
	a, b := x.connect(t, app), x.connect(t, app)
	var names []string
	for _, channel := range channels {
		a.join(t, channel, "7", 10)
		names = append(names, string(channel))
	}
	a.subscribe(t, "left", 10)
	a.unsubscribe(t, "left", 20)
	b.subscribe(t, "private-room", 10)
	b.join(t, "presence-room", "8", 10)
	left := a.close(t)
	slices.Sort(names)
	empty := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == "private-room" || name == "presence-room" })
	if diff := cmp.Diff(pusher.Closed{App: app, Channels: names, Empty: empty}, left); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
	if _, err := x.Connections.Session(context.Background(), a.Connection); !errors.Is(err, stream.ErrNoConnection) {
		t.Errorf("Session after Close: %v, want ErrNoConnection", err)
	}
	for _, channel := range channels {
		if !channel.Joins() {
			a.listens(t, stream.ChannelTopic(app, string(channel)), false)
		}
	}
	b.holds(t, "private-room", true)
	x.members(t, app, "presence-room", "8")
	x.members(t, app, "presence-cache-room")
}

func leavesAgain(t *testing.T, open opener) {
	x := open(t, roomy)
	app := newApp()
	a, b := x.connect(t, app), x.connect(t, app)
	var names []string
	for _, channel := range channels {
		a.join(t, channel, "7", 10)
		names = append(names, string(channel))
	}
	b.subscribe(t, "room", 10)
	slices.Sort(names)
	empty := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == "room" })
	for range 3 {
		left := a.leave(t)
		if diff := cmp.Diff(pusher.Closed{App: app, Channels: names, Empty: empty}, left); diff != "" {
			t.Errorf("left (-want +got):\n%s", diff)
		}
		if _, err := x.Connections.Session(context.Background(), a.Connection); !errors.Is(err, stream.ErrNoConnection) {
			t.Errorf("Session after Leave: %v, want ErrNoConnection", err)
		}
	}
	a.close(t)
	if left := a.leave(t); left.App != "" {
		t.Errorf("after the end: %+v", left)
	}
}

func closesAgain(t *testing.T, open opener) {
	x := open(t, roomy)
	a := x.connect(t, newApp())
	a.subscribe(t, "presence-room", 10)
	a.close(t)
	for _, c := range []client{a, x.stranger()} {
		if left := c.close(t); left.App != "" || len(left.Empty) > 0 {
			t.Errorf("%+v", left)
		}
	}
	x.members(t, a.app, "presence-room")
}

func afterClose(t *testing.T, open opener) {
	x := open(t, roomy)
	c := x.connect(t, newApp())
	s := c.session(t)
	c.close(t)
	for _, channel := range channels {
		_, err := x.Connections.Subscribe(context.Background(), s, channel, pusher.Subscriber{User: "7"}, c.at(10))
		if !errors.Is(err, stream.ErrNoConnection) {
			t.Errorf("Subscribe to %s: %v, want ErrNoConnection", channel, err)
		}
		if _, err := x.Connections.Unsubscribe(context.Background(), s, channel, c.at(20)); ignored(err) != nil {
			t.Errorf("Unsubscribe from %s: %v", channel, err)
		}
		if !channel.Joins() {
			c.listens(t, stream.ChannelTopic(c.app, string(channel)), false)
		}
	}
	if err := x.Connections.SignIn(context.Background(), s, pusher.User{ID: "7"}); !errors.Is(err, stream.ErrNoConnection) {
		t.Errorf("SignIn: %v, want ErrNoConnection", err)
	}
	x.members(t, c.app, "presence-room")
	c.online(t, "7", false)
}

// ignored is the error, but for ErrNoConnection.
func ignored(err error) error {
	if errors.Is(err, stream.ErrNoConnection) {
		return nil
	}
	return err
}

func spends(t *testing.T, open opener) {
	x := open(t, roomy)
	app := newApp()
	a, b := x.connect(t, app), x.connect(t, app)
	spend := func(c client, at time.Time, want bool) {
		t.Helper()
		if got, err := x.Connections.Spend(context.Background(), c.session(t), at); err != nil || got != want {
			t.Errorf("Spend: %v %v, want %v", got, err, want)
		}
	}
	second := time.Now().Truncate(time.Second)
	for i := range 10 {
		spend(a, second.Add(time.Duration(i)*100*time.Millisecond), true)
	}
	spend(a, second.Add(999*time.Millisecond), false)
	spend(b, second.Add(999*time.Millisecond), true)
	spend(a, second.Add(time.Second), true)
}

func heard(t *testing.T, open opener) {
	x := open(t, roomy)
	c := x.connect(t, newApp())
	for range 2 {
		if err := x.Connections.Heard(context.Background(), c.Connection, c.at(10)); err != nil {
			t.Errorf("Heard: %v", err)
		}
	}
	c.close(t)
	for _, gone := range []client{c, x.stranger()} {
		if err := x.Connections.Heard(context.Background(), gone.Connection, c.at(20)); !errors.Is(err, stream.ErrNoConnection) {
			t.Errorf("Heard: %v, want ErrNoConnection", err)
		}
	}
}
