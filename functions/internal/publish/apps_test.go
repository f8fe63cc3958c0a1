package publish

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
)

func TestEventsOfOneRequestKeepTheirOrderAndTheirSenderOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		v := newVenue(w)
		w.subscribe("room", "a", "b")
		owner := stream.Owner("4072", "room")
		payload := fmt.Sprintf(`[{"name":"x","data":""},{"name":"x","data":"","user_id":"u"},{"name":"y","data":"2","socket_id":"%s"},{"name":"x","data":"3"}]`, socket("a").SocketID())
		c := record(1, owner, "event", payload, nil)
		p := w.channels(v, Config{})
		p.Encode = func(s stream.Subscription, m stream.Message) []byte {
			return fmt.Appendf(nil, "%s %s %s", m.Event, m.Payload, m.User)
		}
		wantFailed(t, p.Publish(t.Context(), []stream.Change{c}))
		w.want("a", "x  ", "x  u", "x 3 ")
		w.want("b", "x  ", "x  u", "y 2 ", "x 3 ")
	})
}

func TestClientEventsAreTold(t *testing.T) {
	w, s := newWorld(t), &script{}
	v := newVenue(w)
	w.subscribe("private-room", "a", "b")
	s.say(stream.KindClient, "private-room", socket("a").SocketID())
	wantFailed(t, w.channels(v, Config{}).Publish(t.Context(), s.records))
	w.want("a")
	w.want("b", "channel#private-room client-1 1")
	if want := []string{"client 4072/private-room client-1 1 " + socket("a").SocketID() + " "}; !slices.Equal(v.hooks, want) {
		t.Errorf("told %q", v.hooks)
	}
}

func shownItem(n int, account, app string) stream.Change {
	return record(n, account, "item", fmt.Sprintf(`{"id":%d}`, n), func(i *stream.Item) { i.App = app })
}

func TestItemsAreShownOnTheAppOfTheirAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		v := newVenue(w)
		v.apps = map[string]string{"1": "4072"}
		w.subscribe("private-items_1", "a")
		w.subscribe("private-items_2", "b")
		p := w.channels(v, Config{})
		wantFailed(t, p.Publish(t.Context(), []stream.Change{shownItem(1, "1", "4072"), shownItem(2, "1", ""), shownItem(3, "2", ""), shownItem(4, "1", "4072"), shownItem(5, "1", "")}))
		frame := func(n int) string { return fmt.Sprintf(`channel#private-items_1 create {"id":%d}`, n) }
		w.want("a", frame(1), frame(2), frame(4), frame(5))
		w.want("b")
		if v.asked != 1 || w.lookups != 1 {
			t.Errorf("%d questions, %d look-ups", v.asked, w.lookups)
		}
		v.fails = func(string) error { return errOdd }
		wantFailed(t, p.Publish(t.Context(), []stream.Change{shownItem(6, "2", ""), shownItem(7, "1", "")}), "6")
		w.want("a", frame(1), frame(2), frame(4), frame(5), frame(7))
	})
}

// reshown is an item that named one app and names another now; empty is none.
func reshown(n int, account, before, now, was string) stream.Change {
	c := shownItem(n, account, now)
	old := *c.New
	old.App, old.Payload = before, []byte(was)
	c.Old = &old
	return c
}

