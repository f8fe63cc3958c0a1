package route_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"edgestream/functions/internal/apigw"
	"edgestream/functions/internal/channeldb"
	"edgestream/functions/internal/greet"
	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/route"
	"edgestream/functions/internal/stream"
)

var demo = pusher.App{ID: "4072", Key: "36b8e92a50487f79cbb3", Secret: "s3cret"}

// hooks keeps what webhooks would hear of.
type hooks struct{ said []string }

func (h *hooks) Occupied(_ context.Context, app, channel string, _ time.Time) error {
	h.said = append(h.said, "occupied "+app+" "+channel)
	return nil
}

func (h *hooks) Vacating(_ context.Context, app string, channels ...string) error {
	h.said = append(h.said, "vacating "+app+" "+strings.Join(channels, " "))
	return nil
}

// channelSocket is a socket that speaks both protocols; there is no publisher.
type channelSocket struct {
	*socket
	hooks hooks
}

func newChannelSocket(t *testing.T) *channelSocket {
	t.Helper()
	s := &channelSocket{socket: newSocket(t)}
	db, content := s.db, s.create(t, "Content", "owner", "id")
	apps, channels := channeldb.NewApps(db, s.accountsTable), channeldb.NewChannels(s.connections, db, s.table, content)
	client := apigw.NewClient(s.gateway.URL, s.cfg)
	greeter := greet.Greeter{Poster: client, Closer: client, Patience: time.Second}
	log := slog.New(slog.DiscardHandler)
	s.connect = route.Connect(s.streams, pusher.Connect{Apps: apps, Connections: channels, Greeter: greeter}, log)
	s.message = route.Message(s.streamMessages, pusher.Messages{
		Apps: apps, Connections: channels, Events: channels, Hooks: &s.hooks, Greeter: greeter,
		Limits: pusher.DefaultLimits(), MaxBytes: 128 << 10, Margin: route.Margin,
	}, log)
	s.disconnect = route.Disconnect(s.connections, pusher.Departure{Connections: channels, Apps: apps, Events: channels, Hooks: &s.hooks}, log)
	yes := &types.AttributeValueMemberBOOL{Value: true}
	s.put(t, "app#4072", map[string]types.AttributeValue{"appKey": text(demo.Key), "secret": text(demo.Secret), "enabled": yes, "clientEvents": yes})
	s.put(t, "appkey#"+demo.Key, map[string]types.AttributeValue{"app": text("4072")})
	return s
}

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

