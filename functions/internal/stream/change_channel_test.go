package stream

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// said is an item of the channel that carries events.
func said(kind, channel, payload string) *Item {
	return &Item{Owner: Owner("4072", channel), ID: kind + "#1", Kind: kind, Payload: []byte(payload)}
}

func TestChangesOfEvents(t *testing.T) {
	one := said("event", "room", `{"name":"new","data":"{\"a\": 1}","socket_id":"1.2","user_id":"u"}`)
	checkChanges(t, []changeCase{
		{"an event's text is sent as it is", inserted(one), `
			0 channel/4072/room [channel] new {"a": 1} except=1.2 user=u
			`},
		{"several are sent in their order", inserted(said("event", "room", ` [{"name":"a","data":"1"},{"name":"b","data":"2"},{"name":"a","data":""}]`)),
			"0 channel/4072/room [channel] a 1\n1 channel/4072/room [channel] b 2\n2 channel/4072/room [channel] a \n"},
		{"data that is no string is encoded", inserted(said("event", "room", `[{"name":"a","data":{"x": [1, "<"]}},{"name":"b","data":null},{"name":"c","data":1.50,"user_id":7}]`)), `
			0 channel/4072/room [channel] a {"x":[1,"<"]}
			1 channel/4072/room [channel] b null
			2 channel/4072/room [channel] c 1.50 user=7
			`},
		{"the server speaks to a user", inserted(said("event", "#server-to-user-7", `{"name":"a","data":"x"}`)), `
			0 channel/4072/#server-to-user-7 [channel] a x
			`},
		{"a client's event", inserted(said(KindClient, "private-room", `{"name":"client-typing","data":"x","socket_id":"1.2"}`)), `
			0 channel/4072/private-room [channel] client-typing x except=1.2
			`},
		{"an event that changes is silent", modified(one, said("event", "room", `{"name":"a","data":"x"}`)), ``},
		{"an event that is removed is silent", removed(one), ``},
		{"data of 10 KB", inserted(said("event", "room", `{"name":"`+strings.Repeat("ü", 200)+`","data":"`+strings.Repeat("x", 10240)+`"}`)),
			"0 channel/4072/room [channel] " + strings.Repeat("ü", 200) + " " + strings.Repeat("x", 10240) + "\n"},
	})
}

func TestChangesOfItems(t *testing.T) {
	drop := func(app, payload string) *Item {
		i := item("item", "1", "9", payload)
		i.App = app
		return i
	}
	live, again := drop("", `{"id":9, "deleted_at":null}`), drop("", `{"deleted_at": null, "id": 9}`)
	seen, gone := drop("", `{"id":9,"view_counter":1}`), drop("", `{"id":9,"deleted_at":"2026-11-22T00:00:00Z"}`)
	checkChanges(t, []changeCase{
		{"an item is created on the channel of its account, on the account's app", inserted(live), `
			0 items/1 [channel] create {"id":9, "deleted_at":null}
			`},
		{"an item of an app", inserted(drop("4072", `{"id":9}`)), `
			0 channel/4072/private-items_1 [channel] create {"id":9}
			`},
		{"an item that changes", modified(live, seen), `
			0 items/1 [channel] update {"id":9,"view_counter":1}
			`},
		{"an item that is only written differently is silent", modified(live, again), ``},
		{"an item that is deleted softly", modified(live, gone), `
			0 items/1 [channel] delete {"id":9,"deleted_at":"2026-11-22T00:00:00Z"}
			`},
		{"an item that comes back", modified(gone, seen), `
			0 items/1 [channel] create {"id":9,"view_counter":1}
			`},
		{"an item that is gone and changes is silent", modified(gone, drop("", `{"deleted_at":"2026-11-23T00:00:00Z"}`)), ``},
		{"an item that was never shown is silent", inserted(gone), ``},
		{"an item that is removed", removed(seen), `
			0 items/1 [channel] delete {"id":9,"view_counter":1}
			`},
		{"an item that is removed after it was deleted is silent", removed(gone), ``},
		{"an item that moves to another app", modified(seen, drop("4072", `{"id":9}`)), `
			0 items/1 [channel] delete {"id":9,"view_counter":1}
			1 channel/4072/private-items_1 [channel] create {"id":9}
			`},
	})
}

func TestBroadcastsToChannels(t *testing.T) {
	both := broadcastTo("plain text", Target{Stream: Public}, Target{App: "4072", Channel: "news"}, Target{App: "4072", Channel: "news"})
	checkChanges(t, []changeCase{{"one change reaches both protocols", inserted(both), `
		0 public [public] maintenance plain text
		0 channel/4072/news [channel] maintenance plain text
		`}})
}

func TestChangesOfWhoIsOnline(t *testing.T) {
	of := func(connections ...string) *Item {
		i := &Item{Owner: Owner("4072", `#server-to-user-"7`), ID: "_user", Kind: KindUser, Members: map[string]Member{}}
		m := Member{Connections: map[Connection]time.Time{}}
		for _, id := range connections {
			m.Connections[Connection{ID: id}] = time.Time{}
		}
		i.Members[`"7`] = m
		return i
	}
	online, offline := `0 watch/4072/"7 [watch] pusher_internal:watchlist_events {"events":[{"name":"online","user_ids":["\"7"]}]}`+"\n",
		`0 watch/4072/"7 [watch] pusher_internal:watchlist_events {"events":[{"name":"offline","user_ids":["\"7"]}]}`+"\n"
	checkChanges(t, []changeCase{
		{"the first connection", inserted(of("a")), online},
		{"a second one is silent", modified(of("a"), of("a", "b")), ``},
		{"the first of them that goes is silent", modified(of("a", "b"), of("b")), ``},
		{"the last one that goes", modified(of("b"), of()), offline},
		{"what is removed empty is silent", removed(of()), ``},
		{"what is removed", removed(of("b")), offline},
		{"the next connection", modified(of(), of("c")), online},
	})
}

