package publish

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

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
		if want := []string{"added 4072/presence-room u v", "left 4072/presence-room v"}; !slices.Equal(v.hooks, want) {
			t.Errorf("told %q", v.hooks)
		}
	})
}

// Who is reported as come has come before what is reported of them, and those who come together are
// reported together.
func TestWebhooksAreToldOfAChannelInItsOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, v, s := newWorld(t), (*venue)(nil), &script{}
		v = newVenue(w)
		s.join(room, "u", "a")
		s.join(room, "v", "b")
		s.say(stream.KindClient, room, "1.2")
		s.join(room, "w", "c")
		s.say(stream.KindClient, room, "1.2")
		s.say(stream.KindClient, room, "1.2")
		wantFailed(t, w.channels(v, Config{}).Publish(t.Context(), s.records))
		want := []string{"added 4072/presence-room u v", "client 4072/presence-room client-3 3 1.2 ", "added 4072/presence-room w",
			"client 4072/presence-room client-5 5 1.2 ", "client 4072/presence-room client-6 6 1.2 "}
		if !slices.Equal(v.hooks, want) {
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
