package stream

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// on is a roster: each text is a user, a connection and when it joined, "alice a 1".
func on(channel string, seats ...string) *Item {
	i := &Item{Owner: Owner("4072", channel), ID: "_roster", Kind: KindRoster, Members: map[string]Member{}}
	for _, text := range seats {
		var user, id string
		var at int64
		if n, _ := fmt.Sscan(text, &user, &id, &at); n == 0 {
			panic(text)
		}
		m, ok := i.Members[user]
		if !ok {
			m = Member{Info: `{"name": "` + user + `"}`, Connections: map[Connection]time.Time{}}
		}
		if id != "" {
			m.Connections[connected(id)] = time.UnixMilli(at)
		}
		i.Members[user] = m
	}
	return i
}

func connected(id string) Connection {
	return Connection{ID: id, ConnectedAt: time.UnixMilli(1769900000123).UTC()}
}

func TestChangesOfRosters(t *testing.T) {
	silent := on("presence-x", "alice a 1")
	silent.Members["alice"] = Member{Connections: silent.Members["alice"].Connections}
	odd := on("presence-x", "alice a 1")
	odd.Members["alice"] = Member{Info: "{", Connections: odd.Members["alice"].Connections}
	added := `0 channel/4072/presence-x [channel] pusher_internal:member_added {"user_id":"alice","user_info":{"name": "alice"}} member=alice` + "\n"
	alone := `channel/4072/presence-x [channel] pusher_internal:subscription_succeeded {"presence":{"ids":["alice"],"hash":{"alice":{"name": "alice"}},"count":1}}`
	bare := strings.ReplaceAll(added+"1 "+alone+" only=a\n", `{"name": "alice"}`, "null")
	checkChanges(t, []changeCase{
		{"the first member", inserted(on("presence-x", "alice a 1")), added + "1 " + alone + " only=a\n"},
		{"a second tab", modified(on("presence-x", "alice a 1"), on("presence-x", "alice a 1", "alice b 2")), "0 " + alone + " only=b\n"},
		{"a tab that goes", modified(on("presence-x", "alice a 1", "alice b 2"), on("presence-x", "alice b 2")), ``},
		{"the last tab that goes", modified(on("presence-x", "alice b 2"), on("presence-x", "alice")), `
			0 channel/4072/presence-x [channel] pusher_internal:member_removed {"user_id":"alice"} member=alice
			`},
		{"what is left of a member is silent", modified(on("presence-x", "alice"), on("presence-x")), ``},
		{"a member that comes back", modified(on("presence-x", "alice"), on("presence-x", "alice a 1")), added + "1 " + alone + " only=a\n"},
		{"a tab that subscribes anew", modified(on("presence-x", "alice a 1"), on("presence-x", "alice a 2")), "0 " + alone + " only=a\n"},
		{"a roster that is removed", removed(on("presence-x", "bob b 2", "alice a 1")), `
			0 channel/4072/presence-x [channel] pusher_internal:member_removed {"user_id":"alice"} member=alice
			1 channel/4072/presence-x [channel] pusher_internal:member_removed {"user_id":"bob"} member=bob
			`},
		{"a roster that is removed empty", removed(on("presence-x", "alice")), ``},
		{"who told nothing of themselves", inserted(silent), bare},
		{"who told no JSON", inserted(odd), bare},
		{"who goes is told of before who comes", modified(on("presence-x", "bob b 1"), on("presence-x", "alice a 2")), `
			0 channel/4072/presence-x [channel] pusher_internal:member_removed {"user_id":"bob"} member=bob
			` + strings.Replace(added, "0", "1", 1) + "2 " + alone + " only=a\n"},
		{"users stand in the order in which they came", modified(on("presence-x", "z z 1", "y y 2"), on("presence-x", "z z 1", "y y 2", "b b 3", "z a 3")), `
			0 channel/4072/presence-x [channel] pusher_internal:member_added {"user_id":"b","user_info":{"name": "b"}} member=b
			1 channel/4072/presence-x [channel] pusher_internal:subscription_succeeded {"presence":{"ids":["z","y","b"],"hash":{"z":{"name": "z"},"y":{"name": "y"},"b":{"name": "b"}},"count":3}} only=a
			2 channel/4072/presence-x [channel] pusher_internal:subscription_succeeded {"presence":{"ids":["z","y","b"],"hash":{"z":{"name": "z"},"y":{"name": "y"},"b":{"name": "b"}},"count":3}} only=b
			`},
		{"a newcomer to a cache channel misses its event until the publisher has it", inserted(on("presence-cache-x", "alice a 1")),
			strings.ReplaceAll(added+"1 "+alone+" only=a\n", "presence-x", "presence-cache-x") + "2 channel/4072/presence-cache-x [channel] pusher:cache_miss (none) only=a\n"},
	})
}

