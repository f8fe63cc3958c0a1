package pusher_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

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

func TestPublicChannelsNeedNoSignature(t *testing.T) {
	for _, channel := range []string{"room", "cache-room", "presence", "private", "Private-x", "encrypted-private-x", "-_=@,.;"} {
		for _, auth := range []string{"", "anything"} {
			w := opened(t)
			w.send(subscribe(channel, auth), 10)
			w.decided(t, channel, "")
			w.logged(t, 0, "INFO")
		}
	}
}

func TestNamesOfChannels(t *testing.T) {
	at := strings.Repeat("x", 164)
	for name, good := range map[string]bool{
		at: true, at + "x": false, "": false, "a b": false, "a/b": false, "é": false, "а": false, "#x": false,
		"#server-to-user-": false, "a\x00": false, "a#b": false, "a:b": false, "a\u200b": false, "private-" + at: false,
	} {
		if err := pusher.DefaultLimits().CheckChannel(name); (err == nil) != good {
			t.Errorf("%q: %v", name, err)
		}
		w := opened(t)
		w.send(subscribe(name, ""), 10)
		if w.holds(name) != good {
			t.Errorf("%q: subscribed is not %v", name, good)
		}
		if !good && name != "" {
			w.refusedAs(t, name, "ChannelError", 400, "Invalid channel name: ")
		}
	}
	if err := (pusher.Limits{Channel: 200}).CheckChannel(at + "x"); err != nil {
		t.Error(err)
	}
	w := opened(t)
	w.send(subscribe("", ""), 10)
	w.answered(t, `{"event":"pusher:error","data":{"code":null,"message":"Invalid channel name: "}}`)
}

func TestWhoComesToAPresenceChannel(t *testing.T) {
	long := strings.Repeat("é", 128)
	for data, want := range map[string]pusher.Subscriber{
		`{"user_id":"7","user_info":{ "name" : "Ann" }}`: {User: "7", Info: `{"name":"Ann"}`},
		`{"user_id":7}`:                    {User: "7"},
		`{"user_id":9007199254740993}`:     {User: "9007199254740993"},
		`{"user_id":"7","user_info":null}`: {User: "7"},
		`{"user_id":"7","user_info":"é"}`:  {User: "7", Info: `"é"`},
		`{"user_id":"` + long + `"}`:       {User: long},
		`{"user_id":"1","user_id":"2"}`:    {User: "2"},
		`{"user_id":"1","USER_ID":"2"}`:    {User: "1"},
		`{"user_id":"` + long + `x"}`:      {},
		`{"user_id":""}`:                   {},
		`{"user_id":null}`:                 {},
		`{"user_id":true}`:                 {},
		`{"user_id":["7"]}`:                {},
		`{"user_id":"a\u0000"}`:            {},
		`{}`:                               {},
		``:                                 {},
		`null`:                             {},
		`"7"`:                              {},
		`no JSON`:                          {},
		`{"user_id":"7","user_info":"` + strings.Repeat("x", 1022) + `"}`:   {User: "7", Info: `"` + strings.Repeat("x", 1022) + `"`},
		`{"user_id":"7","user_info":"` + strings.Repeat("x", 1023) + `"}`:   {},
		`{"user_id":"7","user_info":"` + strings.Repeat("x", 10_240) + `"}`: {},
		`{"user_id":"7","user_info":` + strings.Repeat("[", 20_000) + `}`:   {},
	} {
		w := opened(t)
		w.send(subscribe("presence-x", app.Auth(pusher.ChannelText(socket, "presence-x", data)), data), 10)
		s, _ := w.store.Memory.Session(context.Background(), conn)
		if got := s.Channels["presence-x"]; got != want {
			t.Errorf("%.60s: %+v", data, got)
		}
		if want.User == "" {
			w.refusedAs(t, "presence-x", "ChannelError", 400, "Invalid ")
		}
	}
	w := opened(t)
	w.send(subscribe("presence-x", app.Auth(pusher.ChannelText(socket, "presence-x"))), 10)
	w.refusedAs(t, "presence-x", "ChannelError", 400, "Invalid channel data: a JSON object with user_id is needed")
}

