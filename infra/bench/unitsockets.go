package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// sockets measures what one connection costs, step by step.
func (l *ledger) sockets(ctx context.Context, f unitsFlags) error {
	everyone := people{"bench", max(f.listeners, f.times)}
	if err := everyone.register(ctx, l.db); err != nil {
		return err
	}
	some := people{everyone.name, f.times}
	for _, query := range []string{"", "&stream=user", "&stream=public"} {
		name := "connect"
		if query != "" {
			name += " with " + strings.TrimPrefix(query, "&")
		}
		var open *crowd[socket]
		if _, err := l.record(ctx, doing{name: name, times: some.n, runs: runs{"Connect": some.n}, do: func() (err error) {
			open, err = some.dial(ctx, l.local, query)
			return err
		}}); err != nil {
			return err
		}
		if query == "" {
			if err := l.messages(ctx, open); err != nil {
				return err
			}
		}
		if _, err := l.record(ctx, doing{name: "disconnect after " + name, times: some.n, runs: runs{"Disconnect": some.n},
			do: func() error { open.leave(); return nil }}); err != nil {
			return err
		}
	}
	return nil
}

// messages measures subscribing and unsubscribing on open connections.
func (l *ledger) messages(ctx context.Context, c *crowd[socket]) error {
	for _, stream := range []string{`"user"`, `"public"`, `"hashtag","tag":"Foo"`} {
		for _, kind := range []string{"subscribe", "unsubscribe"} {
			message := fmt.Sprintf(`{"type":%q,"stream":%s}`, kind, stream)
			name := kind + " " + strings.Trim(strings.Split(stream, ",")[0], `"`)
			n := len(c.listeners)
			if _, err := l.record(ctx, doing{name: name, times: n, runs: runs{"Subscribe": n},
				do: func() error { return say(ctx, c, message) }}); err != nil {
				return err
			}
		}
	}
	return nil
}

// events measures one event with 1, 10 and the most listeners, and one notification.
func (l *ledger) events(ctx context.Context, f unitsFlags) (ratio float64, err error) {
	var each []float64
	for _, n := range slices.Compact([]int{1, min(10, f.listeners), f.listeners}) {
		c, err := l.join(ctx, people{"bench", n}, "&stream=public", nil)
		if err != nil {
			return 0, err
		}
		t, err := l.event(ctx, c, fmt.Sprintf("public status, %d listeners", n), statusItem)
		if err != nil {
			return 0, err
		}
		each = append(each, (t.read+t.write)/float64(n))
		if err := l.settle(ctx, c); err != nil {
			return 0, err
		}
	}
	one := people{"bench", 1}
	c, err := l.join(ctx, one, "&stream=user", nil)
	if err != nil {
		return 0, err
	}
	notification := func(i int) item { return notificationItem(one.account(0), i) }
	if _, err = l.event(ctx, c, "notification, 1 listener", notification); err != nil {
		return 0, err
	}
	return each[len(each)-1] / each[0], l.settle(ctx, c)
}

// event writes one item, past the meter, and waits for its frame on every socket.
func (l *ledger) event(ctx context.Context, c *crowd[socket], name string, row func(int) item) (tally, error) {
	return l.record(ctx, doing{name: name, times: 1, runs: runs{"Publish": 1}, do: func() error {
		l.written++
		if err := putItem(ctx, l.db, "Content", row(l.written)); err != nil {
			return err
		}
		if o := c.count(ctx, 1); o.lost > 0 {
			return fmt.Errorf("%d frames lost", o.lost)
		}
		return nil
	}})
}

// filtered measures a status of whose listeners one in ten filters: whose rows publish reads, and
// then has for a minute.
func (l *ledger) filtered(ctx context.Context, f unitsFlags) error {
	few := people{"filtering", max(1, f.listeners/10)}
	if err := l.filter(ctx, few); err != nil {
		return err
	}
	most, err := l.join(ctx, people{"bench", f.listeners - few.n}, "&stream=public", nil)
	if err != nil {
		return err
	}
	c, err := l.join(ctx, few, "&stream=public", nil)
	if err != nil {
		return err
	}
	c.listeners = append(c.listeners, most.listeners...)
	name := fmt.Sprintf("public status, %d listeners, %d with filters", f.listeners, few.n)
	for _, which := range []string{"a minute's first", "then"} {
		if _, err := l.event(ctx, c, name+", "+which, statusItem); err != nil {
			return err
		}
	}
	return l.settle(ctx, c)
}

// filter gives people tokens, filters and blocks, and waits until that has been enforced.
func (l *ledger) filter(ctx context.Context, p people) error {
	if err := p.register(ctx, l.db); err != nil {
		return err
	}
	return p.filter(ctx, l.db, l.local)
}
