package pushertest

import (
	"context"
	"errors"
	"slices"
	"testing"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
)

func (c client) signIn(t reporter, u pusher.User) {
	t.Helper()
	if err := c.Connections.SignIn(context.Background(), c.session(t), u); err != nil {
		t.Fatalf("SignIn: %v", err)
	}
}

// online fails unless the user is online in the app of the connection, or is not.
func (c client) online(t reporter, user string, want bool) {
	t.Helper()
	got, err := c.Connections.Online(context.Background(), c.app, []string{"nobody", user})
	if err != nil {
		t.Fatalf("Online: %v", err)
	}
	if len(got) > 1 || want != slices.Contains(got, user) {
		t.Errorf("online: %v; %s: want %v", got, user, want)
	}
}

// connections fails unless these are the user's.
func (c client) connections(t reporter, user string, want ...client) {
	t.Helper()
	got, err := c.Directory.UserConnections(context.Background(), c.app, user)
	if err != nil {
		t.Fatalf("UserConnections: %v", err)
	}
	if len(got) != len(want) {
		t.Errorf("%d connections of %s, want %d", len(got), user, len(want))
	}
	for _, w := range want {
		if !slices.ContainsFunc(got, func(c stream.Connection) bool { return c.ID == w.ID && c.ConnectedAt.Equal(w.ConnectedAt) }) {
			t.Errorf("connection %s of %s is missing", w.ID, user)
		}
	}
}

func signsIn(t *testing.T, open opener) {
	x := open(t, roomy)
	c := x.connect(t, newApp())
	ann := pusher.User{ID: "7", Info: `{"name":"Ann"}`, Watchlist: []string{"8"}}
	c.signIn(t, ann)
	c.signIn(t, ann)
	if got := c.session(t).User; got.ID != "7" {
		t.Errorf("signed in: %+v", got)
	}
	if err := x.Connections.SignIn(context.Background(), c.session(t), pusher.User{ID: "8"}); !errors.Is(err, pusher.ErrOtherUser) {
		t.Errorf("SignIn as another: %v, want ErrOtherUser", err)
	}
	if got := c.session(t).User; got.ID != "7" {
		t.Errorf("signed in: %+v", got)
	}
	c.online(t, "8", false)
}

func online(t *testing.T, open opener) {
	x := open(t, roomy)
	app := newApp()
	a, b, other := x.connect(t, app), x.connect(t, app), x.connect(t, newApp())
	a.online(t, "ü 7", false)
	a.signIn(t, pusher.User{ID: "ü 7"})
	b.signIn(t, pusher.User{ID: "ü 7"})
	a.connections(t, "ü 7", a, b)
	other.online(t, "ü 7", false)
	a.close(t)
	b.online(t, "ü 7", true)
	b.connections(t, "ü 7", b)
	b.close(t)
	other.app = app
	other.online(t, "ü 7", false)
	other.connections(t, "ü 7")
}

func watches(t *testing.T, open opener) {
	x := open(t, roomy)
	c := x.connect(t, newApp())
	c.signIn(t, pusher.User{ID: "7", Watchlist: []string{"8", "ü #9"}})
	for _, user := range []string{"8", "ü #9"} {
		c.listens(t, stream.WatchTopic(c.app, user), true)
	}
	c.listens(t, stream.WatchTopic(c.app, "7"), false)
	c.close(t)
	c.listens(t, stream.WatchTopic(c.app, "8"), false)
}
