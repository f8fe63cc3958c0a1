package main

import (
	"context"
	"edgestream/infra/stack"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"
)

const unitsHelp = `DynamoDB read and write units, and Lambda invocations, of what clients and applications do.

Starts infra/local on an engine that counts consumed capacity, does each thing several times,
waits until all is quiet, and divides. An application's own write to Content or Accounts is not in
the figures; what functions write there is. The ratio is the units of one event with the most
listeners over those of an event with one, per listener: how far the cost of looking up is shared.

Streams of server-sent events last some seconds here. What they look up all the time is a row of
its own, measured for --idle and scaled to an hour of one stream, and in no other row but a resume's. The sweep is run
by hand, up to times moved on: once as of a minute in which no connection is due and once as of
the minute in which all are, which says what a look at one costs. With a thousand listeners or more
it then reads as it does where many are due, and a run in which none is says what that costs
whoever is there. An hour of 100,000 connections is 60 such runs and a look at each in 270 s.

Of an app, connections, subscriptions, members and publishes are done one by one, each when
everything has run that the one before has set off, with a witness on every channel: what only a
channel's first or last subscriber costs has rows of its own.`

type unitsFlags struct {
	times, listeners int
	idle             time.Duration
	write            string
}

func defineUnits(fs *flag.FlagSet) func(context.Context, io.Writer) error {
	var f unitsFlags
	fs.IntVar(&f.times, "times", 20, "how often each thing is done")
	fs.IntVar(&f.listeners, "listeners", 1000, "the most listeners of an event")
	fs.DurationVar(&f.idle, "idle", 10*time.Second, "for how long streams of server-sent events are watched that are quiet")
	fs.StringVar(&f.write, "write", "", "a file to write the figures to, for the model of costs: infra/bench/measured.json is one")
	return func(ctx context.Context, out io.Writer) error { return units(ctx, out, f) }
}

func units(ctx context.Context, out io.Writer, f unitsFlags) error {
	if err := atLeast(1, map[string]int{"times": f.times, "listeners": f.listeners}); err != nil {
		return err
	}
	if f.idle <= 0 {
		return fmt.Errorf("--idle %v: want a positive duration such as 10s", f.idle)
	}
	m := newMeter()
	defer m.close()
	l, err := stack.Start(ctx, ".", append(quiet, "--dynamodb", m.metered.URL, "--streams", fmt.Sprint(2*f.times),
		"--parameter", "MaxReaders=1000", "--parameter", fmt.Sprintf("SseMinutes=%.3f", f.streamLife().Minutes()))...)
	if err != nil {
		return err
	}
	defer l.Stop()
	led := &ledger{local: l, meter: m, db: client(m.direct.URL), figures: map[string]unitCost{}, rows: [][]string{{"what", "read units", "write units", "invocations"}}}
	var ratio float64
	for _, part := range []func(context.Context, unitsFlags) error{
		led.sockets,
		func(ctx context.Context, f unitsFlags) (err error) { ratio, err = led.events(ctx, f); return err },
		led.filtered, led.bill, led.ids, led.resume, led.streams, led.enforcement, led.sweep, led.channels,
	} {
		if err := part(ctx, f); err != nil {
			return err
		}
	}
	table(out, led.rows)
	fmt.Fprintf(out, "\n%s\n", strings.Join(led.notes, "\n"))
	fmt.Fprintf(out, "bench=units ratio=%.4f\n", ratio)
	if f.write == "" {
		return nil
	}
	return led.write(f)
}

// join opens a socket for each and waits until their $connect has been counted, so that the next
// row is its own.
func (l *ledger) join(ctx context.Context, p people, query string, more runs) (c *crowd[socket], err error) {
	all := runs{"Connect": p.n}
	for name, n := range more {
		all[name] = n
	}
	err = l.after(ctx, all, func() error {
		c, err = p.dial(ctx, l.local, query)
		return err
	})
	return c, err
}

// settle closes the sockets and waits for their $disconnect, so that the next row is its own.
func (l *ledger) settle(ctx context.Context, c *crowd[socket]) error {
	return l.after(ctx, runs{"Disconnect": len(c.listeners)}, func() error { c.leave(); return nil })
}