// half is a store that fails once it has written a subscription.
type half struct{ *store }

func (h half) Subscribe(ctx context.Context, s pusher.Session, channel pusher.Channel, as pusher.Subscriber, at time.Time) (bool, error) {
	if _, err := h.store.Subscribe(ctx, s, channel, as, at); err != nil {
		return false, err
	}
	return false, errBroken
}

func TestASubscriptionThatFailsMidwayCanBeTriedAgain(t *testing.T) {
	for _, channel := range []string{"room", "cache-room"} {
		w := opened(t)
		m := w.messages()
		m.Connections = half{w.store}
		in := pusher.Incoming{Connection: conn, At: conn.ConnectedAt.Add(time.Millisecond), Body: subscribe(channel, "")}
		m.Receive(context.Background(), in, w.logger())
		w.answered(t, failed(channel, "ServerError", "An unexpected error occurred", 500))
		w.logged(t, 1, "ERROR", errBroken.Error())
		if w.holds(channel) {
			t.Error("it is subscribed")
		}
		if w.send(subscribe(channel, ""), 10); !w.holds(channel) || len(w.said.frames) > 0 && w.said.frames[0] != succeeded(channel) {
			t.Errorf("again: %v", w.said.frames)
		}
	}
}

func TestWhoIsSignedInNeedsNoChannelDataOnPresenceChannels(t *testing.T) {
	w := opened(t)
	s, err := w.store.Memory.Session(context.Background(), conn)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.store.SignIn(context.Background(), s, pusher.User{ID: "7", Info: `{"n":1}`}); err != nil {
		t.Fatal(err)
	}
	w.send(subscribe("presence-x", app.Auth(pusher.ChannelText(socket, "presence-x"))), 10)
	w.send(subscribe("presence-y", app.Auth(pusher.ChannelText(socket, "presence-y", `{"user_id":"8"}`)), `{"user_id":"8"}`), 20)
	w.send(subscribe("presence-z", app.Auth(pusher.ChannelText(socket, "presence-z", "")), ""), 30)
	s, err = w.store.Memory.Session(context.Background(), conn)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]pusher.Subscriber{"presence-x": {User: "7", Info: `{"n":1}`}, "presence-y": {User: "8"}}
	if !maps.Equal(s.Channels, want) {
		t.Errorf("subscribed as %+v, want %+v", s.Channels, want)
	}
}

func TestAUsersChannelIsForThatUser(t *testing.T) {
	w := opened(t)
	const own, anothers = "#server-to-user-7", "#server-to-user-77"
	for _, auth := range []string{"", app.Auth(pusher.ChannelText(socket, own))} {
		w.send(subscribe(own, auth), 10)
		w.answered(t, failed(own, "AuthError", "Not signed in as the user of channel "+own, 401))
	}
	w.send(signIn(`{"id":"7"}`), 20)
	w.said.frames = nil
	w.send(subscribe(anothers, ""), 30)
	w.answered(t, failed(anothers, "AuthError", "Not signed in as the user of channel "+anothers, 401))
	w.send(subscribe(own, ""), 40)
	w.answered(t, succeeded(own))
	if w.holds(anothers) || !w.holds(own) {
		t.Error("not exactly the own channel is subscribed")
	}
}

func TestASecondSubscribeIsAnErrorOfTheConnection(t *testing.T) {
	w := opened(t)
	w.send(subscribe("room", ""), 10)
	w.send(subscribe("cache-room", ""), 10)
	w.said.frames = nil
	w.send(subscribe("room", ""), 20)
	w.send(subscribe("cache-room", ""), 20)
	w.answered(t, `{"event":"pusher:error","data":{"code":null,"message":"Existing subscription to channel room"}}`,
		`{"event":"pusher:error","data":{"code":null,"message":"Existing subscription to channel cache-room"}}`)
	w.logged(t, 2, "INFO", "already")
}

