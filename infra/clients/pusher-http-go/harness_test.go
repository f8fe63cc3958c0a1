package pusherhttpgo

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
	"github.com/pusher/pusher-http-go/v5"
)

// patience is how long anything may take: far more than it does on a busy machine.
const patience = 30 * time.Second

func TestMain(m *testing.M) {
	for _, name := range []string{"EDGE_URL", "DYNAMODB_URL", "RUNNER"} {
		if os.Getenv(name) == "" {
			fmt.Fprintln(os.Stderr, "these tests need a runner: node ../harness/runner.js go test ./...")
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// row is a row of Accounts in plain JSON.
type row map[string]any

// put writes to Accounts as a person does, with the runner's own commands.
func put(t *testing.T, r row) {
	t.Helper()
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(os.Getenv("RUNNER"), "put", "--endpoint", os.Getenv("DYNAMODB_URL"), "Accounts", string(text)).CombinedOutput()
	if err != nil {
		t.Fatalf("put %s: %v\n%s", text, err, out)
	}
}

// newApp is a client of an app of its own; more stands in the app's row.
func newApp(t *testing.T, more row) *pusher.Client {
	t.Helper()
	id, key, secret := newID(), strings.ToLower(rand.Text()), rand.Text()
	r := row{"key": "app#" + id, "appKey": key, "secret": secret, "enabled": true, "clientEvents": true}
	for name, value := range more {
		r[name] = value
	}
	put(t, r)
	put(t, row{"key": "appkey#" + key, "app": id})
	edge, err := url.Parse(os.Getenv("EDGE_URL"))
	if err != nil {
		t.Fatal(err)
	}
	return &pusher.Client{AppID: id, Key: key, Secret: secret, Host: edge.Host, EncryptionMasterKeyBase64: "ZWRnZXN0cmVhbWVkZ2VzdHJlYW1lZGdlc3RyZWFtZWQ="}
}

func newID() string { return fmt.Sprint(time.Now().UnixNano()) }

// newName is the name of a channel that nobody else has.
func newName(prefix string) string { return prefix + "go-" + newID() }

// frame is what comes in.
type frame struct {
	Event, Channel string
	Data           json.RawMessage
}

// text is what the data, a string, holds.
func (f frame) text() (text string) {
	_ = json.Unmarshal(f.Data, &text) // anything else is no text
	return text
}

// listener is a socket of an app.
type listener struct {
	*testing.T
	ws *websocket.Conn
	id string
}

// dial opens a socket of the app.
func dial(t *testing.T, key string) *listener {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ws, _, err := websocket.Dial(ctx, strings.Replace(os.Getenv("EDGE_URL"), "http", "ws", 1)+"/app/"+key+"?protocol=7&client=go", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ws.CloseNow() })
	l := &listener{T: t, ws: ws}
	var greeting struct {
		ID string `json:"socket_id"`
	}
	if err := json.Unmarshal([]byte(l.expect("pusher:connection_established", "").text()), &greeting); err != nil {
		t.Fatal(err)
	}
	l.id = greeting.ID
	return l
}

// next is the next frame.
func (l *listener) next() (f frame) {
	l.Helper()
	ctx, cancel := context.WithTimeout(l.Context(), patience)
	defer cancel()
	if err := wsjson.Read(ctx, l.ws, &f); err != nil {
		l.Fatal(err)
	}
	return f
}

// expect is the next frame, which must be of this event and channel.
func (l *listener) expect(event, channel string) frame {
	l.Helper()
	f := l.next()
	if f.Event != event || f.Channel != channel {
		l.Fatalf("got %s on %q: %s; want %s on %q", f.Event, f.Channel, f.Data, event, channel)
	}
	return f
}

// expectText is expect with a text.
func (l *listener) expectText(event, channel, text string) {
	l.Helper()
	if got := l.expect(event, channel).text(); got != text {
		l.Errorf("%s: got %s, want %s", event, got, text)
	}
}

// send sends an event with the members of signed, JSON, in its data.
func (l *listener) send(event string, channel string, signed []byte) {
	l.Helper()
	data := map[string]any{}
	if signed != nil {
		if err := json.Unmarshal(signed, &data); err != nil {
			l.Fatal(err)
		}
	}
	if channel != "" {
		data["channel"] = channel
	}
	if err := wsjson.Write(l.Context(), l.ws, map[string]any{"event": event, "data": data}); err != nil {
		l.Fatal(err)
	}
}

// subscribe subscribes with what the app's server has signed.
func (l *listener) subscribe(channel string, signed []byte) frame {
	l.Helper()
	l.send("pusher:subscribe", channel, signed)
	return l.expect("pusher_internal:subscription_succeeded", channel)
}

// form is what a client posts to be authorised.
func (l *listener) form(channel string) []byte {
	return []byte(url.Values{"socket_id": {l.id}, "channel_name": {channel}}.Encode())
}
