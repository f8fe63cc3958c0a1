package publish

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
)

const room, cache, both = "presence-room", "cache-x", "presence-cache-x"

func TestWhoComesHearsWhatComesAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, s := newWorld(t), &script{}
		p := w.channels(newVenue(w), Config{})
		s.join(room, "u", "a")
		one := s.event(room)
		s.join(room, "v", "b")
		two := s.event(room)
		s.leave(room, "u", "a")
		three := s.event(room)
		wantFailed(t, p.Publish(t.Context(), s.records))
		w.want("a", welcomed(room, "u"), eventFrame(room, one), addedFrame(room, "v"), eventFrame(room, two))
		w.want("b", welcomed(room, "u", "v"), eventFrame(room, two), removedFrame(room, "u"), eventFrame(room, three))
		four := s.event(room)
		s.join(room, "u", "c")
		wantFailed(t, p.Publish(t.Context(), s.from(four)))
		w.want("b", welcomed(room, "u", "v"), eventFrame(room, two), removedFrame(room, "u"), eventFrame(room, three), eventFrame(room, four), addedFrame(room, "u"))
		w.want("c", welcomed(room, "v", "u"))
		if l := w.listeners[stream.ChannelTopic("4072", room)]; len(l) != 2 {
			t.Errorf("listeners %v", l)
		}
	})
}

func TestTwoTabsAreOneMember(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, v, s := newWorld(t), (*venue)(nil), &script{}
		v = newVenue(w)
		s.join(room, "u", "a")
		s.join(room, "v", "b")
		s.join(room, "v", "c")
		s.leave(room, "v", "b")
		s.leave(room, "v", "c")
		wantFailed(t, w.channels(v, Config{}).Publish(t.Context(), s.records))
		w.want("a", welcomed(room, "u"), addedFrame(room, "v"), removedFrame(room, "v"))
		w.want("b", welcomed(room, "u", "v"))
		w.want("c", welcomed(room, "u", "v"))
		slices.Sort(v.hooks)
		if want := []string{"added 4072/presence-room u", "added 4072/presence-room v", "left 4072/presence-room v"}; !slices.Equal(v.hooks, want) {
			t.Errorf("told %q", v.hooks)
		}
	})
}

func TestWhoComesBackHearsNothingOfBetween(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, s := newWorld(t), &script{}
		p := w.channels(newVenue(w), Config{})
		s.join(cache, "", "a")
		wantFailed(t, p.Publish(t.Context(), s.records))
		one := s.event(cache)
		s.leave(cache, "", "a")
		two := s.event(cache)
		s.join(cache, "", "a")
		three := s.event(cache)
		wantFailed(t, p.Publish(t.Context(), s.from(one)))
		w.want("a", welcomed(cache), missFrame(cache), eventFrame(cache, one), welcomed(cache), eventFrame(cache, two), eventFrame(cache, three))
		if l := w.listeners[stream.ChannelTopic("4072", cache)]; len(l) != 1 {
			t.Errorf("listeners %v", l)
		}
	})
}

func TestNewcomersGetWhatACacheChannelKeeps(t *testing.T) {
	for _, channel := range []string{cache, both, "private-encrypted-cache-x"} {
		synctest.Test(t, func(t *testing.T) {
			w, s := newWorld(t), &script{}
			v := newVenue(w)
			p := w.channels(v, Config{})
			s.join(channel, "u", "a")
			s.say(stream.KindClient, channel, "")
			s.join(channel, "u", "b")
			one := s.event(channel)
			s.join(channel, "u", "c")
			wantFailed(t, p.Publish(t.Context(), s.records))
			if v.reads != 1 || v.cached["4072/"+channel].Data != fmt.Sprint(one) {
				t.Errorf("%d reads, kept %v", v.reads, v.cached)
			}
			said := fmt.Sprintf("channel#%s client-2 2", channel)
			w.want("a", welcomed(channel, "u"), missFrame(channel), said, eventFrame(channel, one))
			w.want("b", welcomed(channel, "u"), missFrame(channel), eventFrame(channel, one))
			w.want("c", welcomed(channel, "u"), eventFrame(channel, one))
			d := s.join(channel, "u", "d")
			two := s.event(channel)
			wantFailed(t, p.Publish(t.Context(), s.from(d)))
			w.want("d", welcomed(channel, "u"), eventFrame(channel, one), eventFrame(channel, two))
			if got := strings.Count(strings.Join(v.hooks, "\n"), "miss 4072/"+channel); got != 2 {
				t.Errorf("told %q", v.hooks)
			}
		})
	}
}

func TestAChannelKeepsNoEventThatWasNotPosted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, s := newWorld(t), &script{}
		v := newVenue(w)
		p := w.channels(v, Config{})
		s.join(cache, "", "a")
		one, two := s.event(cache), s.event(cache)
		w.answer = func(_, frame string) error {
			if frame == eventFrame(cache, two) {
				return stream.ErrUnavailable
			}
			return nil
		}
		w.disconnect = func(string) error { return stream.ErrUnavailable }
		wantFailed(t, p.Publish(t.Context(), s.records), fmt.Sprint(two))
		if v.cached["4072/"+cache].sequence != one {
			t.Errorf("kept %v", v.cached)
		}
		w.answer = nil
		wantFailed(t, p.Publish(t.Context(), s.from(two)))
		if v.cached["4072/"+cache].sequence != two {
			t.Errorf("kept %v", v.cached)
		}
		w.want("a", welcomed(cache), missFrame(cache), eventFrame(cache, one), eventFrame(cache, two))
	})
}

