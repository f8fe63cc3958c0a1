package main

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"edgestream/infra/stack"
)

// Streams by the name under which what is written to them is kept.
const (
	publicKey = "public"
	wideTag   = "wide"
	narrowTag = "narrow"
)

// roomKey is the channel that all clients of Channels are subscribed to.
const roomKey = "channel"

func homeKey(account string) string  { return "user " + account }
func itemsKey(account string) string { return "items " + account }

// chaosClients are all of them. Each has an account of its own.
type chaosClients struct {
	people
	seed  uint64
	stack *stack.Stack
	// tags are the names of the run's own two, and app and room its app and channel: other runs may use
	// the same tables.
	tags        map[string]string
	app         application
	room        string
	subscribers int // the last of the people
	all         []*chaosClient
}

// newChaosClients has half with ids. Of the others the streams go round.
func newChaosClients(f chaosFlags, s *stack.Stack) *chaosClients {
	run := fmt.Sprintf("chaos-%d", time.Now().UnixNano())
	cs := &chaosClients{
		people: people{run, f.clients + f.listeners + f.readers + f.subscribers}, seed: f.seed, stack: s,
		tags: map[string]string{wideTag: run + "-wide", narrowTag: run + "-narrow"},
		app:  application{run, run + "-key", run + "-secret"}, room: "private-" + run, subscribers: f.subscribers,
	}
	for i := range cs.n {
		kind, keys := cs.roleOf(f, i)
		c := &chaosClient{name: fmt.Sprintf("%d %v, %s", i, kind, strings.Join(keys, " and ")), stack: s, account: cs.account(i), token: cs.token(i), kind: kind, app: cs.app}
		for _, key := range keys {
			c.streams = append(c.streams, cs.follow(key))
		}
		cs.all = append(cs.all, c)
	}
	return cs
}

// roleOf is how a client connects, and to what.
func (cs *chaosClients) roleOf(f chaosFlags, i int) (chaosKind, []string) {
	if i >= f.clients+f.listeners+f.readers {
		return appSocket, []string{roomKey, itemsKey(cs.account(i))}
	}
	kind, keys := socketWithIDs, []string{publicKey, homeKey(cs.account(i)), narrowTag}
	keys = append(keys[i/2%3:], keys[:i/2%3]...)
	switch {
	case i >= f.clients+f.listeners:
		kind, keys = readerWithIDs, keys[:1]
	case i >= f.clients:
		keys = []string{wideTag, homeKey(cs.account(i))}
	}
	if i%2 != 0 {
		return kind + 1, keys[:1] // the plain one
	}
	return kind, keys[:min(2, len(keys))]
}

func (cs *chaosClients) follow(key string) *followedStream {
	s := &followedStream{key: key, stream: key, receipt: newReceipt()}
	switch kind, account, _ := strings.Cut(key, " "); kind {
	case wideTag, narrowTag:
		s.stream, s.tag = "hashtag", cs.tags[key]
	case "user":
		s.stream = "user"
	case "items":
		s.stream = "private-items_" + account
	case roomKey:
		s.stream = cs.room
	}
	return s
}

// subscriber is the account of a client of Channels.
func (cs *chaosClients) subscriber(i int) string { return cs.account(cs.n - cs.subscribers + i) }

func (cs *chaosClients) register(ctx context.Context, db *dynamodb.Client) error {
	if err := cs.registerApp(ctx, db); err != nil {
		return err
	}
	return cs.people.register(ctx, db)
}

// run has all of them come and come back, until the context ends.
func (cs *chaosClients) run(ctx context.Context) *sync.WaitGroup {
	running := &sync.WaitGroup{}
	for i, c := range cs.all {
		running.Go(func() { c.run(ctx, rand.New(rand.NewPCG(cs.seed, uint64(100+i)))) })
	}
	return running
}

// notListening says who does not listen to all of its streams yet; nobody: the empty text.
func (cs *chaosClients) notListening() string {
	for _, c := range cs.all {
		if !c.listens() {
			return fmt.Sprintf("client %s does not listen", c.name)
		}
	}
	return ""
}

func (c *chaosClient) listens() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cut != nil && !slices.ContainsFunc(c.streams, func(s *followedStream) bool { return !s.begun })
}

// settle waits until nothing that was written before then is behind, and reports whether it came: not
// if nothing of it arrives for as long as patience, or it is not all there after five times that. Now
// and then it says what is behind.
func (cs *chaosClients) settle(ctx context.Context, patience time.Duration, w *chaosWriter, then time.Time) bool {
	began, shown := time.Now(), time.Now()
	least, came := math.MaxInt, began
	for {
		n, first := cs.behind(w, then)
		if n == 0 {
			return true
		}
		if n < least {
			least, came = n, time.Now()
		}
		if time.Since(shown) > 10*time.Second {
			fmt.Fprintf(os.Stderr, "%d are behind, the first: %s\n", n, first)
			shown = time.Now()
		}
		if time.Since(came) > patience || time.Since(began) > 5*patience || wait(ctx, 50*time.Millisecond) != nil {
			return false
		}
	}
}

// behind is how many events that were written before then have not come, with who does not listen
// counted as one more, and what the first is.
func (cs *chaosClients) behind(w *chaosWriter, then time.Time) (n int, first string) {
	for _, c := range cs.all {
		if !c.listens() {
			n, first = n+1, cmp.Or(first, "client "+c.name+" does not listen")
		}
		for _, s := range c.streams {
			missing := c.missing(s, upTo(w.of(s.key), then))
			if n += len(missing); len(missing) > 0 {
				first = cmp.Or(first, fmt.Sprintf("client %s lacks event %d of %s on %s", c.name, missing[0].N, missing[0].Owner, s.key))
			}
		}
	}
	return n, first
}

func (c *chaosClient) missing(s *followedStream, written []writtenEvent) []writtenEvent {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, missing := s.count(written, true)
	return missing
}

// upTo are the events that were written before then.
func upTo(written []writtenEvent, then time.Time) []writtenEvent {
	end := slices.IndexFunc(written, func(e writtenEvent) bool { return e.at.After(then) })
	if end < 0 {
		return written
	}
	return written[:end]
}

// verdict is what was counted of each kind.
type verdict struct {
	of [chaosKinds]kindSums
	// faulty is what was lost or out of order.
	faulty []misfortune
}

// kindSums is what was counted of clients, and over how many connections.
type kindSums struct {
	sums
	clients, connections int
	// greet is how much of what was lost an instance of greet had that died.
	greet int
}

// all is the sum over all kinds.
func (v verdict) all() (t kindSums) {
	for _, kind := range v.of {
		t.add(kind.sums)
		t.clients += kind.clients
		t.connections += kind.connections
		t.greet += kind.greet
	}
	return t
}

// judge counts.
func (cs *chaosClients) judge(w *chaosWriter) (v verdict) {
	for _, c := range cs.all {
		t := &v.of[c.kind]
		t.add(c.judge(w))
		t.clients++
		t.connections += c.connections
		v.faulty = append(v.faulty, c.faulty...)
	}
	return v
}

// judge is a client's sums.
func (c *chaosClient) judge(w *chaosWriter) sums {
	total := sums{}
	for _, s := range c.streams {
		written := w.of(s.key)
		c.mu.Lock()
		t, missing := s.count(written, c.kind.resumes() || c.cut != nil)
		total.add(t)
		c.misfortunesLocked(s, missing)
		c.mu.Unlock()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	total.add(c.past)
	return total
}
