package pushertest

import (
	"context"
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"edgestream/functions/internal/pusher"
)

// anyOrder applies messages of one connection in any order: the newest of each channel decides.
func anyOrder(t *testing.T, open opener) {
	x := open(t, roomy)
	rapid.Check(t, func(r *rapid.T) {
		c := x.connect(r, newApp())
		sent := rapid.SliceOfN(rapid.Bool(), 1, 5).Draw(r, "subscribes")
		channel := rapid.SampledFrom(channels).Draw(r, "channel")
		order := make([]int, len(sent))
		for i := range order {
			order[i] = i
		}
		for _, i := range rapid.Permutation(order).Draw(r, "handled") {
			c.message(r, channel, "7", sent[i], i+1)
		}
		c.holds(r, channel, sent[len(sent)-1])
	})
}

// message subscribes or unsubscribes, whatever came before.
func (c client) message(t reporter, channel pusher.Channel, user string, subscribe bool, ms int) {
	t.Helper()
	var err error
	if subscribe {
		_, err = c.try(t, channel, user, ms)
	} else {
		_, err = c.Connections.Unsubscribe(context.Background(), c.session(t), channel, c.at(ms))
	}
	if err != nil && !errors.Is(err, pusher.ErrSubscribed) && !errors.Is(err, pusher.ErrOvertaken) {
		t.Fatalf("message at %d: %v", ms, err)
	}
}

// anyPresence lets three connections of two users come, go and close, some of them twice.
func anyPresence(t *testing.T, open opener) {
	x := open(t, roomy)
	rapid.Check(t, func(r *rapid.T) {
		app := newApp()
		p := presence{Subject: x, channel: "presence-room", app: app, users: []string{"1", "1", "2"}}
		for range p.users {
			p.all = append(p.all, x.connect(r, app))
		}
		p.there, p.closed = make([]bool, 3), make([]bool, 3)
		for ms, step := range rapid.SliceOfN(rapid.IntRange(0, 8), 1, 8).Draw(r, "steps") {
			p.step(r, step%3, step/3, ms+1)
		}
		p.check(r)
	})
}

// presence is a presence channel and what must be true of it.
type presence struct {
	Subject
	app           string
	channel       pusher.Channel
	users         []string
	all           []client
	there, closed []bool
}

// step has one of the connections come (0), go (1) or close.
func (p presence) step(t reporter, who, what, ms int) {
	t.Helper()
	switch {
	case what == 2:
		p.all[who].close(t)
		p.closed[who], p.there[who] = true, false
	case !p.closed[who]:
		p.all[who].message(t, p.channel, p.users[who], what == 0, ms)
		p.there[who] = what == 0
	}
}

func (p presence) check(t reporter) {
	t.Helper()
	var want []string
	for who, user := range p.users {
		if p.there[who] && !slices.Contains(want, user) {
			want = append(want, user)
		}
		if !p.closed[who] {
			p.all[who].holds(t, p.channel, p.there[who])
		}
	}
	p.members(t, p.app, p.channel, want...)
}
