package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

const versusHelp = `The same work through what one would use instead: serverless-offline, and Sockudo.

N WebSocket connections listen to one stream, M events of a kilobyte are written, and every frame
is read. In turn, in each round, on loopback alone and with nothing else of this command running:

  Edgestream         infra/local with the real functions, the sockets at API Gateway and not at
                     CloudFront, which the next has none of; an event is a PutItem into Content
  serverless-offline the npm package, with the publisher of infra/bench/versus in Node: connections
                     in a table of the same embedded DynamoDB (a process of its own), a post with
                     AWS's SDK for each; an event is an invocation of its function
  Edgestream, Channels and Sockudo
                     the Channels protocol, Edgestream's at CloudFront; an event is a POST to
                     /apps/{id}/events; Sockudo is a Pusher server in one process, in Rust

A turn starts the contestant anew, warms it with some sockets that leave again, opens N, writes
events one by one, each when everyone has the one before, and then M at once; where that takes less
than half a second of processor, several times. Everyone must get all of them, once and in order:
anything else fails the benchmark. The clients are in this process and not counted.

Deliveries per second and core are deliveries at once over the processor seconds of all processes
of the contestant, of which Edgestream's and serverless-offline's stand for API Gateway, Lambda and
DynamoDB too. Latency is from just before the write to the frame's arrival; Edgestream's stream is
polled as on AWS (4 times a second) unless --stream-poll says otherwise, the others have none. A
connection's memory is what all processes have more resident with N sockets than with none. The
ratios are of deliveries per second and core: medians of the rounds, each of turns of one round.

What a contestant needs is fetched into .cache/ (node and npm: 300 MB; cargo and protoc: half an
hour of compiling on two cores, once). One that cannot be had is named with the reason, and the others go on.`

type versusFlags struct {
	sockets, events, single, rounds int
	poll                            time.Duration
	skip                            []string
}

func defineVersus(fs *flag.FlagSet) func(context.Context, io.Writer) error {
	var f versusFlags
	fs.IntVar(&f.sockets, "sockets", 500, "WebSocket connections; more than 500 take the queue of wide streams")
	fs.IntVar(&f.events, "events", 40, "events to write at once")
	fs.IntVar(&f.single, "single", 10, "events to write one by one before that")
	fs.IntVar(&f.rounds, "rounds", 3, "rounds, each with a turn of every contestant")
	fs.DurationVar(&f.poll, "stream-poll", 250*time.Millisecond, "pause between two looks at Edgestream's stream")
	fs.Func("skip", "`contestants` to leave out, such as serverless-offline,sockudo: of "+strings.Join(contestantIDs, ", "), f.leaveOut)
	return func(ctx context.Context, out io.Writer) error { return versus(ctx, out, f) }
}

// contestant is one of those that do the same work.
type contestant struct {
	// name is for people, id for flags and figures.
	name, id string
	// prepare provides what it needs, and returns what starts it, and its version.
	prepare func(context.Context, versusFlags) (starter, string, error)

	start   starter
	version string
	// failed says why it is left out.
	failed error
	turns  []turn
}

// starter starts all of a contestant's processes.
type starter func(context.Context) (rival, error)

// rival is a contestant that runs.
type rival interface {
	// join opens a socket that hears what is written; i tells it from others that are open.
	join(ctx context.Context, i int) (listener, error)
	// write writes the event with this number. It may return before the event is delivered.
	write(ctx context.Context, event int) error
	// usage is what all of its processes have taken: seconds of processor time, and resident megabytes.
	usage() (cpu, memory float64)
	stop() error
}

// Ids of the contestants.
const (
	oursID, offlineID, channelsID, sockudoID = "edgestream", "serverless-offline", "edgestream-channels", "sockudo"
)

var contestantIDs = []string{oursID, offlineID, channelsID, sockudoID}

// leaveOut takes the value of --skip.
func (f *versusFlags) leaveOut(ids string) error {
	for id := range strings.SplitSeq(ids, ",") {
		if !slices.Contains(contestantIDs, id) {
			return fmt.Errorf("there is no contestant %q: there are %s", id, strings.Join(contestantIDs, ", "))
		}
		f.skip = append(f.skip, id)
	}
	return nil
}

func versus(ctx context.Context, out io.Writer, f versusFlags) error {
	if err := atLeast(1, map[string]int{"sockets": f.sockets, "events": f.events, "single": f.single, "rounds": f.rounds}); err != nil {
		return err
	}
	local := &localProgram{}
	defer local.remove()
	all := []*contestant{
		{name: "Edgestream", id: oursID, prepare: local.mastodon},
		{name: "serverless-offline", id: offlineID, prepare: local.offline},
		{name: "Edgestream, Channels", id: channelsID, prepare: local.channels},
		{name: "Sockudo", id: sockudoID, prepare: prepareSockudo},
	}
	all = slices.DeleteFunc(all, func(c *contestant) bool { return slices.Contains(f.skip, c.id) })
	for _, c := range all {
		if c.start, c.version, c.failed = c.prepare(ctx, f); c.failed != nil {
			fmt.Fprintf(os.Stderr, "%s is left out: %v\n", c.name, c.failed)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	for round := range f.rounds {
		for i := range all {
			if err := all[(round+i)%len(all)].turn(ctx, f, round); err != nil { // no one is always the first
				return err
			}
		}
	}
	reportVersus(out, all, f)
	return versusVerdict(all)
}

// turn does the work once. A contestant that fails at it is left out from then on; only the context's
// end is an error.
func (c *contestant) turn(ctx context.Context, f versusFlags, round int) error {
	if c.failed != nil {
		return nil
	}
	fmt.Fprintf(os.Stderr, "round %d of %d: %s\n", round+1, f.rounds, c.name)
	t, err := takeTurn(ctx, c.start, f)
	if err != nil {
		c.failed = fmt.Errorf("in round %d: %w", round+1, err)
		fmt.Fprintf(os.Stderr, "%s is left out: %v\n", c.name, c.failed)
		return ctx.Err()
	}
	t.round = round
	c.turns = append(c.turns, t)
	fmt.Fprintf(os.Stderr, "round %d of %d: %s: %s deliveries per second and core\n", round+1, f.rounds, c.name, whole(t.perCore()))
	return nil
}

// versusVerdict fails if a contestant did not deliver what it had to, or if Edgestream could not run.
func versusVerdict(all []*contestant) (failed error) {
	for _, c := range all {
		if err := c.total().verdict(); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", c.name, err))
		}
		if c.failed != nil && (c.id == oursID || c.id == channelsID) {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", c.name, c.failed))
		}
	}
	return failed
}
