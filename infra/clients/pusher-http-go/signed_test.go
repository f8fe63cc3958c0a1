package pusherhttpgo

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/pusher/pusher-http-go/v5"
	"golang.org/x/crypto/nacl/secretbox"
)

func TestPrivateChannel(t *testing.T) {
	app := newApp(t, nil)
	l := dial(t, app.Key)
	channel := newName("private-")
	signed, err := app.AuthorizePrivateChannel(l.form(channel))
	must(t, err)
	l.subscribe(channel, signed)
	must(t, app.Trigger(channel, "e", "x"))
	l.expectText("e", channel, "x")
}

func TestEncryptedChannel(t *testing.T) {
	app := newApp(t, nil)
	l := dial(t, app.Key)
	channel := newName("private-encrypted-")
	signed, err := app.AuthorizePrivateChannel(l.form(channel))
	must(t, err)
	var auth struct {
		Secret []byte `json:"shared_secret"`
	}
	must(t, json.Unmarshal(signed, &auth))
	l.subscribe(channel, signed)
	must(t, app.Trigger(channel, "e", "secret"))
	var sealed struct{ Nonce, Ciphertext string }
	must(t, json.Unmarshal([]byte(l.expect("e", channel).text()), &sealed))
	nonce, err := base64.StdEncoding.DecodeString(sealed.Nonce)
	must(t, err)
	text, err := base64.StdEncoding.DecodeString(sealed.Ciphertext)
	must(t, err)
	plain, ok := secretbox.Open(nil, text, (*[24]byte)(nonce), (*[32]byte)(auth.Secret))
	if !ok || string(plain) != "secret" {
		t.Errorf("opened %q, %v", plain, ok)
	}
}

func TestUserSignsInAndIsSpokenTo(t *testing.T) {
	app := newApp(t, nil)
	l := dial(t, app.Key)
	signed, err := app.AuthenticateUser(l.form(""), map[string]any{"id": "u7", "user_info": map[string]string{"name": "é"}})
	must(t, err)
	l.send("pusher:signin", "", signed)
	l.expect("pusher:signin_success", "")
	l.subscribe("#server-to-user-u7", []byte(`{"auth":""}`))
	must(t, app.SendToUser("u7", "greeting", "hello"))
	l.expectText("greeting", "#server-to-user-u7", "hello")
}

// post is a request of a webhook.
type post struct {
	header http.Header
	body   []byte
}

func TestWebhooks(t *testing.T) {
	posts := make(chan post, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // what is cut short is no valid webhook
		posts <- post{r.Header, body}
	}))
	t.Cleanup(receiver.Close)
	app := newApp(t, row{"webhooks": []row{{"url": receiver.URL, "events": []string{"channel_occupied", "client_event"}}}})
	l := dial(t, app.Key)
	channel := newName("private-")
	signed, err := app.AuthorizePrivateChannel(l.form(channel))
	must(t, err)
	l.subscribe(channel, signed)
	wantWebhook(t, app, posts, pusher.WebhookEvent{Name: "channel_occupied", Channel: channel})
	must(t, l.ws.Write(t.Context(), websocket.MessageText, []byte(`{"event":"client-x","channel":"`+channel+`","data":{"a":1}}`)))
	wantWebhook(t, app, posts, pusher.WebhookEvent{Name: "client_event", Channel: channel, Event: "client-x", Data: `{"a":1}`, SocketID: l.id})
}

// wantWebhook takes a post that the library must find genuine, and its one event.
func wantWebhook(t *testing.T, app *pusher.Client, posts <-chan post, want pusher.WebhookEvent) {
	t.Helper()
	select {
	case p := <-posts:
		webhook, err := app.Webhook(p.header, p.body)
		must(t, err)
		if len(webhook.Events) != 1 || webhook.Events[0] != want {
			t.Errorf("got %+v, want %+v", webhook.Events, want)
		}
		if _, err := app.Webhook(p.header, append(p.body, ' ')); err == nil {
			t.Error("a changed body is valid")
		}
	case <-time.After(patience):
		t.Fatal("no webhook came")
	}
}
