package stream

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// drawStatus draws an item of a small world, so that two of them often share an audience.
func drawStatus(t *rapid.T, label string) *Item {
	few := func(name string, from ...string) []string {
		return rapid.SliceOfN(rapid.SampledFrom(from), 0, 3).Draw(t, label+name)
	}
	var named, mentioned []map[string]any
	for _, tag := range few("tags", "a", "Á", "b") {
		named = append(named, map[string]any{"name": tag})
	}
	for _, id := range few("mentions", "2", "4", "5") {
		mentioned = append(mentioned, map[string]any{"id": id, "acct": rapid.SampledFrom([]string{"u", "u@far"}).Draw(t, label+"acct")})
	}
	payload, err := json.Marshal(map[string]any{
		"id": "9", "content": rapid.SampledFrom([]string{"x", "y"}).Draw(t, label+"content"),
		"visibility":        rapid.SampledFrom([]string{"public", "private"}).Draw(t, label+"visibility"),
		"account":           map[string]any{"id": "1", "acct": "alice"},
		"tags":              named,
		"mentions":          mentioned,
		"media_attachments": make([]struct{}, rapid.IntRange(0, 1).Draw(t, label+"media")),
		"favourites_count":  rapid.Int().Draw(t, label+"count"),
	})
	if err != nil {
		t.Fatal(err)
	}
	listed := rapid.Bool().Draw(t, label+"listed")
	return &Item{Owner: "1", ID: "status#9", Kind: "status", Payload: payload, Listed: &listed,
		Home: few("home", "2", "3", "4"), Lists: few("lists", "12", "13")}
}

// place is one stream of one topic.
type place struct {
	Topic
	Name
}

// told is what a listener of each stream gets first.
func told(t *rapid.T, c Change) map[place]Message {
	messages, err := c.Messages()
	if err != nil {
		t.Fatal(err)
	}
	first := map[place]Message{}
	for _, m := range messages {
		for _, n := range m.Streams {
			if _, ok := first[place{m.Topic, n}]; !ok {
				first[place{m.Topic, n}] = m
			}
		}
	}
	return first
}

func TestARemovalReachesWhereTheInsertWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		i := drawStatus(t, "")
		shown, gone := told(t, inserted(i)), told(t, removed(i))
		for p := range shown {
			if gone[p].Event != "delete" {
				t.Fatalf("%v got the status and then %q", p, gone[p].Event)
			}
		}
		for p := range gone {
			if _, ok := shown[p]; !ok && (p.Name != User || !bytes.Contains(i.Payload, []byte(`"id":"`+p.ID+`"`))) {
				t.Fatalf("%v gets a delete and is neither audience nor mentioned", p)
			}
		}
	})
}

// After any edit, each stream shows the status if and only if it would have got it as new.
func TestAnEditLeavesEachStreamAsAnInsertWould(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		old, now := drawStatus(t, "old "), drawStatus(t, "new ")
		was, is, edit := told(t, inserted(old)), told(t, inserted(now)), told(t, modified(old, now))
		for p := range is {
			_, before := was[p]
			if event := edit[p].Event; before && event != "" && event != "status.update" || !before && event != "update" {
				t.Fatalf("%v: was shown %v, and is told %q", p, before, event)
			}
		}
		for p := range was {
			if _, still := is[p]; !still && edit[p].Event != "delete" {
				t.Fatalf("%v no longer shows it, and is told %q", p, edit[p].Event)
			}
		}
	})
}

func TestAModificationThatShowsTheSameIsSilent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		old := drawStatus(t, "")
		now := *old
		now.Payload = bytes.Replace(old.Payload, []byte(`"favourites_count":`), []byte(`"favourites_count": 1`), 1)
		now.Payload = bytes.Replace(now.Payload, []byte(`1-`), []byte(`-1`), 1)
		if messages, err := modified(old, &now).Messages(); err != nil || len(messages) > 0 {
			t.Fatalf("%s: %v, %v", now.Payload, shown(messages), err)
		}
	})
}

func TestPayloadsAreSentAsTheyAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		i := drawStatus(t, "")
		before := slices.Clone(i.Payload)
		messages, err := inserted(i).Messages()
		if err != nil || !bytes.Equal(before, i.Payload) {
			t.Fatal("the payload was changed: ", err)
		}
		for _, m := range messages {
			if len(m.Payload) > 0 && &m.Payload[0] != &i.Payload[0] {
				t.Fatal("the payload was copied")
			}
		}
	})
}

// TestASubscriptionHearsAPartUnderOneTopic: each topic has a log of its own, and whoever reads the
// logs of a subscription would get twice what stands in two.
func TestASubscriptionHearsAPartUnderOneTopic(t *testing.T) {
	targets := []Target{{Stream: User}, {Stream: User, Account: "1"}, {Stream: UserNotification, Account: "1"},
		{Stream: UserNotification, Account: "2"}, {Stream: Direct, Account: "1"}, {Stream: Public}, {Stream: List, List: "1"}}
	rapid.Check(t, func(t *rapid.T) {
		named := rapid.SliceOfN(rapid.SampledFrom(targets), 1, 6).Draw(t, "targets")
		messages, err := inserted(broadcastTo("x", named...)).Messages()
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []Name{User, UserNotification, Direct} {
			l := Listener{Subscription: Subscription{Stream: n}, Account: "1", Notifications: true}
			under := map[Topic]bool{}
			for _, m := range messages {
				if slices.Contains(l.Logs("1"), m.Topic) && m.For(l) {
					under[m.Topic] = true
				}
			}
			wanted := slices.ContainsFunc(named, func(to Target) bool {
				topic, _ := to.topic()
				return slices.Contains(l.Logs("1"), topic) && l.Hears(to.Stream)
			})
			if len(under) > 1 || wanted != (len(under) == 1) {
				t.Fatalf("%s hears it under %v, wanted: %v", n, under, wanted)
			}
		}
	})
}

// FuzzMessages: no payload makes a change of any kind panic, and what is refused says nothing.
func FuzzMessages(f *testing.F) {
	f.Add("event", "1.2", `{"name":"client-x","data":{"a":[ ]},"user_id":1}`, `[{"name":"x","data":"\ud800","socket_id":"1.2"},null]`)
	f.Add("item", "", `{"deleted_at":null}`, `{"deleted_at":"2026-11-22T00:00:00Z"}`)
	for _, kind := range []string{"status", "notification", "announcement", "reaction", "broadcast", "_x", ""} {
		f.Add(kind, "x#1", `{"id":"1","tags":[{"name":"a"}],"mentions":[{"id":2}]}`, `{"name":"a","count":1,"announcement_id":"2"}`)
		f.Add(kind, "", "", `[[[{"id":`)
	}
	f.Fuzz(func(t *testing.T, kind, id, old, now string) {
		of := func(payload string) *Item {
			return &Item{Owner: "app#1#" + id, ID: id, Kind: kind, Payload: []byte(payload), Home: []string{"1"}, Event: "e", Topics: []Target{{Stream: Name(id)}}}
		}
		for _, c := range []Change{inserted(of(now)), modified(of(old), of(now)), removed(of(old))} {
			messages, err := c.Messages()
			if err != nil && len(messages) > 0 {
				t.Fatalf("%d messages beside %v", len(messages), err)
			}
			part := 0
			for _, m := range messages {
				if m.Part < part || len(m.Streams) == 0 {
					t.Fatalf("message %+v after part %d", m, part)
				}
				part = m.Part
			}
		}
	})
}
