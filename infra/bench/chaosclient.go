package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// chaosClient comes back whenever it loses its connection; with ids, behind the last one that it saw.
type chaosClient struct {
	name, edge, account, token string
	ids                        bool
	// streams are those that it listens to: the first by its URL, the others by messages.
	streams []*followedStream
	// written is what has been written to a stream, for what is due when a connection ends.
	written func(key string) []writtenEvent

	mu          sync.Mutex
	cut         func() // ends the connection; nil while there is none
	connections int
	past        sums // of a plain client's earlier connections
	faulty      []misfortune
	trace       []traced
}

// followedStream is a stream of a client's.
type followedStream struct {
	// key is its name among the written, stream and tag its name to the server.
	key, stream, tag string
	last             string
	// begun says that its position has come on this connection.
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

// ended counts what a plain client's connection had.
func (c *chaosClient) ended(err error) {
	written := c.written(c.streams[0].key)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = nil
	c.noteLocked("lost its connection: %v", err)
	if c.ids {
		return
	}
	s := c.streams[0]
	t, missing := s.count(written, false)
	c.past.add(t)
	c.misfortunesLocked(s, missing)
	s.receipt = newReceipt()
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

// visit is one connection, to its end.
func (c *chaosClient) visit(ctx context.Context) error {
	conn, err := c.dial(ctx)
	if err != nil {
		return err
	}
	defer conn.CloseNow()
	if err := c.subscribe(ctx, conn); err != nil {
		return err
	}
	for {
		_, frame, err := conn.Read(ctx)
		if err == nil {
			err = c.take(ctx, conn, frame)
		}
		if err != nil {
			return err
		}
	}
}

func (c *chaosClient) dial(ctx context.Context) (*websocket.Conn, error) {
	first := c.streams[0]
	q := url.Values{"access_token": {c.token}, "stream": {first.stream}}
	if first.tag != "" {
		q.Set("tag", first.tag)
	}
	if c.ids {
		q.Set("event_ids", "true")
		if first.last != "" {
			q.Set("last_event_id", first.last)
		}
	}
	dialing, cancel := context.WithTimeout(ctx, silence)
	defer cancel()
	conn, _, err := websocket.Dial(dialing, c.edge+"?"+q.Encode(), &websocket.DialOptions{CompressionMode: websocket.CompressionDisabled})
	if err != nil {
		return nil, err
	}
	conn.SetReadLimit(1 << 20)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.noteLocked("connected after %s", first.last)
	c.connections++
	c.cut = func() { conn.CloseNow() }
	for _, s := range c.streams {
		s.begun = false
	}
	if !c.ids {
		first.begun, first.from = true, time.Now()
	}
	return conn, nil
}

// subscribe asks for those of the further streams that have not begun.
func (c *chaosClient) subscribe(ctx context.Context, conn *websocket.Conn) error {
	for _, s := range c.streams[1:] {
		if s.begun {
			continue
		}
		message, err := json.Marshal(map[string]string{"type": "subscribe", "stream": s.stream, "tag": s.tag, "last_event_id": s.last})
		if err == nil {
			err = conn.Write(ctx, websocket.MessageText, message)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// streamFrame is a frame of an event.
type streamFrame struct {
	Stream             []string
	Event, Payload, ID string
}

// take takes a frame. API Gateway's own error, of a function that was killed, has the client ask again;
// Edgestream's ends the connection.
func (c *chaosClient) take(ctx context.Context, conn *websocket.Conn, frame []byte) error {
	var f streamFrame
	switch err := json.Unmarshal(frame, &f); {
	case err != nil:
		return err
	case strings.HasPrefix(string(frame), `{"message":"Internal server error"`):
		c.note("asks again after %s", frame)
		return c.subscribe(ctx, conn)
	case len(f.Stream) == 0:
		return fmt.Errorf("answered %s", frame)
	}
	i := slices.IndexFunc(c.streams, func(s *followedStream) bool {
		return s.stream == f.Stream[0] && (s.tag == "" || slices.Contains(f.Stream, s.tag))
	})
	if i < 0 {
		return fmt.Errorf("a frame of another's: %s", frame)
	}
	c.event(c.streams[i], f)
	return nil
}

func (c *chaosClient) event(s *followedStream, f streamFrame) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch f.Event {
	case "edgestream.keepalive":
	case "edgestream.gap":
		s.gaps++
		c.noteLocked("%s: gap %s", s.key, f.Payload)
	case "edgestream.position":
		c.noteLocked("%s: position %s", s.key, f.ID)
		s.begun, s.last = true, f.ID
		if s.from.IsZero() {
			s.from = time.Now()
		}
	default:
		var e eventName
		if json.Unmarshal([]byte(f.Payload), &e) != nil || e.Owner == "" {
			return // no event of this run
		}
		s.last = f.ID
		twice := s.twice
		ordered := s.receipt.take(e, f.ID)
		again := ""
		if s.twice > twice {
			again = " again"
		}
		c.noteLocked("%s: %s %d%s %s", s.key, e.Owner, e.N, again, f.ID)
		if !ordered {
			c.faulty = append(c.faulty, misfortune{c, s.key, "out of order", writtenEvent{e, time.Now()}})
		}
	}
}
