package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"edgestream/infra/local/template"
)

const chaosHelp = `Faults against the real local stack: does everyone get everything, in order, whatever happens?

Starts infra/local with a proxy before its DynamoDB (an engine in this process, --dynamodb-local or
--dynamodb) and one before @connections, opens WebSocket connections and streams of server-sent events,
and writes numbered events of several owners into Content: statuses for public, two tags and the homes
of few or of all, notifications, and for clients of Channels events of a private channel and CloudApp's
items. Meanwhile, as --seed has it, functions are killed with SIGKILL; @connections answers 429 and 5xx,
cuts connections and lets posts time out, delivered or not, some of them always and many in bursts;
DynamoDB stalls, refuses for lack of throughput, and is restarted: its port is closed and its connections
are cut, and with --dynamodb-local its process is killed with SIGKILL, too, and comes back on its files;
clients drop their connections and come back. One tag has more listeners than WideListeners (--wide), as
have many homes, so that the queue and deliver take part. Half of the sockets and of the readers of
server-sent events ask for ids (event_ids=true) and come back with the last one that they saw; the others
are plain and listen to one stream. Responses of server-sent events end as planned every 12 seconds.

After --duration the faults stop. Recovered is when everyone is connected and has all that was written
until then. What deliver was killed over comes again when the queue's time for it is over: after half a
minute, or a minute and a half if it had not begun. Then each owner writes once more, and the run ends
when everyone has that too, or when nothing has arrived for --settle: what is missing then is lost.
Ctrl-C ends faults and writing at once, and the report is of what was until then; another one ends
everything without a report.

How it counts. An event is due to a client with ids from its first edgestream.position on, over all of
its connections: each must come. To a plain client it is due if it was written after the connection was
open, and either a later one of the same owner and stream came on that connection, or the connection
stood to the end: what breaks with a connection is not lost by anybody but the connection. Out of order
is an event with a smaller number than one before it of the same owner on the same stream (of the same
connection, for a plain client), unless the client can tell it for a repetition: by its id, or, if it is
plain, since the very event has come on this connection. Such repetitions are counted as twice, and are
no failure: a post whose outcome is not known is made again. Only to who reads server-sent events with
ids nothing may come twice. Gaps are no failure, but are counted: edgestream.gap, which says that
something could not be resumed. So is what functions have left in the failure queues: what an instance of
greet had that died, and was due to a client without ids, is lost with it, and counted by itself.

The seed decides every choice; which function is then at which step is up to the machine. What is lost
or out of order is printed with the client's own trace, the accidents of that time, every post of the
event and the functions' log lines about the connections that it went to. Exit status 1 if anything was
lost or out of order, or twice where nothing may be.`

type chaosFlags struct {
	duration, settle         time.Duration
	seed                     uint64
	clients, listeners, wide int
	readers, subscribers     int
	rate                     int
	dynamodb, local          string
	spare                    []string
	root                     string
	begun                    func() // if not nil, called when faults begin
}

func defineChaos(fs *flag.FlagSet) func(context.Context, io.Writer) error {
	f := chaosFlags{root: "."}
	fs.DurationVar(&f.duration, "duration", time.Minute, "for how long faults happen")
	fs.DurationVar(&f.settle, "settle", 2*time.Minute, "after that, for how long nothing may arrive of what is missing before it is lost; five times that in all")
	fs.Uint64Var(&f.seed, "seed", 0, "of all choices; 0: one of the clock's, which is printed")
	fs.IntVar(&f.clients, "clients", 12, "connections to streams of any width")
	fs.IntVar(&f.listeners, "listeners", 20, "connections to the wide tag")
	fs.IntVar(&f.readers, "readers", 6, "streams of server-sent events")
	fs.IntVar(&f.subscribers, "subscribers", 4, "connections to an app of Channels")
	fs.IntVar(&f.wide, "wide", 16, "WideListeners: more listeners or homes than this make a change wide")
	fs.IntVar(&f.rate, "rate", 8, "events to write a second; each wide one is 16 parts in the queue, and more than the machine can do is a backlog")
	fs.Func("spare", "`NAME` of a function that is not killed, such as Deliver; may be repeated", func(name string) error {
		f.spare = append(f.spare, name)
		return nil
	})
	fs.StringVar(&f.dynamodb, "dynamodb", "", "`URL` of a DynamoDB Local to use; empty: an engine in this process")
	fs.StringVar(&f.local, "dynamodb-local", "", "`folder` of a DynamoDB Local to start and restart, such as .cache/dynamodb-2.6.1, where ./infra/test go-dynamodb-local puts one; needs Java")
	return func(ctx context.Context, out io.Writer) error { return chaos(ctx, out, f) }
}

