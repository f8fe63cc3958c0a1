package pusherhttpgo

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/pusher/pusher-http-go/v5"
)

func TestTrigger(t *testing.T) {
	app := newApp(t, nil)
	one, two := dial(t, app.Key), dial(t, app.Key)
	channel := newName("")
	one.subscribe(channel, nil)
	two.subscribe(channel, nil)
	must(t, app.Trigger(channel, "one", map[string]string{"a": "é <&>"}))
	must(t, app.TriggerMulti([]string{channel, newName("")}, "many", "text"))
	count := "subscription_count"
	said, err := app.TriggerWithParams(channel, "others", 1, pusher.TriggerParams{SocketID: &one.id, Info: &count})
	must(t, err)
	if n := said.Channels[channel].SubscriptionCount; n == nil || *n != 2 {
		t.Errorf("said %+v, want 2 subscriptions", said)
	}
	must(t, app.Trigger(channel, "last", 2))
	for _, l := range []*listener{one, two} {
		l.expectText("one", channel, `{"a":"é \u003c\u0026\u003e"}`)
		l.expectText("many", channel, "text")
		if l == two {
			l.expectText("others", channel, "1")
		}
		l.expectText("last", channel, "2")
	}
}

func TestTriggerBatch(t *testing.T) {
	app := newApp(t, nil)
	l := dial(t, app.Key)
	channel := newName("")
	l.subscribe(channel, nil)
	var batch []pusher.Event
	for n := range 10 {
		batch = append(batch, pusher.Event{Channel: channel, Name: fmt.Sprint("e", n), Data: n})
	}
	_, err := app.TriggerBatch(batch)
	must(t, err)
	for n := range 10 {
		l.expectText(fmt.Sprint("e", n), channel, fmt.Sprint(n))
	}
	count := "subscription_count"
	batch[0].Info = &count
	said, err := app.TriggerBatch(batch[:2])
	must(t, err)
	if len(said.Batch) != 2 || said.Batch[0].SubscriptionCount == nil || *said.Batch[0].SubscriptionCount != 1 || said.Batch[1].SubscriptionCount != nil {
		t.Errorf("said %+v", said.Batch)
	}
}

func TestWhatIsRefused(t *testing.T) {
	app := newApp(t, nil)
	wrong := *app
	wrong.Secret = "wrong"
	for want, err := range map[string]error{
		"401": wrong.Trigger("c", "e", 1),
		"413": (&pusher.Client{AppID: app.AppID, Key: app.Key, Secret: app.Secret, Host: app.Host, OverrideMaxMessagePayloadKB: 20}).Trigger("c", "e", strings.Repeat("x", 10_241)),
		"400": app.Trigger("c", "pusher:e", 1),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestChannelsAndTheirUsers(t *testing.T) {
	app := newApp(t, nil)
	l := dial(t, app.Key)
	room, news := newName("presence-"), newName("")
	signed, err := app.AuthorizePresenceChannel(l.form(room), pusher.MemberData{UserID: "7", UserInfo: map[string]string{"name": "é"}})
	must(t, err)
	var joined struct {
		Presence struct {
			IDs  []string                     `json:"ids"`
			Hash map[string]map[string]string `json:"hash"`
		} `json:"presence"`
	}
	must(t, json.Unmarshal([]byte(l.subscribe(room, signed).text()), &joined))
	if joined.Presence.Hash["7"]["name"] != "é" {
		t.Errorf("joined %+v", joined)
	}
	l.subscribe(news, nil)

	all, err := app.Channels(pusher.ChannelsParams{})
	must(t, err)
	if len(all.Channels) != 2 {
		t.Errorf("channels %+v", all)
	}
	prefix, info := "presence-", "user_count"
	rooms, err := app.Channels(pusher.ChannelsParams{FilterByPrefix: &prefix, Info: &info})
	must(t, err)
	if len(rooms.Channels) != 1 || rooms.Channels[room].UserCount != 1 {
		t.Errorf("rooms %+v", rooms)
	}
	info = "user_count,subscription_count"
	one, err := app.Channel(room, pusher.ChannelParams{Info: &info})
	must(t, err)
	if !one.Occupied || one.UserCount != 1 || one.SubscriptionCount != 1 {
		t.Errorf("channel %+v", one)
	}
	users, err := app.GetChannelUsers(room)
	must(t, err)
	if len(users.List) != 1 || users.List[0].ID != "7" {
		t.Errorf("users %+v", users)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
