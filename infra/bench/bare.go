package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
	"golang.org/x/sync/errgroup"
)

// bareFanout is as many sockets at a server that does nothing but write the frame to everyone.
func bareFanout(ctx context.Context, sockets, events int, frame []byte) (outcome, error) {
	var mu sync.Mutex
	var joined []*websocket.Conn
	var joining sync.WaitGroup
	joining.Add(sockets)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		mu.Lock()
		joined = append(joined, s)
		mu.Unlock()
		joining.Done()
		s.CloseRead(ctx)
		<-ctx.Done()
	}))
	ctx, cancel := context.WithCancel(ctx)
	defer server.Close()
	defer cancel()
	c, err := dialAll(ctx, sockets, func(int) string { return strings.Replace(server.URL, "http", "ws", 1) })
	if err != nil {
		return outcome{}, err
	}
	defer c.leave()
	joining.Wait()
	began := time.Now()
	go broadcast(ctx, joined, events, frame)
	o := c.count(ctx, events)
	o.took = time.Since(began)
	return o, nil
}

func broadcast(ctx context.Context, sockets []*websocket.Conn, events int, frame []byte) {
	var group errgroup.Group
	for _, s := range sockets {
		group.Go(func() error {
			for range events {
				if err := s.Write(ctx, websocket.MessageText, frame); err != nil {
					return err
				}
			}
			return nil
		})
	}
	group.Wait()
}