func subscribed(channel, id string) *Item {
	return &Item{Owner: Owner("4072", channel), ID: "_subscription#" + ConnectionKey(connected(id)), Kind: KindSubscription}
}

func TestChangesOfSubscriptions(t *testing.T) {
	i := subscribed("cache-x", "a#b=")
	want := `
		0 channel/4072/cache-x [channel] pusher_internal:subscription_succeeded {} only=a#b=
		1 channel/4072/cache-x [channel] pusher:cache_miss (none) only=a#b=
		`
	expired := removed(i)
	expired.Expired = true
	checkChanges(t, []changeCase{
		{"a subscription", inserted(i), want}, {"anew", modified(i, i), want}, {"its end", removed(i), ``}, {"its expiry", expired, ``},
	})
}

func TestMemberships(t *testing.T) {
	of := func(joined bool, channel, id string) Membership {
		return Membership{Session: Session{Connection: connected(id), App: "4072"}, Subscription: Subscription{Stream: Channel, Param: channel}, Joined: joined}
	}
	i := subscribed("cache-x", "a")
	for name, tt := range map[string]struct {
		Change
		want []Membership
	}{
		"a subscription":             {inserted(i), []Membership{of(true, "cache-x", "a")}},
		"a subscription anew":        {modified(i, i), []Membership{of(true, "cache-x", "a")}},
		"a subscription's end":       {removed(i), []Membership{of(false, "cache-x", "a")}},
		"the first of a roster":      {inserted(on("presence-x", "u a 1")), []Membership{of(true, "presence-x", "a")}},
		"who goes, then who comes":   {modified(on("presence-x", "u a 1", "v b 1"), on("presence-x", "u c 2", "v b 1", "u d 1")), []Membership{of(false, "presence-x", "a"), of(true, "presence-x", "d"), of(true, "presence-x", "c")}},
		"who subscribes anew":        {modified(on("presence-x", "u a 1"), on("presence-x", "u a 2")), []Membership{of(true, "presence-x", "a")}},
		"a roster that is removed":   {removed(on("presence-x", "u a 1")), []Membership{of(false, "presence-x", "a")}},
		"a roster that is the same":  {modified(on("presence-x", "u a 1"), on("presence-x", "u a 1")), nil},
		"an event":                   {inserted(said("event", "x", `{"name":"a","data":"x"}`)), nil},
		"what becomes something odd": {modified(on("presence-x", "u a 1"), said("_x", "presence-x", "")), []Membership{of(false, "presence-x", "a")}},
	} {
		if diff := cmp.Diff(tt.want, tt.Memberships()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if topic := of(true, "x", "a").Topic(); topic != ChannelTopic("4072", "x") {
		t.Error(topic)
	}
}

func TestConnectionKeys(t *testing.T) {
	for _, c := range []Connection{connected("a#b="), {ID: "x", ConnectedAt: time.UnixMilli(-1).UTC()}} {
		if got, ok := ParseConnectionKey(ConnectionKey(c)); got != c || !ok {
			t.Errorf("%+v: %+v %v", c, got, ok)
		}
	}
	for _, key := range []string{"", "1", "1#", "x#y", "#y"} {
		if c, ok := ParseConnectionKey(key); ok {
			t.Errorf("%q is %+v", key, c)
		}
	}
}

// client is what a member's browser knows of a presence channel.
type client map[string]bool

func (c *client) hear(t *rapid.T, m Message) {
	var body struct {
		User     string `json:"user_id"`
		Presence struct {
			IDs   []string
			Hash  map[string]json.RawMessage
			Count int
		}
	}
	if err := json.Unmarshal(m.Payload, &body); err != nil {
		t.Fatalf("%s: %v", m.Payload, err)
	}
	switch m.Event {
	case EventMemberAdded, EventMemberRemoved:
		if (*c)[body.User] == (m.Event == EventMemberAdded) {
			t.Fatalf("%s %s is no news", m.Event, body.User)
		}
		(*c)[body.User] = m.Event == EventMemberAdded
	default:
		*c = client{}
		for _, user := range body.Presence.IDs {
			(*c)[user] = true
		}
		if p := body.Presence; len(p.Hash) != len(p.IDs) || p.Count != len(p.IDs) || len(*c) != p.Count {
			t.Fatalf("%+v", p)
		}
	}
}

// TestWhoHearsARosterKnowsIt: whatever sequence of rosters there is, each membership is announced once
// from absence to presence and once back, and who follows what is announced knows the true list.
func TestWhoHearsARosterKnowsIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before := on("presence-x")
		outside, clients := client{}, map[string]*client{} // outside hears what is for all
		for step := range rapid.IntRange(1, 20).Draw(t, "steps") {
			now := drawRoster(t, before, step)
			c := modified(before, now)
			messages, err := c.Messages()
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range c.Memberships() {
				if _, known := clients[m.Session.ID]; known && !m.Joined {
					delete(clients, m.Session.ID)
				}
			}
			for _, m := range messages {
				if m.Only != "" {
					clients[m.Only] = &client{}
					clients[m.Only].hear(t, m)
					continue
				}
				outside.hear(t, m)
				for _, listening := range clients {
					listening.hear(t, m)
				}
			}
			checkLists(t, now, outside, clients)
			before = now
		}
	})
}

