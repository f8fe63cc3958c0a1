package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// The rows that the model of costs reads: each is done by functions that have started, and often
// enough for a clock of hundredths of a second.
const (
	openRow         = "bill: connect with stream=user"
	closeRow        = "bill: disconnect after it"
	openPublicRow   = "bill: connect with stream=public"
	closePublicRow  = "bill: disconnect after that"
	subscribeRow    = "bill: subscribe to a hashtag"
	notificationRow = "bill: notification, 1 listener"
	narrowRow       = "bill: hashtag status, 400 listeners, no queue"
	segmentRow      = "bill: hashtag status, 1,000 listeners, through the queue"
	idsRow          = "connect with ids and stream=user, then"
	publicRow       = "bill: public status, 1,000 listeners, through the queue"
)

// modelRows are all of them.
var modelRows = []string{openRow, closeRow, openPublicRow, closePublicRow, subscribeRow, notificationRow, narrowRow, segmentRow, publicRow, idsRow, sweepRow}

// How many there are in these rows.
const (
	narrowListeners = 400
	wideListeners   = 1000
	manyTimes       = 30
)

// bill measures the rows of the model.
func (l *ledger) bill(ctx context.Context, f unitsFlags) error {
	everyone := people{"billed", wideListeners}
	if err := everyone.register(ctx, l.db); err != nil {
		return err
	}
	if err := l.billed(ctx, people{everyone.name, 300}, "&stream=user", openRow, closeRow, l.billNotifications); err != nil {
		return err
	}
	if err := l.billed(ctx, people{everyone.name, 300}, "&stream=public", openPublicRow, closePublicRow, nil); err != nil {
		return err
	}
	if err := l.billSubscribe(ctx, people{everyone.name, 300}); err != nil {
		return err
	}
	return l.billEvents(ctx, everyone)
}

// billed opens the sockets, has something done with them, and closes them.
func (l *ledger) billed(ctx context.Context, p people, query, open, closing string, with func(context.Context, *crowd[socket]) error) error {
	warm, err := l.join(ctx, p, query, nil)
	if err != nil {
		return err
	}
	if err := l.settle(ctx, warm); err != nil {
		return err
	}
	var c *crowd[socket]
	if _, err := l.record(ctx, doing{name: open, times: p.n, runs: runs{"Connect": p.n}, do: func() (err error) {
		c, err = p.dial(ctx, l.local, query)
		return err
	}}); err != nil {
		return err
	}
	if with != nil {
		if err := with(ctx, c); err != nil {
			return err
		}
	}
	_, err = l.record(ctx, doing{name: closing, times: p.n, runs: runs{"Disconnect": p.n}, do: func() error { c.leave(); return nil }})
	return err
}

func (l *ledger) billNotifications(ctx context.Context, c *crowd[socket]) error {
	one := &crowd[socket]{listeners: c.listeners[:1]}
	return l.oneByOne(ctx, one, notificationRow, manyTimes, func(i int) item { return notificationItem("billed-0", i) })
}

// billSubscribe measures a subscription.
func (l *ledger) billSubscribe(ctx context.Context, p people) error {
	c, err := l.join(ctx, p, "", nil)
	if err != nil {
		return err
	}
	if _, err := l.record(ctx, doing{name: subscribeRow, times: p.n, runs: runs{"Subscribe": p.n},
		do: func() error { return say(ctx, c, `{"type":"subscribe","stream":"hashtag","tag":"some"}`) }}); err != nil {
		return err
	}
	return l.settle(ctx, c)
}

// tagged makes statuses with a tag, which are public too.
func tagged(tag string) func(int) item {
	return func(i int) item {
		row := statusItem(i)
		payload := row["payload"].(*types.AttributeValueMemberS)
		payload.Value = strings.Replace(payload.Value, `"tags":[]`, fmt.Sprintf(`"tags":[{"name":%q}]`, tag), 1)
		return row
	}
}

// billEvents measures what is said to many.
func (l *ledger) billEvents(ctx context.Context, p people) error {
	for _, of := range []struct {
		query, name   string
		people, times int
		row           func(int) item
	}{
		{"&stream=hashtag&tag=narrow", narrowRow, narrowListeners, manyTimes, tagged("narrow")},
		{"&stream=hashtag&tag=wide", segmentRow, wideListeners, 5, tagged("wide")},
		{"&stream=public", publicRow, wideListeners, 5, statusItem},
	} {
		c, err := l.join(ctx, people{p.name, of.people}, of.query, nil)
		if err != nil {
			return err
		}
		if err := l.oneByOne(ctx, c, of.name, of.times, of.row); err != nil {
			return err
		}
		if err := l.settle(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// oneByOne writes items, each when everyone has the one before.
func (l *ledger) oneByOne(ctx context.Context, c *crowd[socket], name string, times int, row func(int) item) error {
	if err := l.rest(ctx); err != nil {
		return err
	}
	_, err := l.record(ctx, doing{name: name, times: times, runs: runs{"Publish": times}, do: func() error {
		for range times {
			l.written++
			if err := putItem(ctx, l.db, "Content", row(l.written)); err != nil {
				return err
			}
			if o := c.count(ctx, 1); o.lost > 0 {
				return fmt.Errorf("%d frames lost", o.lost)
			}
			if len(c.listeners) == wideListeners { // what went through the queue ends behind its last frame
				if err := l.rest(ctx); err != nil {
					return err
				}
			}
		}
		return nil
	}})
	return err
}

// rest waits until no function has ended for a while.
func (l *ledger) rest(ctx context.Context) error {
	for before := -1; ; {
		ended := len(l.local.Invocations())
		if ended == before {
			return nil
		}
		before = ended
		if err := wait(ctx, 300*time.Millisecond); err != nil {
			return err
		}
	}
}