func TestAnItemThatNamesWhatWasItsAppAnywayHasNotMoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		v := newVenue(w)
		v.apps = map[string]string{"1": "4072"}
		w.subscribe("private-items_1", "a")
		w.subscribe("private-items_2", "b")
		p := w.channels(v, Config{})
		wantFailed(t, p.Publish(t.Context(), []stream.Change{
			reshown(1, "1", "", "4072", `{"id":0}`), reshown(2, "1", "4072", "", `{"id":0}`), reshown(3, "1", "", "4072", `{"id":3}`),
			reshown(4, "1", "", "other", `{"id":0}`), reshown(5, "1", "other", "", `{"id":0}`),
			reshown(6, "2", "", "4072", `{"id":0}`), reshown(7, "2", "4072", "", `{"id":0}`),
		}))
		channel := "channel#private-items_"
		w.want("a", channel+`1 update {"id":1}`, channel+`1 update {"id":2}`, channel+`1 delete {"id":0}`, channel+`1 create {"id":5}`)
		w.want("b", channel+`2 create {"id":6}`, channel+`2 delete {"id":0}`)
		v.fails = func(string) error { return errOdd }
		wantFailed(t, p.Publish(t.Context(), []stream.Change{reshown(8, "2", "", "4072", `{"id":0}`), reshown(9, "1", "", "4072", `{"id":0}`)}), "8")
		w.want("a", channel+`1 update {"id":1}`, channel+`1 update {"id":2}`, channel+`1 delete {"id":0}`, channel+`1 create {"id":5}`, channel+`1 update {"id":9}`)
		w.want("b", channel+`2 create {"id":6}`, channel+`2 delete {"id":0}`)
	})
}

func TestAnAppsConnectionThatIsGoneIsForgotten(t *testing.T) {
	w, s := newWorld(t), &script{}
	v := newVenue(w)
	w.subscribe("room", "a", "b")
	w.answer = func(c, _ string) error {
		if c == "a" {
			return stream.ErrGone
		}
		return nil
	}
	s.event("room")
	wantFailed(t, w.channels(v, Config{}).Publish(t.Context(), s.records))
	w.want("b", eventFrame("room", 1))
	if !slices.Equal(v.forgotten, []string{"a of 4072"}) {
		t.Errorf("forgotten %v", v.forgotten)
	}
}

func TestWithoutChannelsNothingIsSaidOnThem(t *testing.T) {
	w, s := newWorld(t), &script{}
	w.user("m", "1")
	w.subscribe("room", "a")
	s.event("room")
	s.join(room, "u", "b")
	both := record(8, "x", "broadcast", "8", func(i *stream.Item) {
		i.Event, i.Topics = "e", []stream.Target{{App: "4072", Channel: "room"}, {Stream: stream.User, Account: "1"}}
	})
	batch := append(s.records, shownItem(7, "1", ""), both)
	wantFailed(t, w.publisher(Config{}).Publish(t.Context(), batch))
	w.want("a")
	w.want("b")
	w.want("m", heard(8)...)
	v := newVenue(w)
	wantFailed(t, w.channels(v, Config{}).Publish(t.Context(), batch[3:]))
	w.want("a", "channel#room e 8")
}

func TestWithMembersAloneChannelsKeepNothingAndTellNobody(t *testing.T) {
	w, s := newWorld(t), &script{}
	p := w.publisher(Config{Members: newVenue(w)})
	one := s.event(cache)
	s.join(cache, "", "a")
	s.counted(cache)
	s.records = append(s.records, shownItem(4, "1", ""))
	wantFailed(t, p.Publish(t.Context(), s.records))
	w.want("a", welcomed(cache), eventFrame(cache, one), "channel#"+cache+" "+stream.EventCount+` {"subscription_count":1}`)
	n := s.join(cache, "", "b")
	wantFailed(t, p.Publish(t.Context(), s.from(n)))
	w.want("b", welcomed(cache), missFrame(cache))
}

func TestWhoWatchesIsTold(t *testing.T) {
	w := newWorld(t)
	topic := stream.WatchTopic("4072", "7")
	w.listeners[topic] = []stream.Listener{{Connection: socket("a"), App: "4072", Subscription: stream.Subscription{Stream: stream.Watch, Param: "7"}}}
	owner := stream.Owner("4072", string(pusher.UserChannel("7")))
	i := &stream.Item{Owner: owner, ID: "_user", Kind: stream.KindUser, Members: map[string]stream.Member{"7": {Connections: map[stream.Connection]time.Time{socket("b"): {}}}}}
	wantFailed(t, w.channels(newVenue(w), Config{}).Publish(t.Context(), []stream.Change{{EventID: "1", Sequence: "1", Owner: owner, New: i}}))
	w.want("a", "watch#7 "+stream.EventWatchlist+` {"events":[{"name":"online","user_ids":["7"]}]}`)
}