// drawRoster moves some connections, or leaves them as they are.
func drawRoster(t *rapid.T, before *Item, step int) *Item {
	var seats []string
	for _, id := range []string{"a", "b", "c", "d"} {
		var was string
		for user, m := range before.Members {
			if at, ok := m.Connections[connected(id)]; ok {
				was = fmt.Sprintf("%s %s %d", user, id, at.UnixMilli())
			}
		}
		fresh := fmt.Sprintf("%s %s %d", rapid.SampledFrom([]string{"u", "v", "w"}).Draw(t, "user"), id, step)
		if seat := rapid.SampledFrom([]string{was, was, "", fresh}).Draw(t, "seat"); seat != "" {
			seats = append(seats, seat)
		}
	}
	for _, user := range []string{"u", "v"} {
		if rapid.Bool().Draw(t, "kept empty") {
			seats = append(seats, user)
		}
	}
	return on("presence-x", seats...)
}

func checkLists(t *rapid.T, roster *Item, outside client, clients map[string]*client) {
	var users, ids []string
	for user, m := range roster.Members {
		if len(m.Connections) > 0 {
			users = append(users, user)
		}
		for c := range m.Connections {
			ids = append(ids, c.ID)
		}
	}
	slices.Sort(users)
	if !slices.Equal(outside.list(), users) {
		t.Fatalf("announced %v, there are %v", outside.list(), users)
	}
	if len(clients) != len(ids) {
		t.Fatalf("%d listen, there are %v", len(clients), ids)
	}
	for id, c := range clients {
		if !slices.Contains(ids, id) || !slices.Equal(c.list(), users) {
			t.Fatalf("%s knows %v, there are %v", id, c.list(), users)
		}
	}
}

func (c client) list() (users []string) {
	for user, here := range c {
		if here {
			users = append(users, user)
		}
	}
	slices.Sort(users)
	return users
}
