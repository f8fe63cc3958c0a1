package connectiontest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"edgestream/functions/internal/stream"
)

// crowded opens so many sessions, half of them with ids, that subscribe to these of a topic.
func (x Subject) crowded(t reporter, n int, subs func(stream.Session) []stream.Subscription) (all []stream.Session) {
	t.Helper()
	for i := range n {
		s := newSession()
		s.EventIDs = i%2 == 1
		x.open(t, s)
		for ms, sub := range subs(s) {
			x.subscribe(t, s, sub, ms)
		}
		all = append(all, s)
	}
	return all
}

// to is the same subscriptions for each session.
func to(subs ...stream.Subscription) func(stream.Session) []stream.Subscription {
	return func(stream.Session) []stream.Subscription { return subs }
}

func (w Wide) audience(t reporter, topic stream.Topic) stream.Audience {
	t.Helper()
	a, err := w.Audience(context.Background(), topic)
	if err != nil {
		t.Fatalf("Audience of %v: %v", topic, err)
	}
	return a
}

// ownTag is a topic that no other test uses, and two subscriptions that are found under it.
func ownTag() (stream.Topic, []stream.Subscription) {
	tag := fmt.Sprintf("tag%s", newSession().Account)
	subs := []stream.Subscription{{Stream: stream.Hashtag, Param: tag}, {Stream: stream.HashtagLocal, Param: tag}}
	return subs[0].Topic(""), subs
}

func onlyWideIsCut(t *testing.T, open opener) {
	x := open(t, roomy)
	tag, subs := ownTag()
	x.crowded(t, 5, to(subs[0]))
	for _, s := range x.crowded(t, 2, to(subs[1])) {
		x.unsubscribe(t, s, subs[1], 10)
	}
	for from, wide := range map[int]bool{4: true, 5: false, 100: false, 0: false} {
		a := x.Cut(from).audience(t, tag)
		if wide != (len(a.Wide) == 1) || wide != (len(a.Listeners) == 0) || !wide && len(a.Listeners) != 5 {
			t.Errorf("cut from %d on: %d listeners, wide %q", from, len(a.Listeners), a.Wide)
		}
	}
	one := newSession()
	for range 3 {
		x.open(t, sessionOf(one.Account), stream.Subscription{Stream: stream.User}, stream.Subscription{Stream: stream.Direct})
	}
	if a := x.Cut(1).audience(t, stream.AccountTopic(one.Account)); len(a.Wide) != 0 || len(a.Listeners) != 6 {
		t.Errorf("an account's topic is cut: %+v", a)
	}
}

func wideIsKept(t *testing.T, open opener) {
	x := open(t, roomy)
	for _, kept := range []bool{false, true} {
		tag, subs := ownTag()
		for range 3 {
			x.open(t, newSession(), subs[0])
		}
		if kept {
			x.keep(t, tag)
		}
		if a := x.Cut(1).audience(t, tag); a.Kept != kept || len(a.Wide) != 1 {
			t.Errorf("kept %v, want %v; wide %q", a.Kept, kept, a.Wide)
		}
	}
	x.crowded(t, 40, to(stream.Subscription{Stream: stream.Public}, stream.Subscription{Stream: stream.User}))
	for _, topic := range []stream.Topic{stream.PublicTopic(), stream.EveryoneTopic()} {
		x.keep(t, topic)
		if a := x.Cut(1).audience(t, topic); !a.Kept || len(a.Wide) == 0 || topic.IsEveryone() && len(a.Listeners) > 0 {
			t.Errorf("%v: %+v", topic, a)
		}
	}
}

// pages reads a slice, so many at a time.
func (w Wide) pages(t reporter, topic stream.Topic, s stream.Segment, slice, atMost int) (found []stream.Listener) {
	t.Helper()
	for after := ""; ; {
		some, next, err := w.Page(context.Background(), topic, s, slice, after, atMost)
		if err != nil || len(some) > atMost {
			t.Fatalf("Page of %s/%d behind %q: %d listeners, %v", s, slice, after, len(some), err)
		}
		found = append(found, some...)
		if next == "" {
			return found
		}
		after = next
	}
}