func TestWhoComesBackAtOnceHasItsAnswerWhateverTheOrder(t *testing.T) {
	w := opened(t)
	w.send(subscribe("room", ""), 10)
	w.said.frames = nil
	w.send(subscribe("room", ""), 30)
	w.send(`{"event":"pusher:unsubscribe","data":{"channel":"room"}}`, 20)
	if got := len(w.said.frames); got != 2 || w.said.frames[1] != succeeded("room") || !w.holds("room") {
		t.Errorf("%v", w.said.frames)
	}
}

func TestLimitsOfSubscriptions(t *testing.T) {
	w := opened(t)
	for i := range 20 {
		w.send(subscribe(fmt.Sprint("c", i), ""), i)
	}
	w.said.frames = nil
	w.send(subscribe("more", ""), 30)
	w.answered(t, failed("more", "LimitReached", "Too many subscriptions on this connection", 429))
	w = opened(t)
	for i := range pusher.MaxMembers {
		c := stream.Connection{ID: fmt.Sprint("c", i), ConnectedAt: conn.ConnectedAt}
		w.open(t, c)
		s, _ := w.store.Memory.Session(context.Background(), c)
		if _, err := w.store.Subscribe(context.Background(), s, "presence-x", pusher.Subscriber{User: c.ID}, conn.ConnectedAt); err != nil {
			t.Fatal(err)
		}
	}
	data := `{"user_id":"one more"}`
	w.send(subscribe("presence-x", app.Auth(pusher.ChannelText(socket, "presence-x", data)), data), 10)
	w.answered(t, failed("presence-x", "LimitReached", "Presence channel has 100 members already", 403))
}

func TestUnsubscribingIsSilent(t *testing.T) {
	w := opened(t)
	w.send(subscribe("room", ""), 10)
	w.said.frames = nil
	for i, channel := range []string{"room", "room", "never", "no name!", "", "presence-x", "#server-to-user-9"} {
		w.send(`{"event":"pusher:unsubscribe","data":{"channel":"`+channel+`"}}`, 20+i)
	}
	w.send(`{"event":"pusher:unsubscribe"}`, 40)
	if w.holds("room") {
		t.Error("it is still subscribed")
	}
	w.answered(t)
	w.logged(t, 0, "INFO")
}

func TestWhoWantsToHearIsTold(t *testing.T) {
	w := opened(t, func(a *pusher.App) { a.SubscriptionCount = true })
	w.send(subscribe("room", ""), 10)
	w.happened(t, "occupied 4072 room", "counted 4072 room")
	w.send(subscribe("cache-room", ""), 10)
	w.happened(t, "occupied 4072 cache-room", "counted 4072 cache-room")
	data := `{"user_id":"7"}`
	w.send(subscribe("presence-x", app.Auth(pusher.ChannelText(socket, "presence-x", data)), data), 10)
	w.happened(t, "occupied 4072 presence-x")
	another := stream.Connection{ID: "another=", ConnectedAt: conn.ConnectedAt}
	w.open(t, another)
	w.sendOf(another, subscribe("room", ""), 10)
	w.happened(t, "counted 4072 room")
	w.sendOf(another, `{"event":"pusher:unsubscribe","data":{"channel":"room"}}`, 20)
	w.happened(t, "counted 4072 room")
	w.send(`{"event":"pusher:unsubscribe","data":{"channel":"room"}}`, 20)
	w.happened(t, "vacating 4072 room", "counted 4072 room")
	w.send(`{"event":"pusher:unsubscribe","data":{"channel":"room"}}`, 30)
	w.happened(t)
	w.logged(t, 0, "INFO")
}

func TestCountsAreForAppsThatAskForThem(t *testing.T) {
	w := opened(t)
	w.send(subscribe("room", ""), 10)
	w.send(`{"event":"pusher:unsubscribe","data":{"channel":"room"}}`, 20)
	w.happened(t, "occupied 4072 room", "vacating 4072 room")
}

func TestASubscriptionHoldsThoughNobodyCouldBeToldOfIt(t *testing.T) {
	w := opened(t)
	w.said.err = errBroken
	w.send(subscribe("room", ""), 10)
	w.answered(t, succeeded("room"))
	if !w.holds("room") {
		t.Error("it does not hold")
	}
	w.logged(t, 2, "ERROR", errBroken.Error()) // the answer, and the hook
}
