package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// greeting is how long a client of Channels waits to be greeted before it tries anew, as pusher-js does.
const greeting = 20 * time.Second

// attend is one connection to the app, subscribed to all of the client's channels.
func (c *chaosClient) attend(ctx context.Context) error {
	dialing, cancel := context.WithTimeout(ctx, greeting)
	defer cancel()
	conn, _, err := c.app.connect(dialing, c.stack)
	if err != nil {
		return err
	}
	defer conn.CloseNow()
	c.connected(func() { conn.CloseNow() })
	if err := c.join(ctx, conn); err != nil {
		return err
	}
	for {
		frame, _, err := conn.next(ctx)
		if err == nil {
			err = c.hear(ctx, conn, frame)
		}
		if err != nil {
			return err
		}
	}
}

// join asks for the channels that have not begun.
func (c *chaosClient) join(ctx context.Context, conn *subscriber) error {
	for _, s := range c.streams {
		if s.begun {
			continue
		}
		data := map[string]string{"channel": s.stream, "auth": c.app.auth(conn.id + ":" + s.stream)}
		if err := conn.tell(ctx, "pusher:subscribe", "", data); err != nil {
			return err
		}
	}
	return nil
}

// hear takes a frame. An error of Edgestream's ends the connection.
func (c *chaosClient) hear(ctx context.Context, conn *subscriber, frame []byte) error {
	var f channelFrame
	err := json.Unmarshal(frame, &f)
	i := slices.IndexFunc(c.streams, func(s *followedStream) bool { return s.stream == f.Channel })
	switch {
	case err != nil:
		return err
	case killed(frame):
		c.note("asks again after %s", frame)
		return c.join(ctx, conn)
	case f.Event == "pusher:ping":
		return conn.tell(ctx, "pusher:pong", "", struct{}{})
	case i < 0:
		return fmt.Errorf("answered %s", frame)
	case f.Event == "pusher_internal:subscription_succeeded":
		c.note("%s: subscribed", c.streams[i].key)
		c.began(c.streams[i])
	case f.Event == "pusher:subscription_error":
		return fmt.Errorf("refused: %s", frame)
	default:
		c.event(c.streams[i], f.Event, f.text(), "")
	}
	return nil
}

// registerApp gives the app its rows, if anybody is to connect to it.
func (cs *chaosClients) registerApp(ctx context.Context, db *dynamodb.Client) error {
	if cs.subscribers == 0 {
		return nil
	}
	return cs.app.register(ctx, db)
}
