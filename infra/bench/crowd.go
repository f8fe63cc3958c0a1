package main

import (
	"context"
	"edgestream/infra/stack"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/coder/websocket"
	"golang.org/x/sync/errgroup"
)

// listener is a client that listens.
type listener interface {
	// next waits for the next event and returns it as it came, and when. Once the context has
	// ended the listener is of no more use.
	next(ctx context.Context) (frame []byte, at time.Time, err error)
	// payload is what a frame carries.
	payload(frame []byte) []byte
	leave() error
}

// crowd is listeners who should all get the same.
type crowd[L listener] struct {
	listeners []L
	// item is the status with a number; nil: statusItem.
	item func(status int) item
	// skips says which statuses a listener must not get; nil: it must get all.
	skips func(listener, status int) bool
	// fits says whether the payload is as this listener's must be; nil: any is.
	fits func(listener int, payload []byte) bool

	mu sync.Mutex
	// sample is one frame of those that came.
	sample []byte
}

// socket is a listener over a WebSocket.
type socket struct{ *websocket.Conn }

func (s socket) next(ctx context.Context) ([]byte, time.Time, error) {
	_, frame, err := s.Read(ctx)
	return frame, time.Now(), err
}

func (s socket) payload(frame []byte) []byte {
	var f struct{ Payload string }
	if json.Unmarshal(frame, &f) != nil {
		return nil
	}
	return []byte(f.Payload)
}

func (s socket) leave() error { return s.CloseNow() }

// people are so many accounts, each with a token, whose names begin in the same way.
type people struct {
	name string
	n    int
}

func (p people) account(i int) string { return fmt.Sprintf("%s-%d", p.name, i) }
func (p people) token(i int) string   { return fmt.Sprintf("%s%d", p.name, i) }

// register gives each a token.
func (p people) register(ctx context.Context, db *dynamodb.Client) error {
	return p.put(ctx, db, func(i int) item {
		return item{"key": text("token#" + hash(p.token(i))), "account": text(p.account(i)), "scopes": texts("read")}
	})
}

// put writes a row of Accounts for each.
func (p people) put(ctx context.Context, db *dynamodb.Client, row func(i int) item) error {
	var group errgroup.Group
	group.SetLimit(16)
	for i := range p.n {
		group.Go(func() error { return putItem(ctx, db, "Accounts", row(i)) })
	}
	return group.Wait()
}

// dial opens a socket for each, with this added to the URL's query.
func (p people) dial(ctx context.Context, l *stack.Stack, query string) (*crowd[socket], error) {
	return dialAll(ctx, p.n, func(i int) string {
		return strings.Replace(l.Edge, "http", "ws", 1) + "/api/v1/streaming?access_token=" + p.token(i) + query
	})
}

func dialAll(ctx context.Context, n int, url func(i int) string) (*crowd[socket], error) {
	return openAll(n, "sockets", func(i int) (socket, error) { return dialOne(ctx, url(i)) })
}

func dialOne(ctx context.Context, url string) (socket, error) {
	s, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{CompressionMode: websocket.CompressionDisabled})
	if err == nil {
		s.SetReadLimit(1 << 20)
	}
	return socket{s}, err
}

// openAll opens n listeners, a few at a time.
func openAll[L listener](n int, what string, open func(i int) (L, error)) (*crowd[L], error) {
	c := &crowd[L]{listeners: make([]L, n)}
	var group errgroup.Group
	group.SetLimit(32)
	shown := time.Now()
	for i := range n {
		if time.Since(shown) > 2*time.Second {
			fmt.Fprintf(os.Stderr, "%d of %d %s\n", i, n, what)
			shown = time.Now()
		}
		group.Go(func() (err error) {
			c.listeners[i], err = open(i)
			return err
		})
	}
	return c, group.Wait()
}

func (c *crowd[L]) leave() {
	var group errgroup.Group
	group.SetLimit(64)
	for _, l := range c.listeners {
		group.Go(l.leave)
	}
	group.Wait()
}

// say sends a message on every socket.
func say(ctx context.Context, c *crowd[socket], message string) error {
	for _, s := range c.listeners {
		if err := s.Write(ctx, websocket.MessageText, []byte(message)); err != nil {
			return err
		}
	}
	return nil
}
