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
)

// Streams by the name under which what is written to them is kept.
const (
	publicKey = "public"
	wideTag   = "wide"
	narrowTag = "narrow"
)

func homeKey(account string) string { return "user " + account }

// chaosClients are all of them. Each has an account of its own.
type chaosClients struct {
	people
	seed uint64
	// tags are the names of the run's own two: other runs may use the same tables.
	tags map[string]string
	all  []*chaosClient
}

// newChaosClients has half with ids. Of the others the streams go round.
func newChaosClients(f chaosFlags, edge string) *chaosClients {
	run := fmt.Sprintf("chaos-%d", time.Now().UnixNano())
	cs := &chaosClients{people: people{run, f.clients + f.listeners}, seed: f.seed, tags: map[string]string{wideTag: run + "-wide", narrowTag: run + "-narrow"}}
	for i := range f.clients + f.listeners {
		c := &chaosClient{name: fmt.Sprintf("%d", i), edge: edge, account: cs.account(i), token: cs.token(i), ids: i%2 == 0}
		kinds := []string{publicKey, homeKey(c.account), narrowTag}
		kinds = append(kinds[i/2%3:], kinds[:i/2%3]...)
		if i >= f.clients {
			kinds = []string{wideTag, homeKey(c.account)}
		}
		if !c.ids {
			kinds = kinds[:1]
		} else {
			kinds = kinds[:2]
		}
		for _, key := range kinds {
			c.streams = append(c.streams, cs.follow(key))
		}
		c.name += map[bool]string{true: " with ids, ", false: " plain, "}[c.ids] + strings.Join(kinds, " and ")
		cs.all = append(cs.all, c)
	}
	return cs
}

func (cs *chaosClients) follow(key string) *followedStream {
	s := &followedStream{key: key, stream: key, receipt: newReceipt()}
	if tag, ok := cs.tags[key]; ok {
		s.stream, s.tag = "hashtag", tag
	} else if strings.HasPrefix(key, "user ") {
		s.stream = "user"
	}
	return s
}

func (cs *chaosClients) register(ctx context.Context, db *dynamodb.Client) error {
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

// verdict is what was counted of those with ids and of the others.
type verdict struct {
	withIDs, plain sums
	// clients and connections are how many of each kind there were.
	clients, connections [2]int
	faulty               []misfortune
}

// judge counts.
func (cs *chaosClients) judge(w *chaosWriter) (v verdict) {
	for _, c := range cs.all {
		to, kind := &v.plain, 1
		if c.ids {
			to, kind = &v.withIDs, 0
		}
		to.add(c.judge(w))
		v.clients[kind]++
		v.connections[kind] += c.connections
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
		t, missing := s.count(written, c.ids || c.cut != nil)
		total.add(t)
		c.misfortunesLocked(s, missing)
		c.mu.Unlock()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	total.add(c.past)
	return total
}