func slicesHaveAll(t *testing.T, open opener) {
	x := open(t, roomy)
	tag, tags := ownTag()
	list := stream.Subscription{Stream: stream.List, Param: newSession().Account}
	for topic, subs := range map[stream.Topic][]stream.Subscription{
		tag: tags, list.Topic(""): {list},
		stream.PublicTopic():   {{Stream: stream.Public}, {Stream: stream.PublicLocal}},
		stream.EveryoneTopic(): {{Stream: stream.User}, {Stream: stream.Direct}},
	} {
		sessions := x.crowded(t, 64, to(subs...))
		want := x.Cut(0).audience(t, topic).Listeners
		a := x.Cut(1).audience(t, topic)
		got, at := a.Listeners, map[string]string{}
		for _, s := range a.Wide {
			for slice := range topic.Slices() {
				of := x.Cut(1).pages(t, topic, s, slice, 3)
				got = append(got, of...)
				for _, l := range of {
					group := fmt.Sprintf("%s#%d", s, slice)
					if other := at[l.ID]; other != "" && other != group {
						t.Errorf("%v: one connection is in %s and in %s", topic, other, group)
					}
					at[l.ID] = group
					if in := x.Cut(1).Segment(topic, l.ID); in != s {
						t.Errorf("%v: %s is said to be in %s, and is in %s", topic, l.ID, in, s)
					}
				}
			}
		}
		if diff := cmp.Diff(ofSessions(want, sessions), ofSessions(got, sessions)); diff != "" || len(at) < 32 {
			t.Errorf("%v, %d in slices (-all +in slices):\n%s", topic, len(at), diff)
		}
	}
}

// ofSessions are the sessions' listeners in a fixed order.
func ofSessions(all []stream.Listener, sessions []stream.Session) (own []stream.Listener) {
	ids := map[string]bool{}
	for _, s := range sessions {
		ids[s.ID] = true
	}
	for _, l := range all {
		if ids[l.ID] {
			own = append(own, l)
		}
	}
	slices.SortFunc(own, func(a, b stream.Listener) int { return strings.Compare(a.ID+a.Key(), b.ID+b.Key()) })
	return own
}

func pageBehindTheGone(t *testing.T, open opener) {
	x := open(t, roomy)
	tag, subs := ownTag()
	sessions := x.crowded(t, 64, to(subs[0]))
	w := x.Cut(1)
	segment, found := w.audience(t, tag).Wide[0], 0
	for slice := range tag.Slices() {
		for after := ""; ; {
			some, next, err := w.Page(context.Background(), tag, segment, slice, after, 1)
			if err != nil {
				t.Fatal(err)
			}
			found += len(some)
			for _, l := range some {
				x.close(t, l.Connection)
			}
			if next == "" {
				break
			}
			after = next
		}
	}
	if found != len(sessions) {
		t.Errorf("%d of %d are found while they leave", found, len(sessions))
	}
}

func counted(t *testing.T, open opener) {
	x := open(t, roomy)
	tag, subs := ownTag()
	w := x.Cut(1)
	count := func(topic stream.Topic, want int) {
		t.Helper()
		if n, err := w.Count(context.Background(), topic); err != nil || n != want {
			t.Errorf("%v: %d, %v; want %d", topic, n, err, want)
		}
	}
	count(tag, 0)
	sessions := x.crowded(t, 10, to(subs...))
	x.keep(t, tag)
	count(tag, 20)
	x.unsubscribe(t, sessions[0], subs[1], 10)
	x.close(t, sessions[1].Connection)
	if err := w.Open(context.Background(), w.audience(t, tag).Wide[0], "event", []int{1}); err != nil {
		t.Fatal(err)
	}
	count(tag, 17)
	before := 0
	for _, topic := range []stream.Topic{stream.PublicTopic(), stream.EveryoneTopic()} {
		before = len(x.Cut(0).audience(t, topic).Listeners)
		x.crowded(t, 20, to(stream.Subscription{Stream: stream.Public}, stream.Subscription{Stream: stream.User}))
		count(topic, before+20)
	}
	x.open(t, sessions[1], stream.Subscription{Stream: stream.User})
	count(stream.AccountTopic(sessions[1].Account), 1)
}
