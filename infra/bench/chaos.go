package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"edgestream/infra/stack"
)

const chaosHelp = `Faults against the real local stack: does everyone get everything, in order, whatever happens?

Starts infra/local with a proxy before its DynamoDB (an engine in this process, or --dynamodb) and one
before @connections, opens WebSocket connections and writes numbered events of several owners into
Content: statuses for public, two tags and the homes of few or of all, and notifications. Meanwhile, as
--seed has it, functions are killed with SIGKILL; @connections answers 429 and 5xx, cuts connections
and lets posts time out, delivered or not, some of them always and many in bursts; DynamoDB stalls,
refuses for lack of throughput, and is restarted (its port is closed, its connections are cut); clients
drop their connections and come back. One tag has more listeners than WideListeners (--wide), as have
many homes, so that the queue and deliver take part. Half of the clients ask for ids (event_ids=true)
and come back with the last one that they saw; the others are plain and listen to one stream.

After --duration the faults stop. Recovered is when everyone is connected and has all that was written
until then. What deliver was killed over comes again when the queue's time for it is over: after half a
minute, or a minute and a half if it had not begun. Then each owner writes once more, and the run ends
when everyone has that too, or when nothing has arrived for --settle: what is missing then is lost.

How it counts. An event is due to a client with ids from its first edgestream.position on, over all of
its connections: each must come. To a plain client it is due if it was written after the connection was
open, and either a later one of the same owner and stream came on that connection, or the connection
stood to the end: what breaks with a connection is not lost by anybody but the connection. Out of order
is an event with a smaller number than one before it of the same owner on the same stream (of the same
connection, for a plain client), unless the client can tell it for a repetition: by its id, or, if it is
plain, since the very event has come on this connection. Such repetitions are counted as twice, and are
no failure: a post whose outcome is not known is made again. Neither are gaps, but they are counted:
edgestream.gap, which says that something could not be resumed.

The seed decides every choice; which function is then at which step is up to the machine. What is lost
or out of order is printed with the client's own trace, the accidents of that time, every post of the
event and the functions' log lines about the connections that it went to. Exit status 1 if anything was
lost or out of order.`

type chaosFlags struct {
	duration, settle         time.Duration
	seed                     uint64
	clients, listeners, wide int
	rate                     int
	dynamodb                 string
	spare                    []string
	root                     string
}

func defineChaos(fs *flag.FlagSet) func(context.Context, io.Writer) error {
	f := chaosFlags{root: "."}
	fs.DurationVar(&f.duration, "duration", time.Minute, "for how long faults happen")
	fs.DurationVar(&f.settle, "settle", 2*time.Minute, "after that, for how long nothing may arrive of what is missing before it is lost; five times that in all")
	fs.Uint64Var(&f.seed, "seed", 0, "of all choices; 0: one of the clock's, which is printed")
	fs.IntVar(&f.clients, "clients", 12, "connections to streams of any width")
	fs.IntVar(&f.listeners, "listeners", 20, "connections to the wide tag")
	fs.IntVar(&f.wide, "wide", 16, "WideListeners: more listeners or homes than this make a change wide; public, which is spread over eight keys, has an eighth of it for each")
	fs.IntVar(&f.rate, "rate", 8, "events to write a second; each wide one is 16 parts in the queue, and more than the machine can do is a backlog")
	fs.Func("spare", "`NAME` of a function that is not killed, such as Deliver; may be repeated", func(name string) error {
		f.spare = append(f.spare, name)
		return nil
	})
	fs.StringVar(&f.dynamodb, "dynamodb", "", "`URL` of a DynamoDB Local to use; empty: an engine in this process")
	return func(ctx context.Context, out io.Writer) error { return chaos(ctx, out, f) }
}

// chaos prints what was found even if something was lost.
func chaos(ctx context.Context, out io.Writer, f chaosFlags) error {
	if f.duration <= 0 || f.settle <= 0 || f.rate < 1 || f.clients < 1 || f.listeners < 0 {
		return fmt.Errorf("want a positive -duration, -settle, -rate and -clients")
	}
	if f.seed == 0 {
		f.seed = uint64(time.Now().UnixNano())
	}
	fmt.Fprintf(out, "seed %d\n", f.seed)
	s, err := newChaosStage(ctx, f)
	if err != nil {
		return err
	}
	defer s.close()
	everyone := newChaosClients(f, s.edge())
	if err := everyone.register(ctx, s.db); err != nil {
		return err
	}
	w := newChaosWriter(f, s.db, everyone)
	a := &accidents{stage: s, clients: everyone}
	clients, leave := context.WithCancel(ctx)
	leaving := everyone.run(clients)
	recovered, err := perform(ctx, f, s, everyone, w, a)
	verdict := everyone.judge(w) // while they are connected
	leave()
	leaving.Wait()
	if err != nil {
		return err
	}
	return report{f, s, everyone, w, a, verdict, recovered}.print(out)
}

// perform writes while accidents happen, and returns how long it took afterwards until everyone had
// everything; 0 if that did not come.
func perform(ctx context.Context, f chaosFlags, s *chaosStage, everyone *chaosClients, w *chaosWriter, a *accidents) (time.Duration, error) {
	if err := poll(ctx, everyone.notListening); err != nil {
		return 0, err
	}
	fmt.Fprintf(os.Stderr, "%d clients listen; faults for %v\n", len(everyone.all), f.duration)
	stop := make(chan struct{})
	written := make(chan error, 1)
	go func() { written <- w.run(ctx, stop) }()
	s.callbacks.start()
	a.run(ctx, f)
	s.callbacks.stop()
	last := time.Now()
	w.slow()
	recovered := time.Duration(0)
	if everyone.settle(ctx, f.settle, w, last) {
		recovered = time.Since(last)
	}
	close(stop)
	if err := <-written; err != nil {
		return 0, err
	}
	if err := w.everyOwner(ctx); err != nil {
		return 0, err
	}
	everyone.settle(ctx, f.settle, w, time.Now())
	return recovered, ctx.Err()
}

// chaosStage is a stack whose database and whose management API can fail.
type chaosStage struct {
	*stack.Stack
	database
	callbacks *callbacks
}

func newChaosStage(ctx context.Context, f chaosFlags) (_ *chaosStage, err error) {
	s := &chaosStage{}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if s.database, err = newDatabase(f.dynamodb); err != nil {
		return nil, err
	}
	if s.callbacks, err = newCallbacks(f.seed); err != nil {
		return nil, err
	}
	s.Stack, err = stack.Start(ctx, f.root, "--demo=false", "--stream-poll", "50ms", "--retry-delay", "200ms", "--schedule-every", "5s",
		"--dynamodb", s.database.proxy.URL, "--callbacks", s.callbacks.proxy.URL,
		"--parameter", fmt.Sprint("WideListeners=", f.wide), "--parameter", "MaxConnections=1000")
	if err != nil {
		return nil, err
	}
	return s, s.callbacks.proxy.Before(s.API)
}

// edge is where clients connect.
func (s *chaosStage) edge() string { return "ws" + s.Edge[len("http"):] + "/api/v1/streaming" }

func (s *chaosStage) close() {
	if s.Stack != nil {
		if err := s.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	if s.callbacks != nil {
		s.callbacks.proxy.Close()
	}
	s.database.close()
}
