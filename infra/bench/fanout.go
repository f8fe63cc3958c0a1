package main

import (
	"context"
	"edgestream/infra/stack"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

const fanoutHelp = `Many listeners on one stream, through the whole local path.

Starts infra/local as a process, opens N WebSocket connections that listen to public, writes
statuses of one author into Content and reads every frame: first some one by one, each when
everyone has the one before, for the latency of a delivery; then M at once, for deliveries per
second. Each socket must get all of them in order: a lost, repeated or reordered frame fails the
benchmark. Latency is from just before PutItem to the frame's arrival; the stream is polled as on
AWS (4 times a second) unless --stream-poll says otherwise. With more than 500 sockets the statuses go
through the queue of wide changes, at most --pace posts a second. The ratio is deliveries per second
over those of a bare WebSocket server in this process that writes the same frames to as many
sockets. Processor time is that of all of the statuses at once: what the machine does besides
counts little in it.

Then the same with --sse streams of server-sent events, on a runner of their own whose DynamoDB is
in this process and counts what is consumed. Each stream is a process of the function, as each is an
execution on Lambda. First nothing happens for --idle: what a quiet stream takes; then come events
one by one, and at once. Processor seconds are of the runner (which stands for CloudFront, the
function URL and Lambda) and of the functions alone, publish among them, scaled to one stream and an
hour; read units are those of History, scaled so too. A stream-hour's price is Lambda's for its time
and its requests, and DynamoDB's for the reads of a quiet stream, by memory size; a WebSocket's is
for its connection-minutes. Messages, data out and publishing cost extra on either. --sockets 0 or
--sse 0 leaves a part out.`

type fanoutFlags struct {
	sockets, events, single   int
	pace                      int
	sse, sseEvents, sseSingle int
	idle, poll                time.Duration
}

func defineFanout(fs *flag.FlagSet) func(context.Context, io.Writer) error {
	var f fanoutFlags
	fs.IntVar(&f.sockets, "sockets", 1000, "WebSocket connections")
	fs.IntVar(&f.events, "events", 100, "statuses to write at once")
	fs.IntVar(&f.single, "single", 20, "statuses to write one by one before that")
	fs.IntVar(&f.pace, "pace", 100_000, "WidePostsPerSecond: at the template's 5,000 the pace is measured, not the work")
	fs.IntVar(&f.sse, "sse", 200, "streams of server-sent events")
	fs.IntVar(&f.sseEvents, "sse-events", 100, "statuses to write to them at once")
	fs.IntVar(&f.sseSingle, "sse-single", 20, "statuses to write to them one by one before that")
	fs.DurationVar(&f.idle, "idle", 30*time.Second, "for how long nothing happens on them")
	fs.DurationVar(&f.poll, "stream-poll", 250*time.Millisecond, "pause between two looks at the stream")
	return func(ctx context.Context, out io.Writer) error { return fanout(ctx, out, f) }
}

// check wants something to measure in each part that is not left out.
func (f fanoutFlags) check() error {
	if err := atLeast(0, map[string]int{"sockets": f.sockets, "sse": f.sse}); err != nil {
		return err
	}
	counted := map[string]int{}
	if f.sockets > 0 {
		counted["events"], counted["single"] = f.events, f.single
	}
	if f.sse > 0 {
		counted["sse-events"], counted["sse-single"] = f.sseEvents, f.sseSingle
	}
	if len(counted) == 0 {
		return errors.New("--sockets 0 --sse 0: there is nothing to measure")
	}
	return atLeast(1, counted)
}

// fanout measures both parts and prints what was found even if something was lost.
func fanout(ctx context.Context, out io.Writer, f fanoutFlags) error {
	if err := f.check(); err != nil {
		return err
	}
	figures := []string{"bench=fanout"}
	var failed error
	for _, part := range []struct {
		listeners int
		run       func(context.Context, io.Writer, fanoutFlags) (string, error)
	}{{f.sockets, fanoutSockets}, {f.sse, fanoutStreams}} {
		if part.listeners == 0 {
			continue
		}
		line, err := part.run(ctx, out, f)
		failed = errors.Join(failed, err)
		figures = append(figures, line)
		if line == "" {
			return failed
		}
	}
	fmt.Fprintln(out, strings.Join(figures, " "))
	return failed
}

// fanoutSockets prints its table and returns its figures; none if there was nothing to measure.
func fanoutSockets(ctx context.Context, out io.Writer, f fanoutFlags) (string, error) {
	l, err := stack.Start(ctx, ".", "--stream-poll", f.poll.String(), "--parameter", fmt.Sprint("WidePostsPerSecond=", f.pace))
	if err != nil {
		return "", err
	}
	defer l.Stop()
	db, everyone := client(l.DynamoDB), people{"bench", f.sockets}
	if err := everyone.register(ctx, db); err != nil {
		return "", err
	}
	crowd, err := everyone.dial(ctx, l, "&stream=public")
	if err != nil {
		return "", err
	}
	defer crowd.leave()
	fmt.Fprintf(os.Stderr, "%d sockets are open; writing %d statuses one by one, then %d at once\n", f.sockets, f.single, f.events)
	single, err := crowd.oneByOne(ctx, db, 0, f.single)
	if err != nil {
		return "", err
	}
	before := taken(l)
	ours, err := crowd.publish(ctx, db, f.single, f.events)
	if err != nil {
		return "", err
	}
	work := taken(l).since(before)
	ours.add(crowd.rest(ctx))
	bare, err := bareFanout(ctx, f.sockets, f.events, crowd.sample)
	if err != nil {
		return "", err
	}
	return reportSockets(out, f, single, ours, bare, work), errors.Join(single.verdict(), ours.verdict())
}

// resources are what a stack takes: seconds of processor time, and resident megabytes.
type resources struct{ runner, functions, runnerMB, functionsMB float64 }

func taken(l *stack.Stack) (r resources) {
	r.runner, r.functions = l.CPU()
	r.runnerMB, r.functionsMB = l.Memory()
	return r
}

// since is the time that was taken since before, and the memory of now.
func (r resources) since(before resources) resources {
	r.runner, r.functions = r.runner-before.runner, r.functions-before.functions
	return r
}

func reportSockets(out io.Writer, f fanoutFlags, single, ours, bare outcome, work resources) string {
	sockets := strconv.Itoa(f.sockets)
	rows := [][]string{
		{"", "one by one", "at once", "bare server, at once"},
		{"sockets", sockets, sockets, sockets},
		{"events", strconv.Itoa(f.single), strconv.Itoa(f.events), strconv.Itoa(f.events)},
	}
	for _, row := range verdictRows(single, ours) {
		rows = append(rows, append(row, ""))
	}
	table(out, append(rows, [][]string{
		{"deliveries per second", "", whole(ours.rate()), whole(bare.rate())},
		{"p50 ms", single.millis(50), ours.millis(50), ""},
		{"p99 ms", single.millis(99), ours.millis(99), ""},
		{"processor us of functions, a delivery", "", whole(1e6 * work.functions / float64(max(1, ours.delivered))), ""},
		{"processor us of runner, a delivery", "", whole(1e6 * work.runner / float64(max(1, ours.delivered))), ""},
		{"memory of runner, MB", "", whole(work.runnerMB), ""},
		{"memory of functions, MB", "", whole(work.functionsMB), ""},
	}...))
	return fmt.Sprintf("ratio=%s deliveries_per_second=%s p50_ms=%s p99_ms=%s lost=%d extra=%d disorder=%d",
		two(ours.rate()/bare.rate()), whole(ours.rate()), single.millis(50), single.millis(99),
		single.lost+ours.lost, single.extra+ours.extra, single.disorder+ours.disorder)
}

// verdictRows say how many events came, and what was wrong, a column for each outcome.
func verdictRows(outcomes ...outcome) [][]string {
	rows := [][]string{{"delivered"}, {"lost"}, {"twice"}, {"out of order"}}
	for _, o := range outcomes {
		for i, n := range []int{o.delivered, o.lost, o.extra, o.disorder} {
			rows[i] = append(rows[i], strconv.Itoa(n))
		}
	}
	return rows
}
