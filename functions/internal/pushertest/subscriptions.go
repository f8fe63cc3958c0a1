package pushertest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
)

// channels are one of each kind.
var channels = []pusher.Channel{
	"room", "private-room", "private-encrypted-room", "#server-to-user-ü 1", "presence-room",
	"cache-room", "private-cache-room", "private-encrypted-cache-room", "presence-cache-room",
}

func found(t *testing.T, open opener) {
	x := open(t, roomy)
	for _, channel := range channels {
		c := x.connect(t, newApp())
		c.holds(t, channel, false)
		c.join(t, channel, "7", 10)
		c.holds(t, channel, true)
		as := c.session(t).Channels[string(channel)]
		if want := channel.Presence(); want != (as.User == "7") || want != (as.Info == `{"name":"7"}`) {
			t.Errorf("%s: %+v", channel, as)
		}
		c.unsubscribe(t, channel, 20)
		c.holds(t, channel, false)
		c.subscribe(t, channel, 30)
		c.holds(t, channel, true)
	}
}

func separateApps(t *testing.T, open opener) {
	x := open(t, roomy)
	a, b := x.connect(t, newApp()), x.connect(t, newApp())
	for _, channel := range channels {
		a.join(t, channel, "1", 10)
		b.holds(t, channel, false)
		if !b.join(t, channel, "2", 10) {
			t.Errorf("%s is occupied by another app", channel)
		}
	}
	x.members(t, a.app, "presence-room", "1")
	x.members(t, b.app, "presence-room", "2")
}

func occupies(t *testing.T, open opener) {
	x := open(t, roomy)
	app := newApp()
	a, b := x.connect(t, app), x.connect(t, app)
	for _, channel := range channels {
		if first, second := a.subscribe(t, channel, 10), b.subscribe(t, channel, 10); !first || second {
			t.Errorf("%s: occupied by the first %v, by the second %v", channel, first, second)
		}
	}
}

func occupiesSideBySide(t *testing.T, open opener) {
	x := open(t, roomy)
	app := newApp()
	for _, channel := range []pusher.Channel{"room", "presence-room", "cache-room"} {
		var occupied atomic.Int64
		each(6, func(int) {
			if x.connect(t, app).subscribe(t, channel, 10) {
				occupied.Add(1)
			}
		})
		if got := occupied.Load(); got != 1 {
			t.Errorf("%s: occupied %d times", channel, got)
		}
	}
}

func duplicate(t *testing.T, open opener) {
	x := open(t, Limits{Subscriptions: len(channels)})
	c := x.connect(t, newApp())
	for _, channel := range channels {
		c.subscribe(t, channel, 10)
	}
	for _, channel := range channels {
		if _, err := c.try(t, channel, "another", 20); !errors.Is(err, pusher.ErrSubscribed) {
			t.Errorf("%s: %v, want ErrSubscribed", channel, err)
		}
		c.holds(t, channel, true)
	}
	x.members(t, c.app, "presence-room", "user of "+c.ID)
}

func repeated(t *testing.T, open opener) {
	x := open(t, roomy)
	c := x.connect(t, newApp())
	for _, channel := range channels {
		c.subscribe(t, channel, 10)
		c.subscribe(t, channel, 10)
		c.holds(t, channel, true)
		c.unsubscribe(t, channel, 20)
		c.unsubscribe(t, channel, 20)
		c.holds(t, channel, false)
	}
}

func overtakenSubscribe(t *testing.T, open opener) {
	x := open(t, roomy)
	c := x.connect(t, newApp())
	for _, channel := range channels {
		c.unsubscribe(t, channel, 20)
		c.subscribe(t, channel, 10)
		c.holds(t, channel, false)
		c.subscribe(t, channel, 30)
		c.holds(t, channel, true)
	}
}

func overtakenUnsubscribe(t *testing.T, open opener) {
	x := open(t, roomy)
	c := x.connect(t, newApp())
	for _, channel := range channels {
		c.join(t, channel, "7", 10)
		if _, err := c.try(t, channel, "7", 30); !errors.Is(err, pusher.ErrSubscribed) {
			t.Errorf("%s: %v, want ErrSubscribed", channel, err)
		}
		c.overtaken(t, channel, 20)
	}
	x.members(t, c.app, "presence-room", "7")
}