func (f chaosFlags) check() error {
	if f.duration <= 0 || f.settle <= 0 || f.rate < 1 || f.clients < 1 || f.listeners < 0 || f.readers < 0 || f.subscribers < 0 {
		return fmt.Errorf("want a positive -duration, -settle, -rate and -clients")
	}
	if f.dynamodb != "" && f.local != "" {
		return fmt.Errorf("-dynamodb and -dynamodb-local both say which one to use: leave one out")
	}
	return f.checkSpared()
}

// checkSpared refuses names that no function has.
func (f chaosFlags) checkSpared() error {
	deployed, err := template.Load(filepath.Join(f.root, "template.yaml"), template.Options{})
	if err != nil {
		return err
	}
	var names []string
	for _, function := range deployed.Functions {
		names = append(names, strings.TrimSuffix(function.Name, "Function"))
	}
	for _, name := range f.spare {
		if !slices.Contains(names, name) {
			return fmt.Errorf("-spare %s: there is no such function, but: %s", name, strings.Join(names, ", "))
		}
	}
	return nil
}

// chaos prints what was found even if something was lost. It stops early if halt ends.
func chaos(halt context.Context, out io.Writer, f chaosFlags) error {
	if err := f.check(); err != nil {
		return err
	}
	if f.seed == 0 {
		f.seed = uint64(time.Now().UnixNano())
	}
	fmt.Fprintf(out, "seed %d\n", f.seed)
	s, err := newChaosStage(halt, f)
	if err != nil {
		return err
	}
	defer s.close()
	everyone := newChaosClients(f, s.Stack)
	if err := everyone.register(halt, s.db); err != nil {
		return err
	}
	ctx, end := afterSignal(halt)
	defer end()
	w := newChaosWriter(f, s.db, everyone)
	a := &accidents{stage: s, clients: everyone}
	clients, leave := context.WithCancel(ctx)
	leaving := everyone.run(clients)
	course, err := perform(ctx, halt, f, s, everyone, w, a)
	verdict := everyone.judge(w) // while they are connected
	leave()
	leaving.Wait()
	if err != nil {
		return err
	}
	left, err := s.left(ctx)
	if err != nil {
		return err
	}
	left.excuse(&verdict)
	return report{f, s, everyone, w, a, verdict, left, course}.print(out)
}

// course is how a run went.
type course struct {
	interrupted bool
	// lasted is how long faults happened; recovered how long it took afterwards until everyone had
	// everything, 0 if that did not come.
	lasted, recovered time.Duration
}

// perform writes while accidents happen, until halt ends or it has been long enough.
func perform(ctx, halt context.Context, f chaosFlags, s *chaosStage, everyone *chaosClients, w *chaosWriter, a *accidents) (c course, err error) {
	if err := poll(halt, everyone.notListening); err != nil {
		return c, err
	}
	fmt.Fprintf(os.Stderr, "%d clients listen; faults for %v (Ctrl-C: stop and report)\n", len(everyone.all), f.duration)
	if f.begun != nil {
		f.begun()
	}
	writing, stop := context.WithCancel(halt)
	defer stop()
	written := make(chan error, 1)
	go func() { written <- w.run(ctx, writing.Done()) }()
	begun := time.Now()
	s.callbacks.start()
	a.run(halt, f)
	s.callbacks.stop()
	last := time.Now()
	c.lasted = last.Sub(begun)
	w.slow()
	if everyone.settle(ctx, f.settle, w, last) {
		c.recovered = time.Since(last)
	}
	stop()
	if err := <-written; err != nil {
		return c, err
	}
	if c.interrupted = halt.Err() != nil; c.interrupted {
		return c, ctx.Err()
	}
	if err := w.everyOwner(ctx); err != nil {
		return c, err
	}
	everyone.settle(ctx, f.settle, w, time.Now())
	return c, ctx.Err()
}
