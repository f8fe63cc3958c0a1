package main

import (
	"context"
	"edgestream/infra/stack"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/coder/websocket"
)

const channelsHelp = `Publishes over the Channels HTTP API, and how fast a connection is greeted.

Starts infra/local and opens two WebSocket connections of an app: one subscribed to a channel, one
to a hundred. Clients side by side POST signed events of about half a kilobyte to /apps/{id}/events,
each client the next when the one before is answered: to the one channel; each to one of the
hundred; each to all hundred. Rounds of these alternate with rounds in which the same clients send
the same requests to a bare net/http server in this process, which checks the same signature and
writes the same items to an embedded DynamoDB. The ratio is publishes per second on one channel,
ours over bare: the median of the rounds. Every answer must be 200 {}, and every event must come to
its socket once, those of one client and channel in their order: anything else fails the benchmark.
Frames per second and from POST to frame are with a queue of events, as many as the clients can make.

Then the first frame of connections, pusher:connection_established, from before the dial: warm, of
connections one after the other; and cold, of the first connection of stacks that were just started,
on which no function has run. Cold ones over --limit fail the benchmark.`

type channelsFlags struct {
	clients, publishes, wide, rounds int
	warm, cold                       int
	limit                            time.Duration
}

func defineChannels(fs *flag.FlagSet) func(context.Context, io.Writer) error {
	var f channelsFlags
	fs.IntVar(&f.clients, "clients", 8, "clients that publish side by side")
	fs.IntVar(&f.publishes, "publishes", 800, "publishes of a round")
	fs.IntVar(&f.wide, "wide", 24, "publishes of a round to a hundred channels")
	fs.IntVar(&f.rounds, "rounds", 3, "rounds, each ours and bare")
	fs.IntVar(&f.warm, "warm", 100, "connections to a stack that is warm")
	fs.IntVar(&f.cold, "cold", 5, "stacks to start, each for a first connection")
	fs.DurationVar(&f.limit, "limit", time.Second, "the longest that a first connection may wait for its first frame")
	return func(ctx context.Context, out io.Writer) error { return channels(ctx, out, f) }
}

// channels prints what was found even if something was lost or too slow.
func channels(ctx context.Context, out io.Writer, f channelsFlags) error {
	if err := atLeast(1, map[string]int{"clients": f.clients, "publishes": f.publishes, "wide": f.wide, "rounds": f.rounds, "warm": f.warm, "cold": f.cold}); err != nil {
		return err
	}
	program, err := stack.Build(ctx, ".")
	if err != nil {
		return err
	}
	defer program.Remove()
	all, warm, err := measureWarm(ctx, program, f)
	if err != nil {
		return err
	}
	cold, err := measureCold(ctx, program, f.cold)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "bench=channels", reportPublishes(out, all), reportGreetings(out, cold, warm))
	failed := cold.within(f.limit)
	for _, s := range all {
		failed = errors.Join(failed, s.heard.verdict())
	}
	return failed
}

// measureWarm publishes on one stack, and then opens connections there.
func measureWarm(ctx context.Context, program *stack.Program, f channelsFlags) ([]*series, *greetings, error) {
	l, err := program.Start(ctx, append(quiet, "--concurrency", fmt.Sprint(max(10, f.clients)))...)
	if err != nil {
		return nil, nil, err
	}
	defer l.Stop()
	db := client(l.DynamoDB)
	if err := benchApp.register(ctx, db); err != nil {
		return nil, nil, err
	}
	bare, err := newBareAPI(ctx, benchApp)
	if err != nil {
		return nil, nil, err
	}
	defer bare.close()
	all, err := publishAll(ctx, l, bare.server.URL, f)
	if err != nil {
		return nil, nil, err
	}
	fmt.Fprintf(os.Stderr, "opening %d connections one by one\n", f.warm)
	warm, err := greet(ctx, l, f.warm)
	return all, warm, err
}

// spread is how many channels the events of the second and the third series go to.
const spread = 100

// series is publishes of one kind, over all rounds.
type series struct {
	routing
	publishes int
	on        *subscriber

	posted, bare outcome
	heard        outcome
	ratios       []float64
}

func newSeries(r routing, publishes int, on *subscriber) *series {
	return &series{routing: r, publishes: publishes, on: on, posted: newOutcome(), bare: newOutcome(), heard: newOutcome()}
}

