package main

import (
	"context"
	"edgestream/infra/stack"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/coder/websocket"
)

// subscriber is a connection of an app.
type subscriber struct {
	socket
	// id is its socket_id.
	id string
}

// channelFrame is what both sides send. Data is a string that holds JSON, or JSON itself.
type channelFrame struct {
	Event   string          `json:"event"`
	Channel string          `json:"channel,omitempty"`
	Data    json.RawMessage `json:"data,omitempty"`
}

// text is the data, if that is a string.
func (f channelFrame) text() (s string) {
	json.Unmarshal(f.Data, &s)
	return s
}

// greeted is how long a connection took from its begin: until it was open, and until its first frame.
type greeted struct{ opened, established time.Duration }

// connect opens a connection of the app, whose first frame must be the one that it is established with.
func (a application) connect(ctx context.Context, l *stack.Stack) (*subscriber, greeted, error) {
	return a.connectTo(ctx, l.Edge)
}

func (a application) connectTo(ctx context.Context, host string) (*subscriber, greeted, error) {
	ctx, cancel := context.WithTimeout(ctx, silence)
	defer cancel()
	began := time.Now()
	conn, _, err := websocket.Dial(ctx, strings.Replace(host, "http", "ws", 1)+"/app/"+a.key+"?protocol=7&client=bench",
		&websocket.DialOptions{CompressionMode: websocket.CompressionDisabled})
	if err != nil {
		return nil, greeted{}, err
	}
	g := greeted{opened: time.Since(began)}
	conn.SetReadLimit(1 << 20)
	s := &subscriber{socket: socket{conn}}
	frame, at, err := s.next(ctx)
	if err != nil {
		return nil, g, err
	}
	g.established = at.Sub(began)
	var first channelFrame
	var data struct {
		SocketID string `json:"socket_id"`
	}
	if json.Unmarshal(frame, &first) != nil || first.Event != "pusher:connection_established" ||
		json.Unmarshal([]byte(first.text()), &data) != nil || data.SocketID == "" {
		return nil, g, fmt.Errorf("the first frame is %s", frame)
	}
	s.id = data.SocketID
	return s, g, nil
}

// tell sends a frame; data is anything that is JSON.
func (s *subscriber) tell(ctx context.Context, event, channel string, data any) error {
	encoded, err := json.Marshal(data)
	if err != nil {
		return err
	}
	message, err := json.Marshal(channelFrame{event, channel, encoded})
	if err != nil {
		return err
	}
	return s.Write(ctx, websocket.MessageText, message)
}

// await reads up to a frame with this event, and this channel if it has one.
func (s *subscriber) await(ctx context.Context, event, channel string) error {
	ctx, cancel := context.WithTimeout(ctx, silence)
	defer cancel()
	for {
		frame, _, err := s.next(ctx)
		if err != nil {
			return fmt.Errorf("waiting for %s of %s: %w", event, channel, err)
		}
		var f channelFrame
		switch {
		case json.Unmarshal(frame, &f) != nil:
			return fmt.Errorf("a frame is %s", frame)
		case f.Event == event && f.Channel == channel:
			return nil
		case f.Event == "pusher:error", f.Event == "pusher:subscription_error":
			return fmt.Errorf("refused: %s", frame)
		}
	}
}

// subscribe waits for the answer. user is who joins a presence channel.
func (s *subscriber) subscribe(ctx context.Context, a application, channel, user string) error {
	data := map[string]string{"channel": channel}
	signed := s.id + ":" + channel
	if strings.HasPrefix(channel, "presence-") {
		data["channel_data"] = fmt.Sprintf(`{"user_id":%q,"user_info":{"name":%q}}`, user, user)
		signed += ":" + data["channel_data"]
	}
	if strings.HasPrefix(channel, "presence-") || strings.HasPrefix(channel, "private-") {
		data["auth"] = a.auth(signed)
	}
	if err := s.tell(ctx, "pusher:subscribe", "", data); err != nil {
		return err
	}
	return s.await(ctx, "pusher_internal:subscription_succeeded", channel)
}

// unsubscribe has no answer.
func (s *subscriber) unsubscribe(ctx context.Context, channel string) error {
	return s.tell(ctx, "pusher:unsubscribe", "", map[string]string{"channel": channel})
}

func (s *subscriber) signIn(ctx context.Context, a application, user string) error {
	data := fmt.Sprintf(`{"id":%q}`, user)
	if err := s.tell(ctx, "pusher:signin", "", map[string]string{"user_data": data, "auth": a.auth(s.id + "::user::" + data)}); err != nil {
		return err
	}
	return s.await(ctx, "pusher:signin_success", "")
}
