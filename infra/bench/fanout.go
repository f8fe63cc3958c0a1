package main

import (
	"context"
	"edgestream/infra/stack"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"
)

const fanoutHelp = `Many sockets on one stream, through the whole local path.

Starts infra/local as a process, opens N WebSocket connections that listen to public, writes
statuses of one author into Content and reads every frame: first some one by one, each when
everyone has the one before, for the latency of a delivery; then M at once, for deliveries per
second. Each socket must get all of them in order: a lost, repeated or reordered frame fails the
benchmark. Latency is from just before PutItem to the frame's arrival; the stream is polled as on
AWS (4 times a second) unless --stream-poll says otherwise. The ratio is deliveries per second
over those of a bare WebSocket server in this process that writes the same frames to as many
sockets.`

type fanoutFlags struct {
	sockets, events, single int
	poll                    time.Duration
}

func defineFanout(fs *flag.FlagSet) func(context.Context, io.Writer) error {
	var f fanoutFlags
	fs.IntVar(&f.sockets, "sockets", 1000, "WebSocket connections")
	fs.IntVar(&f.events, "events", 100, "statuses to write at once")
	fs.IntVar(&f.single, "single", 20, "statuses to write one by one before that")
	fs.DurationVar(&f.poll, "stream-poll", 250*time.Millisecond, "pause between two looks at the stream")
	return func(ctx context.Context, out io.Writer) error { return fanout(ctx, out, f) }
}

func fanout(ctx context.Context, out io.Writer, f fanoutFlags) error {
	l, err := stack.Start(ctx, ".", "--stream-poll", f.poll.String())
	if err != nil {
		return err
	}
	defer l.Stop()
	crowd, err := gather(ctx, l, f.sockets)
	if err != nil {
		return err
	}
	defer crowd.leave()
	fmt.Fprintf(os.Stderr, "%d sockets are open; writing %d statuses one by one, then %d at once\n", f.sockets, f.single, f.events)
	single, err := crowd.oneByOne(ctx, l, f.single)
	if err != nil {
		return err
	}
	ours, err := crowd.publish(ctx, l, f.single, f.events)
	if err != nil {
		return err
	}
	bare, err := bareFanout(ctx, f.sockets, f.events, crowd.sample)
	if err != nil {
		return err
	}
	runner, functions := l.Memory()
	report(out, f, single, ours, bare, runner, functions)
	single.add(ours)
	return single.verdict()
}

func report(out io.Writer, f fanoutFlags, single, ours, bare outcome, runner, functions float64) {
	table(out, [][]string{
		{"", "one by one", "at once", "bare server, at once"},
		{"sockets", strconv.Itoa(f.sockets), strconv.Itoa(f.sockets), strconv.Itoa(f.sockets)},
		{"events", strconv.Itoa(f.single), strconv.Itoa(f.events), strconv.Itoa(f.events)},
		{"delivered", strconv.Itoa(single.delivered), strconv.Itoa(ours.delivered), strconv.Itoa(bare.delivered)},
		{"lost", strconv.Itoa(single.lost), strconv.Itoa(ours.lost), strconv.Itoa(bare.lost)},
		{"out of order or twice", strconv.Itoa(single.disorder), strconv.Itoa(ours.disorder), ""},
		{"deliveries per second", "", whole(ours.rate()), whole(bare.rate())},
		{"p50 ms", single.millis(50), ours.millis(50), ""},
		{"p99 ms", single.millis(99), ours.millis(99), ""},
		{"memory of runner, MB", "", whole(runner), ""},
		{"memory of functions, MB", "", whole(functions), ""},
	})
	fmt.Fprintf(out, "bench=fanout ratio=%s deliveries_per_second=%s p50_ms=%s p99_ms=%s lost=%d disorder=%d\n",
		two(ours.rate()/bare.rate()), whole(ours.rate()), single.millis(50), single.millis(99), single.lost+ours.lost, single.disorder+ours.disorder)
}