// What a channel's change needs before it is posted, or after, comes again until it could be done, and
// then nothing is said twice.
func TestWhatCannotBeDoneForAChannelComesAgain(t *testing.T) {
	for call, withheld := range map[string]bool{
		"joined": true, "cached": true, "miss 4072/" + both: true, "added 4072/" + both + " v": true,
		"client 4072/" + both + " client-4 4 1.2 ": true, "left": false, "cache": false,
	} {
		t.Run(call, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, s := newWorld(t), &script{}
				v := newVenue(w)
				p := w.channels(v, Config{})
				s.join(both, "u", "a")
				wantFailed(t, p.Publish(t.Context(), s.records))
				join := s.join(both, "v", "b")
				s.leave(both, "u", "a")
				s.say(stream.KindClient, both, "1.2")
				one := s.event(both)
				s.leave(both, "v", "b")
				v.fails = func(made string) error {
					if made == call {
						return errOdd
					}
					return nil
				}
				failed := p.Publish(t.Context(), s.from(join))
				if len(failed) == 0 || withheld && slices.Contains(w.got["b"], eventFrame(both, one)) {
					t.Fatalf("failed %v, got %q", failed, w.got)
				}
				v.fails = nil
				wantFailed(t, p.Publish(t.Context(), s.records[slices.IndexFunc(s.records, func(c stream.Change) bool { return c.Sequence == failed[0] }):]))
				w.want("a", welcomed(both, "u"), missFrame(both), addedFrame(both, "v"))
				w.want("b", welcomed(both, "u", "v"), missFrame(both), removedFrame(both, "u"), "channel#"+both+" client-4 4", eventFrame(both, one))
				if l := w.listeners[stream.ChannelTopic("4072", both)]; len(l) != 0 || v.cached["4072/"+both].sequence != one {
					t.Errorf("listeners %v, kept %v", l, v.cached)
				}
				if slices.Sort(v.hooks); len(slices.Compact(slices.Clone(v.hooks))) != len(v.hooks)-1 { // two misses
					t.Errorf("told %q", v.hooks)
				}
			})
		})
	}
}

func TestALookUpThatFailsPostsNothingToNewcomers(t *testing.T) {
	w, s := newWorld(t), &script{}
	v := newVenue(w)
	p := w.channels(v, Config{})
	s.join(cache, "", "a")
	s.leave(cache, "", "b")
	w.lookupErr = errOdd
	wantFailed(t, p.Publish(t.Context(), s.records), "1", "2")
	w.want("a")
	w.lookupErr = nil
	wantFailed(t, p.Publish(t.Context(), s.records))
	w.want("a", welcomed(cache), missFrame(cache))
}

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

func TestCountsAreToldOncePerBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, s := newWorld(t), &script{}
		v := newVenue(w)
		p := w.channels(v, Config{})
		w.subscribe("room", "a", "b")
		s.counted("room")
		one := s.event("room")
		s.counted("room")
		s.join(cache, "", "c")
		s.counted(cache)
		s.leave(cache, "", "c")
		wantFailed(t, p.Publish(t.Context(), s.records))
		w.want("a", eventFrame("room", one), "channel#room "+stream.EventCount+` {"subscription_count":2}`)
		w.want("c", welcomed(cache), missFrame(cache), "channel#"+cache+" "+stream.EventCount+` {"subscription_count":0}`)
		slices.Sort(v.hooks)
		if want := []string{"count 4072/cache-x 0", "count 4072/room 2", "miss 4072/cache-x"}; !slices.Equal(v.hooks, want) {
			t.Errorf("told %q", v.hooks)
		}
	})
}

func TestACrowdIsCountedEveryFiveSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, s := newWorld(t), &script{}
		v := newVenue(w)
		p := w.channels(v, Config{})
		for i := range 101 {
			w.subscribe("room", fmt.Sprint("c", i))
		}
		frame := "channel#room " + stream.EventCount + ` {"subscription_count":101}`
		count := func(want int) {
			t.Helper()
			n := s.counted("room")
			wantFailed(t, p.Publish(t.Context(), s.from(n)))
			if got := w.got["c7"]; len(got) != want || len(got) > 0 && got[len(got)-1] != frame {
				t.Errorf("got %q, want %d", got, want)
			}
		}
		count(1)
		time.Sleep(1500 * time.Millisecond)
		count(1)
		count(1)
		if want := []string{"4072/room 4s"}; !slices.Equal(v.recounts, want) {
			t.Errorf("to be counted again: %q", v.recounts)
		}
		time.Sleep(4 * time.Second)
		count(2)
		time.Sleep(time.Second)
		v.fails = func(string) error { return errOdd }
		n := s.counted("room")
		wantFailed(t, p.Publish(t.Context(), s.from(n)), fmt.Sprint(n))
		v.fails = nil
		wantFailed(t, p.Publish(t.Context(), s.from(n)))
		if len(w.got["c7"])+len(v.recounts) != 4 {
			t.Errorf("got %q, to be counted again: %q", w.got["c7"], v.recounts)
		}
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