// posted fails unless exactly these frames were posted, in this order.
func (s *channelSocket) posted(t *testing.T, want ...string) {
	t.Helper()
	if got := strings.Join(s.gateway.Posts(conn.ID), "\n"); got != strings.Join(want, "\n") {
		t.Errorf("posted\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

func (s *channelSocket) connectTo(t *testing.T, key string, at time.Time) {
	t.Helper()
	e := s.of(at, 0)
	e.QueryStringParameters = map[string]string{"app": key, "protocol": "7"}
	status(t, s.connect, e, 200)
}

// message is an event as a client sends it.
func message(event string, data map[string]string) string {
	body, _ := json.Marshal(map[string]any{"event": event, "data": data})
	return string(body)
}

func TestASocketOfAnAppFromUpgradeToClose(t *testing.T) {
	s, at := newChannelSocket(t), time.Now().Add(-time.Second)
	s.connectTo(t, demo.Key, at)
	socketID := conn.SocketID()
	const private, presence, user = "private-a", "presence-a", `{"id":"7"}`
	member := `{"user_id":"7"}`
	s.send(t, at, 10, message("pusher:subscribe", map[string]string{"channel": "room"}))
	s.send(t, at, 20, message("pusher:subscribe", map[string]string{"channel": private, "auth": demo.Auth(pusher.ChannelText("1.2", private))}))
	s.send(t, at, 30, message("pusher:subscribe", map[string]string{"channel": private, "auth": demo.Auth(pusher.ChannelText(socketID, private))}))
	s.send(t, at, 40, message("pusher:subscribe", map[string]string{"channel": presence, "auth": demo.Auth(pusher.ChannelText(socketID, presence, member)), "channel_data": member}))
	s.send(t, at, 50, message("pusher:signin", map[string]string{"auth": demo.Auth(pusher.UserText(socketID, user)), "user_data": user}))
	s.send(t, at, 60, message("pusher:subscribe", map[string]string{"channel": "#server-to-user-7", "auth": ""}))
	s.send(t, at, 70, `{"event":"client-x","channel":"private-a","data":{}}`)
	s.send(t, at, 80, `{"type":"subscribe","stream":"user"}`)
	s.send(t, at, 90, `{"event":"pusher:ping"}`)
	s.send(t, at, 100, message("pusher:unsubscribe", map[string]string{"channel": "room"}))
	if got := s.hears(t, stream.ChannelTopic("4072", "room"), stream.ChannelTopic("4072", private), stream.ChannelTopic("4072", presence), stream.ChannelTopic("4072", "#server-to-user-7")); got != "channel##server-to-user-7 channel#private-a" {
		t.Errorf("hears %q", got)
	}
	status(t, s.disconnect, s.of(at, 110), 200)
	status(t, s.disconnect, s.of(at, 120), 200)
	s.send(t, at, 130, message("pusher:subscribe", map[string]string{"channel": "room"}))
	s.posted(t, `{"event":"pusher:connection_established","data":"{\"socket_id\":\"`+socketID+`\",\"activity_timeout\":120}"}`,
		`{"event":"pusher_internal:subscription_succeeded","channel":"room","data":"{}"}`,
		`{"event":"pusher:subscription_error","channel":"private-a","data":{"type":"AuthError","error":"Invalid signature: Expected HMAC SHA256 hex digest of `+
			socketID+`:private-a, but got `+pusher.Sign(demo.Secret, "1.2:private-a")+`","status":401}}`,
		`{"event":"pusher_internal:subscription_succeeded","channel":"private-a","data":"{}"}`,
		`{"event":"pusher:signin_success","data":"{\"user_data\":\"{\\\"id\\\":\\\"7\\\"}\"}"}`,
		`{"event":"pusher_internal:subscription_succeeded","channel":"#server-to-user-7","data":"{}"}`,
		`{"event":"pusher:pong","data":{}}`)
	want := "occupied 4072 room, occupied 4072 private-a, occupied 4072 presence-a, occupied 4072 #server-to-user-7, vacating 4072 room, " +
		"vacating 4072 #server-to-user-7 presence-a private-a"
	if got := strings.Join(s.hooks.said, ", "); got != want {
		t.Errorf("hooks\n%s\nwant\n%s", got, want)
	}
}

func TestAnAppThatDoesNotExistIsToldAndClosed(t *testing.T) {
	s, at := newChannelSocket(t), time.Now().Add(-time.Second)
	s.connectTo(t, "unknown", at)
	s.posted(t, `{"event":"pusher:error","data":{"code":4001,"message":"App key unknown not in this cluster. Did you forget to specify the cluster?"}}`)
	if !s.gateway.Closed(conn.ID) {
		t.Error("it is still open")
	}
	s.send(t, at, 10, `{"event":"pusher:ping"}`)
	status(t, s.disconnect, s.of(at, 20), 200)
}

func TestAStreamsSocketKnowsNoChannels(t *testing.T) {
	s, at := newChannelSocket(t), time.Now().Add(-time.Second)
	s.open(t, at, map[string]string{"stream": "user"})
	s.send(t, at, 10, `{"event":"pusher:ping"}`)
	s.send(t, at, 20, message("pusher:subscribe", map[string]string{"channel": "room"}))
	s.send(t, at, 30, message("pusher:unsubscribe", map[string]string{"channel": "room"}))
	s.send(t, at, 40, `{"type":"subscribe","stream":"public"}`)
	s.posted(t)
	topics := []stream.Topic{stream.AccountTopic("1"), stream.PublicTopic()}
	if got := s.hears(t, topics...); got != "public user" {
		t.Errorf("hears %q", got)
	}
	status(t, s.disconnect, s.of(at, 50), 200)
	if got := s.hears(t, topics...); got != "" {
		t.Errorf("after the close it hears %q", got)
	}
}