func TestChangesOfCounts(t *testing.T) {
	i := &Item{Owner: Owner("4072", "room"), ID: "_count", Kind: KindCount}
	want := "0 channel/4072/room [channel] pusher_internal:subscription_count (none)\n"
	checkChanges(t, []changeCase{{"a count", inserted(i), want}, {"another one", modified(i, i), want}, {"none", removed(i), ``}})
}

func TestItemsOfAppsThatDoNotFitAreRefused(t *testing.T) {
	long := strings.Repeat("x", maxEventData+1)
	target := func(to Target, event string) *Item {
		i := broadcastTo("x", to)
		i.Event = event
		return i
	}
	room := Target{App: "4072", Channel: "room"}
	app := item("item", "1", "1", `{}`)
	app.App = "a/b"
	for reason, i := range map[string]*Item{
		`event: the owner "1" is not app#`:                         item("event", "1", "1", `{"name":"a","data":"x"}`),
		"event: the owner has no channel's name":                   said("event", "a b", `{"name":"a","data":"x"}`),
		"event: the item has no payload":                           item("event", "app#1#x", "1", ""),
		"event: the payload is no JSON object":                     said("event", "room", `"x"`),
		"event: the payload has no event":                          said("event", "room", `[]`),
		`event: the payload does not fit: "name" is a number`:      said("event", "room", `{"name":1,"data":"x"}`),
		`event: the payload does not fit: "socket_id" is a number`: said("event", "room", `[{"name":"a","data":"x","socket_id":1}]`),
		"event: the payload does not fit: an id is neither":        said("event", "room", `{"name":"a","data":"x","user_id":{}}`),
		"event: the payload does not fit: unexpected end":          said("event", "room", `[{"name":"a"`),
		"event: event 0: the event has no name":                    said("event", "room", `{"data":"x"}`),
		"event: event 1: the event has no data":                    said("event", "room", `[{"name":"a","data":"x"},{"name":"a"}]`),
		"event: event 1: the event has no name":                    said("event", "room", `[{"name":"a","data":"x"},null]`),
		"the event's name has more than 200 characters":            said("event", "room", `{"name":"`+strings.Repeat("a", 201)+`","data":"x"}`),
		`events that begin with "pusher:x" are the service's own`:  said("event", "room", `{"name":"pusher:x","data":"x"}`),
		`events that begin with "pusher_internal:" are`:            said("event", "room", `{"name":"pusher_internal:member_added","data":"x"}`),
		"the event's data has more than 10240 bytes":               said("event", "room", `{"name":"a","data":"`+long+`"}`),
		"event 0: the event's data has more than 10240 bytes":      said("event", "room", `{"name":"a","data":["`+long+`"]}`),
		`_client: event 0: the name of a client's event begins`:    said(KindClient, "private-room", `{"name":"a","data":"x"}`),
		`item: the payload does not fit: "deleted_at" is a number`: item("item", "1", "1", `{"deleted_at":1}`),
		"item: the item has no payload":                            item("item", "1", "1", ""),
		"item: the item has no app's id":                           app,
		"_roster: the owner":                                       {Owner: "1", ID: "_roster", Kind: KindRoster},
		"_subscription: the item's id names no connection":         {Owner: Owner("1", "cache-x"), ID: "_subscription#x", Kind: KindSubscription},
		"_subscription: the owner":                                 {Owner: "1", ID: "_subscription#1#x", Kind: KindSubscription},
		"_user: the owner is no user's channel":                    {Owner: Owner("1", "x"), ID: "_user", Kind: KindUser},
		"_count: the owner":                                        {Owner: "1", ID: "_count", Kind: KindCount},
		"broadcast: topics[0]: a channel needs an app":             target(Target{Channel: "room"}, "e"),
		"broadcast: topics[0]: no channel's name":                  target(Target{App: "4072"}, "e"),
		"broadcast: topics[0]: a channel is no stream":             target(Target{App: "4072", Channel: "room", Stream: User}, "e"),
		`broadcast: topics[0]: events that begin with "pusher:x"`:  target(room, "pusher:x"),
	} {
		for name, c := range map[string]Change{"insert": inserted(i), "modification": modified(item("filter", "1", "1", ""), i), "removal": removed(i)} {
			messages, err := c.Messages()
			if err == nil || !strings.Contains(err.Error(), reason) {
				t.Errorf("%s: error %v, want %q", name, err, reason)
			}
			if messages != nil || c.Memberships() != nil {
				t.Errorf("%s: messages beside %v", name, err)
			}
		}
	}
}

func TestAChangeWithAProblemSaysNobodysMembership(t *testing.T) {
	i := &Item{Owner: Owner("1", "cache-x"), ID: "_subscription#1#x", Kind: KindSubscription}
	if m := (Change{Problem: errors.New("odd"), New: i}).Memberships(); m != nil {
		t.Error(m)
	}
	if m := (Change{Expired: true, Old: i}).Memberships(); m != nil {
		t.Error(m)
	}
}
