package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
)

// ids measures what clients with ids cost, and events that are kept for them.
func (l *ledger) ids(ctx context.Context, f unitsFlags) error {
	some := people{"resuming", f.times}
	if err := some.register(ctx, l.db); err != nil {
		return err
	}
	// Whoever is the first in two hours to want a log writes that it is wanted: of public that is one
	// connection of all, of an account its first.
	for _, d := range []struct {
		name, query string
		people
	}{
		{"connect with ids and stream=public, the first", "&stream=public", people{some.name, 1}},
		{"connect with ids and stream=public, then", "&stream=public", some},
		{"connect with ids and stream=user, the account's first", "&stream=user", some},
		{"connect with ids and stream=user, then", "&stream=user", some},
	} {
		if err := l.connectWithIDs(ctx, d.name, d.query, d.people); err != nil {
			return err
		}
	}
	if err := l.subscribeWithIDs(ctx, some); err != nil {
		return err
	}
	return l.kept(ctx, people{some.name, 1})
}

func (l *ledger) connectWithIDs(ctx context.Context, name, query string, p people) error {
	var open *crowd[socket]
	_, err := l.record(ctx, doing{name: name, times: p.n, runs: runs{"Connect": p.n, "Replay": p.n}, do: func() (err error) {
		open, err = p.dial(ctx, l.local, query+"&event_ids=true")
		return err
	}})
	if err != nil {
		return err
	}
	return l.settle(ctx, open)
}

func (l *ledger) subscribeWithIDs(ctx context.Context, p people) error {
	open, err := l.join(ctx, p, "&event_ids=true", nil)
	if err != nil {
		return err
	}
	for _, d := range []struct{ name, stream string }{
		{"subscribe with ids, public", `"public"`},
		{"subscribe with ids, user", `"user"`},
	} {
		message := `{"type":"subscribe","stream":` + d.stream + `}`
		if _, err := l.record(ctx, doing{name: d.name, times: p.n, runs: runs{"Subscribe": p.n, "Replay": p.n},
			do: func() error { return say(ctx, open, message) }}); err != nil {
			return err
		}
	}
	return l.settle(ctx, open)
}

// kept measures an event of a topic that is logged, by its payload's size.
func (l *ledger) kept(ctx context.Context, p people) error {
	open, err := l.join(ctx, p, "&stream=public&event_ids=true", runs{"Replay": p.n})
	if err != nil {
		return err
	}
	if o := open.count(ctx, 1); o.lost > 0 { // its position
		return errors.New("a connection with ids has got no position")
	}
	for _, d := range []struct {
		which string
		size  int
	}{{", a publisher's first", 1000}, {"", 1000}, {"", 3000}} {
		row := func(i int) item { return statusOf(i, d.size, "") }
		name := fmt.Sprintf("public status of %d bytes that is kept, 1 listener with ids%s", d.size, d.which)
		if _, err := l.event(ctx, open, name, row); err != nil {
			return err
		}
	}
	return l.settle(ctx, open)
}

// missed is how many events a client has missed that resumes.
const missed = 100

// resume measures a client that comes back, over both transports.
func (l *ledger) resume(ctx context.Context, f unitsFlags) error {
	one := people{"resuming", 1}
	from, err := l.position(ctx, one)
	if err != nil {
		return err
	}
	if err := l.miss(ctx); err != nil {
		return err
	}
	name := fmt.Sprintf("resume of %d events", missed)
	var open *crowd[socket]
	if _, err = l.record(ctx, doing{name: name, times: 1, runs: runs{"Connect": 1, "Replay": 1}, do: func() (err error) {
		open, err = one.dial(ctx, l.local, "&stream=public&event_ids=true&last_event_id="+url.QueryEscape(from))
		return heard(ctx, open, err, 1+missed) // the position first
	}}); err != nil {
		return err
	}
	if err := l.settle(ctx, open); err != nil {
		return err
	}
	ran := l.ran()
	if _, err = l.record(ctx, doing{name: "SSE: connect, " + name, times: 1, of: anything, do: func() error {
		stream, err := one.read(ctx, l.local, "public", from)
		return heard(ctx, stream, err, missed)
	}}); err != nil {
		return err
	}
	return errors.Join(wait(ctx, f.streamLife()), l.until(ctx, ran, runs{"Sse": 1}))
}

// heard waits for so many events of everyone, unless opening them has failed.
func heard[L listener](ctx context.Context, c *crowd[L], opening error, events int) error {
	if opening != nil {
		return opening
	}
	if o := c.count(ctx, events); o.lost > 0 {
		return fmt.Errorf("%d events lost", o.lost)
	}
	return nil
}

// position is an id from which a client of public may resume.
func (l *ledger) position(ctx context.Context, p people) (string, error) {
	open, err := l.join(ctx, p, "&stream=public&event_ids=true", runs{"Replay": p.n})
	if err != nil {
		return "", err
	}
	frame, _, err := open.listeners[0].next(ctx)
	if err != nil {
		return "", err
	}
	var first struct{ Event, ID string }
	if err := json.Unmarshal(frame, &first); err != nil || first.Event != "edgestream.position" {
		return "", fmt.Errorf("the first frame is %s: %w", frame, err)
	}
	return first.ID, l.settle(ctx, open)
}

// miss writes what nobody hears, and waits until it is published.
func (l *ledger) miss(ctx context.Context) error {
	return l.published(ctx, missed, func() error {
		for range missed {
			l.written++
			if err := putItem(ctx, l.db, "Content", statusItem(l.written)); err != nil {
				return err
			}
		}
		return nil
	})
}

// published does what writes so many items, and waits until they have been published.
func (l *ledger) published(ctx context.Context, items int, do func() error) error {
	all := records(l.local, "PublishFunction") + items
	if err := do(); err != nil {
		return err
	}
	return poll(ctx, func() string {
		if left := all - records(l.local, "PublishFunction"); left > 0 {
			return fmt.Sprintf("%d of %d items have not been published", left, items)
		}
		return ""
	})
}
