package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"edgestream/infra/stack"
)

// chaosKind is over what a client listens, and whether it keeps ids.
type chaosKind int

const (
	socketWithIDs chaosKind = iota
	plainSocket
	readerWithIDs
	plainReader
	appSocket
	chaosKinds
)

func (k chaosKind) String() string {
	return [chaosKinds]string{"with ids", "plain", "SSE with ids", "SSE plain", "Channels"}[k]
}

// resumes reports whether what a connection misses comes on the next one.
func (k chaosKind) resumes() bool { return k == socketWithIDs || k == readerWithIDs }

// chaosClient comes back whenever it loses its connection; with ids, behind the last one that it saw.
type chaosClient struct {
	name, account, token string
	kind                 chaosKind
	stack                *stack.Stack
	app                  application // of a client of Channels
	// streams are those that it listens to: a socket to the first by its URL, to the others by messages.
	streams []*followedStream
	// written is what has been written to a stream, for what is due when a connection ends.
	written func(key string) []writtenEvent

	mu          sync.Mutex
	cut         func() // ends the connection; nil while there is none
	connections int
	past        sums // of earlier connections without ids
	faulty      []misfortune
	trace       []traced
}

// followedStream is a stream of a client's.
type followedStream struct {
	// key is its name among the written; stream, or the channel, and tag are its name to the server.
	key, stream, tag string
	last             string
	// begun says that its position has come on this connection, or what says that it is subscribed to.
	begun bool
	*receipt
}

// misfortune is an event that is lost or came out of order.
type misfortune struct {
	client *chaosClient
	stream string
	what   string
	writtenEvent
}

// traced is a line of a client's trace.
type traced struct {
	at   time.Time
	line string
}

// tracedLines is how much of its trace a client keeps.
const tracedLines = 4000

func (c *chaosClient) noteLocked(format string, args ...any) {
	if len(c.trace) == tracedLines {
		c.trace = slices.Delete(c.trace, 0, tracedLines/2)
	}
	c.trace = append(c.trace, traced{time.Now(), fmt.Sprintf(format, args...)})
}

func (c *chaosClient) note(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.noteLocked(format, args...)
}

// run comes back until the context ends.
func (c *chaosClient) run(ctx context.Context, random *rand.Rand) {
	for ctx.Err() == nil {
		err := c.visit(ctx)
		if ctx.Err() != nil {
			return
		}
		c.ended(err)
		wait(ctx, millis(random, 20, 200)) // as clients pause before they come back
	}
}

// visit is one connection, to its end.
func (c *chaosClient) visit(ctx context.Context) error {
	switch c.kind {
	case readerWithIDs, plainReader:
		return c.read(ctx)
	case appSocket:
		return c.attend(ctx)
	}
	return c.converse(ctx)
}

// connected begins a connection that cut ends.
func (c *chaosClient) connected(cut func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.noteLocked("connected after %q", c.streams[0].last)
	c.connections++
	c.cut = cut
	for _, s := range c.streams {
		s.begun = false
	}
}

// ended counts what a connection without ids had.
func (c *chaosClient) ended(err error) {
	c.note("lost its connection: %v", err)
	for _, s := range c.streams {
		written := c.written(s.key)
		c.mu.Lock()
		c.cut = nil
		if !c.kind.resumes() {
			t, missing := s.count(written, false)
			c.past.add(t)
			c.misfortunesLocked(s, missing)
			s.receipt = newReceipt()
		}
		c.mu.Unlock()
	}
}

func (c *chaosClient) misfortunesLocked(s *followedStream, missing []writtenEvent) {
	for _, w := range missing {
		c.faulty = append(c.faulty, misfortune{c, s.key, "lost", w})
	}
}

// drop ends the connection without a word, if there is one.
func (c *chaosClient) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cut != nil {
		c.noteLocked("drops its connection")
		c.cut()
	}
}

// began begins a stream: what is written from now on is due.
func (c *chaosClient) began(s *followedStream) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s.begun = true
	if s.from.IsZero() {
		s.from = time.Now()
	}
}

// event takes what came of a stream.
func (c *chaosClient) event(s *followedStream, name, payload, id string) {
	switch name {
	case "edgestream.keepalive":
	case "edgestream.gap":
		c.mu.Lock()
		defer c.mu.Unlock()
		s.gaps++
		c.noteLocked("%s: gap %s", s.key, payload)
	case "edgestream.position":
		c.note("%s: position %s", s.key, id)
		s.last = id
		c.began(s)
	default:
		c.numbered(s, payload, id)
	}
}

// numbered takes an event of the run; others are none of it.
func (c *chaosClient) numbered(s *followedStream, payload, id string) {
	var e eventName
	if json.Unmarshal([]byte(payload), &e) != nil || e.Owner == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.kind.resumes() {
		id = "" // it does not look at them
	}
	s.last = id
	twice := s.twice
	ordered := s.take(e, id)
	again := ""
	if s.twice > twice {
		again = " again"
	}
	c.noteLocked("%s: %s %d%s %s", s.key, e.Owner, e.N, again, id)
	if !ordered {
		c.faulty = append(c.faulty, misfortune{c, s.key, "out of order", writtenEvent{e, time.Now()}})
	}
}
