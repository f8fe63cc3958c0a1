package main

import (
	"context"
	"fmt"
)

// settling is how many channels are left by their last subscriber here: each is looked at some
// seconds later.
const settling = 3

// channels measures connections of an app, and what is published on its channels. What is done several
// times is done one after the other, each when all has run that the one before has set off: so no
// invocation of publish is shared.
func (l *ledger) channels(ctx context.Context, f unitsFlags) error {
	if err := benchApp.register(ctx, l.db); err != nil {
		return err
	}
	c := &cast{ledger: l, others: make([]*subscriber, f.times)}
	if err := c.stepwise(ctx, "connect", f.times, runs{"Connect": 1, "Greet": 1}, func(i int) (err error) {
		c.others[i], _, err = benchApp.connect(ctx, l.local)
		return err
	}); err != nil {
		return err
	}
	if err := l.after(ctx, runs{"Connect": 1, "Greet": 1}, func() (err error) {
		c.witness, _, err = benchApp.connect(ctx, l.local)
		return err
	}); err != nil {
		return err
	}
	defer func() { c.witness.leave() }()
	for _, part := range []func(context.Context) error{c.mapped, c.settled, c.cached, c.present, c.published, c.signedIn, c.closed} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	l.note("What is done on channels includes the item of Content that it makes. The app's rows in Accounts are read once in ten\n" +
		"seconds by each instance (a unit, two at connect) and are not in these figures. Units of publish are those of a change alone in its batch.")
	return nil
}

// cast is who is connected: the others do things, and the witness is on every channel before them.
type cast struct {
	*ledger
	witness *subscriber
	others  []*subscriber
}

// notApps leaves out reads of Accounts: connections of apps have no other rows there than their app's.
func notApps(u use) bool { return allButPolls(u) && !readsAccounts(u) }

// stepwise measures so many steps, each done when functions have run so often for the one before.
func (c *cast) stepwise(ctx context.Context, name string, steps int, each runs, step func(i int) error) error {
	_, err := c.record(ctx, doing{name: "channels: " + name, times: steps, of: notApps, do: func() error {
		for i := range steps {
			if err := c.after(ctx, each, func() error { return step(i) }); err != nil {
				return err
			}
		}
		return nil
	}})
	return err
}

// all is what each of the others does.
func (c *cast) all(ctx context.Context, name string, each runs, step func(s *subscriber, i int) error) error {
	return c.stepwise(ctx, name, len(c.others), each, func(i int) error { return step(c.others[i], i) })
}

// attend has the witness subscribe, which is not measured.
func (c *cast) attend(ctx context.Context, channel string, each runs) error {
	return c.after(ctx, each, func() error { return c.witness.subscribe(ctx, benchApp, channel, "witness") })
}

var (
	message = runs{"Subscribe": 1}
	// joining is a message about a channel whose publisher tells who comes and goes.
	joining = runs{"Subscribe": 1, "Publish": 1}
)

// mapped measures channels whose subscriptions are mappings alone, and what clients say on them.
func (c *cast) mapped(ctx context.Context) error {
	for _, kind := range []string{"public", "private"} {
		channel := kind + "-units"
		if err := c.attend(ctx, channel, message); err != nil {
			return err
		}
		if err := c.all(ctx, "subscribe, "+kind, message, func(s *subscriber, _ int) error { return s.subscribe(ctx, benchApp, channel, "") }); err != nil {
			return err
		}
		if kind == "private" {
			if err := c.clientEvents(ctx, channel); err != nil {
				return err
			}
		}
		if err := c.all(ctx, "unsubscribe, "+kind, message, func(s *subscriber, _ int) error { return s.unsubscribe(ctx, channel) }); err != nil {
			return err
		}
	}
	return nil
}

func (c *cast) clientEvents(ctx context.Context, channel string) error {
	name := fmt.Sprintf("client event, %d listeners", len(c.others)+1)
	return c.all(ctx, name, joining, func(s *subscriber, _ int) error {
		if err := s.tell(ctx, "client-said", channel, map[string]string{"text": "hello"}); err != nil {
			return err
		}
		return c.witness.await(ctx, "client-said", channel)
	})
}

// settled measures a channel's first subscriber, and its last, after whom it is looked at again.
func (c *cast) settled(ctx context.Context) error {
	channel := func(i int) string { return fmt.Sprintf("private-own-%d", i) }
	n := min(settling, len(c.others))
	if err := c.stepwise(ctx, "subscribe, private, the channel's first", n, message, func(i int) error {
		return c.others[i].subscribe(ctx, benchApp, channel(i), "")
	}); err != nil {
		return err
	}
	return c.stepwise(ctx, "unsubscribe, private, the channel's last", n, runs{"Subscribe": 1, "Notify": 1}, func(i int) error {
		return c.others[i].unsubscribe(ctx, channel(i))
	})
}
