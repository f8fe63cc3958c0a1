package main

import (
	"context"
	"time"
)

const (
	// dialing is how many sockets are opened side by side: as many instances of a function come up
	// before the memory of a connection is measured.
	dialing = 8
	// warming is how many sockets warm a contestant, and how many events.
	warming, warmEvents = 64, 5
	// restful is how long a contestant is left alone before its memory is read.
	restful = 2 * time.Second
	// leastProcessor is how many seconds of processor make a figure: /proc counts hundredths.
	leastProcessor = 0.5
	// mostTimes is how often the events are written at once to reach that.
	mostTimes = 20
)

// turn is what one contestant did once.
type turn struct {
	round int
	// single are the events one by one, burst those at once, over all times; cpu is for the latter.
	single, burst outcome
	cpu           float64
	// idle is the megabytes with no socket; kilobytes are those of a socket.
	idle, kilobytes float64
}

// perCore is deliveries a second and core.
func (t turn) perCore() float64 { return float64(t.burst.delivered) / t.cpu }

// audience is a contestant and who listens to it.
type audience struct {
	rival
	*crowd[listener]
	// next is the number of the next event.
	next int
}

func takeTurn(ctx context.Context, start starter, f versusFlags) (t turn, err error) {
	r, err := start(ctx)
	if err != nil {
		return t, err
	}
	defer func() {
		if stopped := r.stop(); err == nil {
			err = stopped
		}
	}()
	if err := warm(ctx, r, min(warming, f.sockets)); err != nil {
		return t, err
	}
	_, t.idle = r.usage()
	c, err := joinAll(ctx, r, f.sockets)
	if err != nil {
		return t, err
	}
	defer c.leave()
	if err := wait(ctx, restful); err != nil {
		return t, err
	}
	_, memory := r.usage()
	t.kilobytes = (memory - t.idle) * 1024 / float64(f.sockets)
	return t, t.measure(ctx, &audience{r, c, warmEvents}, f)
}

// warm has some sockets hear some events, and leaves.
func warm(ctx context.Context, r rival, sockets int) error {
	c, err := joinAll(ctx, r, sockets)
	if err != nil {
		return err
	}
	a := audience{r, c, 0}
	o, err := a.say(ctx, warmEvents)
	c.leave()
	if err == nil {
		err = o.verdict()
	}
	if err != nil {
		return err
	}
	return wait(ctx, restful)
}

// joinAll opens sockets, a few side by side.
func joinAll(ctx context.Context, r rival, sockets int) (*crowd[listener], error) {
	free := make(chan struct{}, dialing)
	c, err := openAll(sockets, "sockets", func(i int) (listener, error) {
		free <- struct{}{}
		defer func() { <-free }()
		return r.join(ctx, i)
	})
	if err != nil {
		return nil, err
	}
	return c, nil
}

// measure writes events one by one and at once.
func (t *turn) measure(ctx context.Context, a *audience, f versusFlags) error {
	t.single, t.burst = newOutcome(), newOutcome()
	for range f.single {
		o, err := a.say(ctx, 1)
		if err != nil {
			return err
		}
		t.single.add(o)
	}
	before, _ := a.usage()
	for range mostTimes {
		o, err := a.say(ctx, f.events)
		if err != nil {
			return err
		}
		t.burst.add(o)
		if now, _ := a.usage(); now-before >= leastProcessor || o.lost > 0 {
			break
		}
	}
	// What it does about them after the last delivery counts too.
	t.burst.add(a.rest(ctx))
	after, _ := a.usage()
	t.cpu = after - before
	return ctx.Err()
}

// say writes so many events and follows everyone until they are there.
func (a *audience) say(ctx context.Context, events int) (outcome, error) {
	first := a.next
	a.next += events
	return a.hear(ctx, first, events, a.write)
}
