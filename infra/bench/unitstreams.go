package main

import (
	"context"
	"fmt"
	"time"
)

// streamLife is how long a response of server-sent events lasts here: they open, are quiet, and end.
func (f unitsFlags) streamLife() time.Duration { return f.idle + 8*time.Second }

// streams measures server-sent events: how they open, are quiet and end as planned.
func (l *ledger) streams(ctx context.Context, f unitsFlags) error {
	readers := people{"reading", f.times}
	if err := readers.register(ctx, l.db); err != nil {
		return err
	}
	// Of each account's own log the first to open it writes that it is wanted.
	for _, d := range []struct{ name, path string }{
		{"public (one log)", "public"},
		{"user (the account's log and everyone's)", "user"},
	} {
		if err := l.stream(ctx, f, readers, d.name, d.path); err != nil {
			return err
		}
	}
	l.note("A quiet stream's hour is scaled from %v of %d streams. It is not in the rows of its connect and end.", f.idle, f.times)
	return nil
}

func (l *ledger) stream(ctx context.Context, f unitsFlags, p people, name, path string) error {
	began, ended := time.Now(), l.ran()["Sse"]+p.n
	var open *crowd[*reader]
	_, err := l.record(ctx, doing{name: "SSE: connect, " + name, times: p.n, do: func() (err error) {
		open, err = p.read(ctx, l.local, path, "")
		return err
	}})
	if err != nil {
		return err
	}
	defer open.leave()
	if err := l.hour(ctx, f, p, name); err != nil {
		return err
	}
	_, err = l.record(ctx, doing{name: "SSE: planned end, " + name, times: p.n, do: func() error {
		if err := wait(ctx, time.Until(began.Add(f.streamLife()))); err != nil {
			return err
		}
		return l.until(ctx, runs{}, runs{"Sse": ended})
	}})
	return err
}

// hour measures what quiet streams look up.
func (l *ledger) hour(ctx context.Context, f unitsFlags, p people, name string) error {
	began, running := time.Now(), l.ran()["Sse"]
	t, err := l.measure(ctx, doing{of: onlyPolls, do: func() error { return wait(ctx, f.idle) }})
	if err != nil {
		return err
	}
	if ended := l.ran()["Sse"] - running; ended > 0 {
		return fmt.Errorf("%d streams ended while they were to be watched: --idle or --times is too much for this machine", ended)
	}
	scale := time.Since(began).Hours() * float64(p.n)
	l.row("SSE: an hour of a quiet stream, "+name, tally{read: t.read / scale, write: t.write / scale}, 1)
	return nil
}
