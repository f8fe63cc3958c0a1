package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/coder/websocket"
)

// converse is one connection over a WebSocket.
func (c *chaosClient) converse(ctx context.Context) error {
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
	if c.kind.resumes() {
		q.Set("event_ids", "true")
		if first.last != "" {
			q.Set("last_event_id", first.last)
		}
	}
	dialing, cancel := context.WithTimeout(ctx, silence)
	defer cancel()
	edge := strings.Replace(c.stack.Edge, "http", "ws", 1) + "/api/v1/streaming?"
	conn, _, err := websocket.Dial(dialing, edge+q.Encode(), &websocket.DialOptions{CompressionMode: websocket.CompressionDisabled})
	if err != nil {
		return nil, err
	}
	conn.SetReadLimit(1 << 20)
	c.connected(func() { conn.CloseNow() })
	if !c.kind.resumes() {
		c.began(first)
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

// killed reports whether a frame is API Gateway's own, of a function that was killed: the client asks
// again.
func killed(frame []byte) bool {
	return strings.HasPrefix(string(frame), `{"message":"Internal server error"`)
}

// take takes a frame. Edgestream's own error ends the connection.
func (c *chaosClient) take(ctx context.Context, conn *websocket.Conn, frame []byte) error {
	var f streamFrame
	switch err := json.Unmarshal(frame, &f); {
	case err != nil:
		return err
	case killed(frame):
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
	c.event(c.streams[i], f.Event, f.Payload, f.ID)
	return nil
}