// publishAll publishes in rounds of each kind, in turn to the stack and to the bare server.
func publishAll(ctx context.Context, l *stack.Stack, bare string, f channelsFlags) ([]*series, error) {
	all, err := listenAll(ctx, l, f)
	if err != nil {
		return nil, err
	}
	p := publishers{app: benchApp, http: clientOf(f.clients), clients: f.clients}
	defer p.http.CloseIdleConnections()
	round := 0
	for i := range f.rounds + 1 { // the first warms the functions
		fmt.Fprintf(os.Stderr, "round %d of %d\n", i, f.rounds)
		for _, s := range all {
			round++
			once := newSeries(s.routing, s.publishes, s.on)
			if err := once.round(ctx, p, round, l.Edge, bare); err != nil {
				return nil, err
			}
			if i > 0 {
				s.add(once)
			}
		}
	}
	for _, s := range all[:2] { // the third has the second's socket
		rest := crowd[socket]{listeners: []socket{s.on.socket}}
		s.heard.add(rest.rest(ctx))
		s.on.Close(websocket.StatusNormalClosure, "")
	}
	return all, nil
}

// listenAll opens the sockets.
func listenAll(ctx context.Context, l *stack.Stack, f channelsFlags) ([]*series, error) {
	var on [2]*subscriber
	for i, r := range []routing{single, scattered} {
		var err error
		if on[i], _, err = benchApp.connect(ctx, l); err != nil {
			return nil, err
		}
		for _, channel := range r.channels() {
			if err := on[i].subscribe(ctx, benchApp, channel, ""); err != nil {
				return nil, err
			}
		}
	}
	return []*series{newSeries(single, f.publishes, on[0]), newSeries(scattered, f.publishes, on[1]), newSeries(everywhere, f.wide, on[1])}, nil
}

// round publishes to the stack, until everything is heard, and to the bare server.
func (s *series) round(ctx context.Context, p publishers, round int, edge, bare string) (err error) {
	p.each = max(1, s.publishes/p.clients)
	h := newHearing(s.routing, round, p.clients, p.each)
	listening, stop := context.WithCancel(ctx)
	defer stop()
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		h.follow(listening, s.on)
	}()
	if s.posted, err = p.run(ctx, edge, round, s.routing, h.sends); err != nil {
		stop()
		<-heard
		return err
	}
	<-heard
	s.heard = h.outcome
	if s.bare, err = p.run(ctx, bare, round, s.routing, nil); err != nil {
		return err
	}
	s.ratios = []float64{s.posted.rate() / s.bare.rate()}
	return nil
}

func (s *series) add(once *series) {
	s.posted.add(once.posted)
	s.bare.add(once.bare)
	s.heard.add(once.heard)
	s.ratios = append(s.ratios, once.ratios...)
}

func reportPublishes(out io.Writer, all []*series) string {
	rows := [][]string{{"publishes"}}
	for _, s := range all {
		rows[0] = append(rows[0], s.name)
	}
	for _, line := range []struct {
		name string
		of   func(s *series) string
	}{
		{"publishes", func(s *series) string { return fmt.Sprint(s.posted.delivered) }},
		{"per second", func(s *series) string { return whole(s.posted.rate()) }},
		{"per second, bare server", func(s *series) string { return whole(s.bare.rate()) }},
		{"ratio", func(s *series) string { return two(median(s.ratios)) }},
		{"answered, p50 ms", func(s *series) string { return s.posted.millis(50) }},
		{"answered, p99 ms", func(s *series) string { return s.posted.millis(99) }},
		{"bare server, p50 ms", func(s *series) string { return s.bare.millis(50) }},
		{"bare server, p99 ms", func(s *series) string { return s.bare.millis(99) }},
		{"frames", func(s *series) string { return fmt.Sprint(s.heard.delivered) }},
		{"lost", func(s *series) string { return fmt.Sprint(s.heard.lost) }},
		{"twice", func(s *series) string { return fmt.Sprint(s.heard.extra) }},
		{"out of order", func(s *series) string { return fmt.Sprint(s.heard.disorder) }},
		{"frames per second", func(s *series) string { return whole(s.heard.rate()) }},
		{"POST to frame, p50 ms", func(s *series) string { return s.heard.millis(50) }},
		{"POST to frame, p99 ms", func(s *series) string { return s.heard.millis(99) }},
	} {
		row := []string{line.name}
		for _, s := range all {
			row = append(row, line.of(s))
		}
		rows = append(rows, row)
	}
	table(out, rows)
	var figures []string
	for i, name := range []string{"", "scattered_", "wide_"} {
		s := all[i]
		figures = append(figures, name+"ratio="+two(median(s.ratios)), name+"publishes_per_second="+whole(s.posted.rate()),
			name+"p99_ms="+s.posted.millis(99), fmt.Sprintf("%slost=%d", name, s.heard.lost))
	}
	return strings.Join(figures, " ")
}
