package main

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"
)

// echo is a contestant in this process: what is written goes to every socket.
type echo struct {
	server *httptest.Server
	joined chan *websocket.Conn

	mu      sync.Mutex
	sockets []*websocket.Conn
	cpu     float64
}

func newEcho() *echo {
	e := &echo{joined: make(chan *websocket.Conn)}
	e.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s, err := websocket.Accept(w, r, nil); err == nil {
			s.CloseRead(context.Background())
			e.joined <- s
		}
	}))
	return e
}

func (e *echo) join(ctx context.Context, _ int) (listener, error) {
	s, err := dialOne(ctx, strings.Replace(e.server.URL, "http", "ws", 1))
	if err == nil {
		joined := <-e.joined
		e.mu.Lock()
		e.sockets = append(e.sockets, joined)
		e.mu.Unlock()
	}
	return s, err
}

// write goes to those who have left in vain.
func (e *echo) write(ctx context.Context, event int) error {
	frame, err := json.Marshal(map[string]string{"payload": statusText(event)})
	for _, s := range e.sockets {
		s.Write(ctx, websocket.MessageText, frame)
	}
	return err
}

// usage is a fifth of a second more each time.
func (e *echo) usage() (cpu, memory float64) {
	e.cpu += 0.2
	return e.cpu, 100
}

func (e *echo) stop() error {
	for _, s := range e.sockets {
		s.CloseNow()
	}
	e.server.Close()
	return nil
}

func TestATurnCountsWhatArrives(t *testing.T) {
	t.Parallel()
	start := func(context.Context) (rival, error) { return newEcho(), nil }
	got, err := takeTurn(t.Context(), start, versusFlags{sockets: 3, events: 4, single: 2})
	if err != nil {
		t.Fatal(err)
	}
	// Half a second has been taken after three times, and another fifth at the end.
	if got.single.delivered != 3*2 || got.burst.delivered != 3*4*3 || math.Abs(got.perCore()-36/0.8) > 0.01 {
		t.Errorf("%d one by one, %d at once, %v per core", got.single.delivered, got.burst.delivered, got.perCore())
	}
	if err := errors.Join(got.single.verdict(), got.burst.verdict()); err != nil {
		t.Error(err)
	}
	if got.idle != 100 || got.kilobytes != 0 {
		t.Errorf("%v MB, %v KB a socket", got.idle, got.kilobytes)
	}
}
