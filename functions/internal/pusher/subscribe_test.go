package pusher_test

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
)

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

// mending is a store in which a second subscribe finishes what the first has left undone.
type mending struct{ *store }

func (mending) Subscribe(context.Context, pusher.Session, pusher.Channel, pusher.Subscriber, time.Time) (bool, error) {
	return true, pusher.ErrSubscribed
}

func TestASubscriptionThatWasFinishedLaterIsReported(t *testing.T) {
	w := opened(t)
	m := w.messages()
	m.Connections = mending{w.store}
	m.Receive(context.Background(), pusher.Incoming{Connection: conn, At: conn.ConnectedAt.Add(time.Second), Body: subscribe("room", "")}, w.logger())
	w.answered(t, `{"event":"pusher:error","data":{"code":null,"message":"Existing subscription to channel room"}}`)
	w.happened(t, "occupied 4072 room")
}
