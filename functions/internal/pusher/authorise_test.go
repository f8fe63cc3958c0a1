package pusher_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
)

// kinds are a channel of each kind that needs a signature.
var kinds = []string{
	"private-room", "private-encrypted-room", "private-cache-room", "private-encrypted-cache-room",
	"presence-room", "presence-cache-room",
}

func subscribe(channel, auth string, data ...string) string {
	fields := map[string]string{"channel": channel, "auth": auth}
	if len(data) > 0 {
		fields["channel_data"] = data[0]
	}
	body, _ := json.Marshal(map[string]any{"event": "pusher:subscribe", "data": fields})
	return string(body)
}

func succeeded(channel string) string {
	return `{"event":"pusher_internal:subscription_succeeded","channel":"` + channel + `","data":"{}"}`
}

func failed(channel, kind, text string, status int) string {
	b, _ := json.Marshal(text)
	return fmt.Sprintf(`{"event":"pusher:subscription_error","channel":"%s","data":{"type":"%s","error":%s,"status":%d}}`, channel, kind, b, status)
}

// dataOf is the channel_data that the channel needs, if it does.
func dataOf(channel string) []string {
	if pusher.Channel(channel).Presence() {
		return []string{`{"user_id":"7","user_info":{"name":"Ann"}}`}
	}
	return nil
}

func TestWhoMayListen(t *testing.T) {
	other := pusher.App{Key: "another-key", Secret: "another-secret"}
	for _, channel := range kinds {
		data := dataOf(channel)
		text := pusher.ChannelText(socket, channel, data...)
		good := app.Auth(text)
		signature := strings.TrimPrefix(good, app.Key+":")
		digest := "Invalid signature: Expected HMAC SHA256 hex digest of " + text + ", but got "
		for name, tt := range map[string]struct{ auth, want string }{
			"good":                       {good, ""},
			"no auth":                    {"", "Auth info required to subscribe to " + channel},
			"another app's":              {other.Auth(text), "Invalid key in subscription auth data: 'another-key'"},
			"another app's, own key":     {app.Key + ":" + pusher.Sign(other.Secret, text), digest + pusher.Sign(other.Secret, text)},
			"another socket's":           {app.Auth(pusher.ChannelText("1.2", channel, data...)), "Invalid signature"},
			"another channel's":          {app.Auth(pusher.ChannelText(socket, channel+"s", data...)), "Invalid signature"},
			"other data's":               {app.Auth(pusher.ChannelText(socket, channel, `{"user_id":"8"}`)), "Invalid signature"},
			"a user's":                   {app.Auth(pusher.UserText(socket, channel)), "Invalid signature"},
			"upper-case hex":             {app.Key + ":" + strings.ToUpper(signature), digest + strings.ToUpper(signature)},
			"too short":                  {good[:len(good)-1], digest + signature[:63]},
			"too long":                   {good + "0", digest + signature + "0"},
			"a space":                    {good + " ", "Invalid signature"},
			"look-alikes":                {app.Key + ":" + strings.NewReplacer("a", "а", "e", "е", "c", "с", "0", "０").Replace(signature), "Invalid signature"},
			"a key with look-alikes":     {strings.Replace(good, "c", "с", 1), "Invalid key"},
			"signature alone":            {signature, "Invalid key in subscription auth data: '" + signature + "'"},
			"no signature":               {app.Key, digest},
			"empty key":                  {":" + signature, "Invalid key in subscription auth data: ''"},
			"wrong prefix":               {"x" + good, "Invalid key"},
			"key twice":                  {app.Key + ":" + good, "Invalid signature"},
			"the JSON that should be it": {`{"auth":"` + good + `"}`, "Invalid key"},
			"the app's id":               {app.ID + ":" + signature, "Invalid key"},
		} {
			t.Run(channel+"/"+name, func(t *testing.T) {
				w := opened(t)
				w.send(subscribe(channel, tt.auth, data...), 10)
				w.decided(t, channel, tt.want)
			})
		}
	}
}

// decided fails unless the connection is subscribed, or was refused with a text that begins so.
func (w *world) decided(t *testing.T, channel, refusal string) {
	t.Helper()
	if w.holds(channel) != (refusal == "") {
		t.Errorf("subscribed: %v", w.holds(channel))
	}
	switch {
	case refusal == "" && pusher.Channel(channel).Joins():
		w.answered(t)
	case refusal == "":
		w.answered(t, succeeded(channel))
	default:
		w.refusedAs(t, channel, "AuthError", 401, refusal)
		w.logged(t, 1, "INFO", "message refused", `"event":"pusher:subscribe"`, `"app":"4072"`, `"channel":"`+channel+`"`)
	}
}

func (w *world) refusedAs(t *testing.T, channel, kind string, status int, text string) {
	t.Helper()
	var frame struct {
		Event, Channel string
		Data           struct {
			Type, Error string
			Status      int
		}
	}
	if len(w.said.frames) != 1 {
		t.Fatalf("answers: %v", w.said.frames)
	}
	if err := json.Unmarshal([]byte(w.said.frames[0]), &frame); err != nil || frame.Event != "pusher:subscription_error" || frame.Channel != channel {
		t.Errorf("%v: %s", err, w.said.frames[0])
	}
	if d := frame.Data; d.Type != kind || d.Status != status || !strings.HasPrefix(d.Error, text) {
		t.Errorf("%+v, want %s", d, text)
	}
	w.said.frames = nil
}

func TestASignatureIsForOneSocket(t *testing.T) {
	for _, channel := range kinds {
		w := opened(t)
		body := subscribe(channel, app.Auth(pusher.ChannelText(socket, channel, dataOf(channel)...)), dataOf(channel)...)
		w.send(body, 10)
		w.send(`{"event":"pusher:unsubscribe","data":{"channel":"`+channel+`"}}`, 20)
		w.said.frames = nil
		if w.send(body, 30); !w.holds(channel) {
			t.Errorf("%s: the same socket may not come back with it", channel)
		}
		another := stream.Connection{ID: "QQqB0fHsqRcCHlw=", ConnectedAt: conn.ConnectedAt}
		w.open(t, another)
		w.said.frames = nil
		w.sendOf(another, body, 10)
		w.refusedAs(t, channel, "AuthError", 401, "Invalid signature: Expected HMAC SHA256 hex digest of "+another.SocketID()+":"+channel)
	}
}

func TestDataThatIsSentIsSigned(t *testing.T) {
	for _, data := range []string{"", "{}", "x"} {
		w := opened(t)
		w.send(subscribe("private-a", app.Auth(pusher.ChannelText(socket, "private-a")), data), 10)
		w.decided(t, "private-a", "Invalid signature: Expected HMAC SHA256 hex digest of "+socket+":private-a:"+data+", but got ")
		w.send(subscribe("private-a", app.Auth(pusher.ChannelText(socket, "private-a", data)), data), 20)
		w.decided(t, "private-a", "")
	}
}