func tie(t *testing.T, open opener) {
	x := open(t, roomy)
	c := x.connect(t, newApp())
	for _, channel := range channels {
		c.unsubscribe(t, channel, 10)
		c.subscribe(t, channel, 10)
		c.holds(t, channel, true)
		c.overtaken(t, channel, 10)
	}
}

// overtaken unsubscribes by a message that comes too late.
func (c client) overtaken(t reporter, channel pusher.Channel, ms int) {
	t.Helper()
	_, err := c.Connections.Unsubscribe(context.Background(), c.session(t), channel, c.at(ms))
	if !errors.Is(err, pusher.ErrOvertaken) {
		t.Errorf("%s: %v, want ErrOvertaken", channel, err)
	}
	c.holds(t, channel, true)
}

func unsubscribeNothing(t *testing.T, open opener) {
	x := open(t, roomy)
	app := newApp()
	a, b := x.connect(t, app), x.connect(t, app)
	for _, channel := range channels {
		a.subscribe(t, channel, 10)
		if b.unsubscribe(t, channel, 10) {
			t.Errorf("%s seems empty", channel)
		}
		a.holds(t, channel, true)
	}
}

func empties(t *testing.T, open opener) {
	x := open(t, roomy)
	app := newApp()
	a, b := x.connect(t, app), x.connect(t, app)
	for _, channel := range channels {
		a.join(t, channel, "7", 10)
		b.join(t, channel, "7", 10)
		if first, second := a.unsubscribe(t, channel, 20), b.unsubscribe(t, channel, 20); first || !second {
			t.Errorf("%s: empty after the first %v, after the second %v", channel, first, second)
		}
	}
	x.members(t, app, "presence-room")
}

func limited(t *testing.T, open opener) {
	x := open(t, Limits{Subscriptions: 3})
	c := x.connect(t, newApp())
	for i, channel := range []pusher.Channel{"a", "presence-b", "cache-c"} {
		c.subscribe(t, channel, i)
	}
	for _, channel := range channels {
		if _, err := c.try(t, channel, "7", 10); !errors.Is(err, stream.ErrTooManySubscriptions) {
			t.Errorf("%s: %v, want ErrTooManySubscriptions", channel, err)
		}
		c.holds(t, channel, false)
	}
	x.members(t, c.app, "presence-room")
	c.unsubscribe(t, "a", 20)
	c.subscribe(t, "presence-room", 30)
}

func oneMember(t *testing.T, open opener) {
	x := open(t, roomy)
	app := newApp()
	a, b, c := x.connect(t, app), x.connect(t, app), x.connect(t, app)
	for _, channel := range []pusher.Channel{"presence-room", "presence-cache-room"} {
		a.join(t, channel, "7", 10)
		b.join(t, channel, "7", 10)
		c.join(t, channel, "an.odd #id", 10)
		x.members(t, app, channel, "7", "an.odd #id")
		a.unsubscribe(t, channel, 20)
		x.members(t, app, channel, "7", "an.odd #id")
		b.unsubscribe(t, channel, 20)
		x.members(t, app, channel, "an.odd #id")
	}
}

func full(t *testing.T, open opener) {
	x := open(t, roomy)
	app := newApp()
	const channel, together = pusher.Channel("presence-room"), 6
	all := make([]client, pusher.MaxMembers-2)
	for i := range all {
		all[i] = x.connect(t, app)
		all[i].join(t, channel, fmt.Sprint("u", i), 10)
	}
	var admitted atomic.Int64
	each(together, func(i int) {
		c := x.connect(t, app)
		_, err := c.try(t, channel, fmt.Sprint("more", i), 10)
		if err == nil {
			admitted.Add(1)
		} else if !errors.Is(err, pusher.ErrFull) {
			t.Errorf("%v, want ErrFull", err)
		}
		c.holds(t, channel, err == nil)
	})
	if got := admitted.Load(); got != 2 {
		t.Errorf("%d came in where 2 could", got)
	}
	x.connect(t, app).join(t, channel, "u0", 10)
	all[1].unsubscribe(t, channel, 20)
	x.connect(t, app).join(t, channel, "late", 10)
}
