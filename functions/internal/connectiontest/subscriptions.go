package connectiontest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"edgestream/functions/internal/stream"
)

func firstSubscriptionsAreYoung(t *testing.T, open opener) {
	x := open(t, roomy)
	s := newSession()
	// A $connect may take long after the connection was asked for: what counts is the write.
	s.ConnectedAt = s.ConnectedAt.Add(-time.Minute)
	before := time.Now().Truncate(time.Millisecond)
	x.open(t, s, stream.Subscription{Stream: stream.User}, stream.Subscription{Stream: stream.Public})
	after := time.Now()
	x.subscribe(t, s, stream.Subscription{Stream: stream.Direct}, 10)
	for topic, young := range map[stream.Topic]int{stream.AccountTopic(s.Account): 1, stream.PublicTopic(): 1, stream.EveryoneTopic(): 1} {
		for _, l := range x.of(t, s, topic) {
			switch {
			case l.Stream == stream.Direct && !l.Opened.IsZero():
				t.Errorf("%v: what a message subscribed to was opened at %v", topic, l.Opened)
			case l.Stream != stream.Direct && (l.Opened.Before(before) || l.Opened.After(after)):
				t.Errorf("%v: %s was opened at %v, and written between %v and %v", topic, l.Stream, l.Opened, before, after)
			case l.Stream != stream.Direct:
				young--
			}
		}
		if young != 0 {
			t.Errorf("%v: %d young listeners are missing", topic, young)
		}
	}
}

func handedOver(t *testing.T, open opener) {
	x := open(t, roomy)
	s, other := newSession(), newSession()
	first := []stream.Subscription{{Stream: stream.User}, {Stream: stream.Public}, hashtag(s, "x")}
	x.open(t, s, first...)
	x.open(t, other, first...)
	direct := stream.Subscription{Stream: stream.Direct}
	x.subscribe(t, s, direct, 10)
	until := time.Now().Add(time.Hour).Truncate(time.Millisecond)
	for _, sub := range append(first, direct) {
		l := stream.Listener{Connection: s.Connection, Subscription: sub, Account: s.Account}
		for _, at := range []time.Time{until, until.Add(-time.Minute)} { // the later one stays
			if err := x.Store.HandOver(context.Background(), l, at); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, topic := range []stream.Topic{stream.AccountTopic(s.Account), stream.EveryoneTopic(), stream.PublicTopic(), first[2].Topic(s.Account)} {
		for _, l := range x.of(t, s, topic) {
			if l.Stream == stream.Direct && !l.Opened.IsZero() || l.Stream != stream.Direct && !l.Opened.Equal(until) {
				t.Errorf("%v: %s was opened at %v, want %v", topic, l.Stream, l.Opened, until)
			}
		}
		for _, l := range x.of(t, other, topic) {
			if l.Opened.Equal(until) {
				t.Errorf("%v: another's %s is handed over", topic, l.Stream)
			}
		}
	}
	x.close(t, s.Connection)
	gone := stream.Listener{Connection: s.Connection, Subscription: first[1], Account: s.Account}
	if err := x.Store.HandOver(context.Background(), gone, until); err != nil {
		t.Error(err)
	}
	x.holds(t, s, stream.PublicTopic())
}

func foundUnderItsTopic(t *testing.T, open opener) {
	x := open(t, roomy)
	s := newSession()
	x.open(t, s)
	all := map[stream.Topic][]stream.Subscription{}
	for i, name := range stream.Names() {
		sub := stream.Subscription{Stream: name}
		if name.TakesTag() || name.TakesList() {
			sub.Param = "x" + s.Account
		}
		x.subscribe(t, s, sub, i)
		all[sub.Topic(s.Account)] = append(all[sub.Topic(s.Account)], sub)
	}
	for topic, subs := range all {
		x.holds(t, s, topic, subs...)
	}
	x.holds(t, s, stream.AccountTopic("x"+s.Account))
	x.holds(t, s, stream.HashtagTopic(s.Account))
	x.holds(t, s, stream.ListTopic(s.Account))
}

func listenerFields(t *testing.T, open opener) {
	x := open(t, roomy)
	reader, statuses, asking := newSession(), newSession(), newSession()
	statuses.Scopes = stream.Scopes{"read:statuses"}
	asking.EventIDs, asking.Viewer = true, "1a2b3c4d"
	for _, s := range []stream.Session{reader, statuses, asking} {
		x.open(t, s)
		for i, sub := range []stream.Subscription{{Stream: stream.User}, {Stream: stream.Direct}, hashtag(s, "cats"), {Stream: stream.Public}, {Stream: stream.List, Param: s.Account}} {
			x.subscribe(t, s, sub, 10+i)
			want := stream.Listener{
				Connection: s.Connection, Subscription: sub, Account: s.Account,
				Notifications: sub.Stream == stream.User && s.Scopes.Notifications(), Until: s.TokenExpires,
				EventIDs: s.EventIDs, Replaying: s.EventIDs,
			}
			if sub.Stream != stream.Direct {
				want.Viewer = s.Viewer
			}
			for _, topic := range sub.Logs(s.Account) {
				want.Since = time.Time{}
				if s.EventIDs && !topic.IsEveryone() {
					want.Since = after(s, 10+i)
				}
				got := slices.DeleteFunc(x.of(t, s, topic), func(l stream.Listener) bool { return l.Subscription != sub })
				if diff := cmp.Diff([]stream.Listener{want}, got); diff != "" {
					t.Errorf("%v (-want +got):\n%s", topic, diff)
				}
			}
		}
	}
}

func userIsEveryone(t *testing.T, open opener) {
	x := open(t, roomy)
	a, b := newSession(), newSession()
	user := stream.Subscription{Stream: stream.User}
	x.open(t, a, user)
	x.open(t, b)
	x.subscribe(t, b, stream.Subscription{Stream: stream.Direct}, 9)
	x.holds(t, a, stream.EveryoneTopic(), user)
	x.holds(t, b, stream.EveryoneTopic())
	x.subscribe(t, b, user, 10)
	x.holds(t, b, stream.EveryoneTopic(), user)
	x.unsubscribe(t, b, user, 11)
	x.holds(t, b, stream.EveryoneTopic())
}

func duplicateKeepsSpelling(t *testing.T, open opener) {
	x := open(t, roomy)
	s := newSession()
	x.open(t, s)
	first, second := hashtag(s, "#Café"), hashtag(s, "cafe")
	x.subscribe(t, s, first, 10)
	x.subscribe(t, s, second, 20)
	x.holds(t, s, stream.HashtagTopic(first.Param), first)
	x.unsubscribe(t, s, second, 30)
	x.holds(t, s, stream.HashtagTopic(first.Param))
}

func duplicateMovesTime(t *testing.T, open opener) {
	x := open(t, roomy)
	s := newSession()
	x.open(t, s)
	tag := hashtag(s, "cats")
	x.subscribe(t, s, tag, 10)
	x.subscribe(t, s, tag, 30)
	x.unsubscribe(t, s, tag, 20)
	x.holds(t, s, stream.HashtagTopic(tag.Param), tag)
	x.subscribe(t, s, tag, 5)
	x.unsubscribe(t, s, tag, 31)
	x.holds(t, s, stream.HashtagTopic(tag.Param))
}

func spellingAfterUnsubscribe(t *testing.T, open opener) {
	x := open(t, roomy)
	s := newSession()
	x.open(t, s)
	x.subscribe(t, s, hashtag(s, "Cats"), 10)
	x.unsubscribe(t, s, hashtag(s, "CATS"), 20)
	x.subscribe(t, s, hashtag(s, "cats"), 30)
	x.holds(t, s, stream.HashtagTopic("cats"+s.Account), hashtag(s, "cats"))
}

func overtakenSubscribe(t *testing.T, open opener) {
	x := open(t, Limits{Subscriptions: 1, Connections: 1})
	s := newSession()
	x.open(t, s)
	user := stream.Subscription{Stream: stream.User}
	x.unsubscribe(t, s, user, 20)
	x.subscribe(t, s, user, 10)
	x.holds(t, s, stream.AccountTopic(s.Account))
	x.holds(t, s, stream.EveryoneTopic())
	x.subscribe(t, s, stream.Subscription{Stream: stream.Direct}, 30)
	x.subscribe(t, s, user, 19)
	x.holds(t, s, stream.AccountTopic(s.Account), stream.Subscription{Stream: stream.Direct})
}

func overtakenUnsubscribe(t *testing.T, open opener) {
	x := open(t, roomy)
	s := newSession()
	x.open(t, s)
	user := stream.Subscription{Stream: stream.User}
	x.subscribe(t, s, user, 20)
	x.unsubscribe(t, s, user, 10)
	x.holds(t, s, stream.AccountTopic(s.Account), user)
	x.holds(t, s, stream.EveryoneTopic(), user)
}

func subscribeWinsTies(t *testing.T, open opener) {
	x := open(t, roomy)
	s := newSession()
	x.open(t, s)
	user, direct := stream.Subscription{Stream: stream.User}, stream.Subscription{Stream: stream.Direct}
	x.subscribe(t, s, user, 10)
	x.unsubscribe(t, s, user, 10)
	x.unsubscribe(t, s, direct, 10)
	x.subscribe(t, s, direct, 10)
	x.holds(t, s, stream.AccountTopic(s.Account), user, direct)
}

func unsubscribeFirst(t *testing.T, open opener) {
	x := open(t, roomy)
	s := newSession()
	user := stream.Subscription{Stream: stream.User}
	x.open(t, s, user)
	x.unsubscribe(t, s, user, 1)
	x.holds(t, s, stream.AccountTopic(s.Account))
	x.holds(t, s, stream.EveryoneTopic())
}

func unsubscribeNothing(t *testing.T, open opener) {
	x := open(t, roomy)
	s := newSession()
	direct := stream.Subscription{Stream: stream.Direct}
	x.open(t, s, direct)
	x.unsubscribe(t, s, stream.Subscription{Stream: stream.User}, 10)
	x.unsubscribe(t, s, hashtag(s, "cats"), 10)
	x.holds(t, s, stream.AccountTopic(s.Account), direct)
}

func subscriptionLimit(t *testing.T, open opener) {
	x := open(t, Limits{Subscriptions: 2, Connections: 2})
	s := newSession()
	x.open(t, s, stream.Subscription{Stream: stream.User})
	x.subscribe(t, s, stream.Subscription{Stream: stream.Direct}, 10)
	tag := hashtag(s, "cats")
	if _, err := x.Store.Subscribe(context.Background(), s, tag, after(s, 11)); !errors.Is(err, stream.ErrTooManySubscriptions) {
		t.Fatalf("third Subscribe: %v, want ErrTooManySubscriptions", err)
	}
	x.holds(t, s, tag.Topic(s.Account))
	other := sessionOf(s.Account)
	x.open(t, other)
	x.subscribe(t, other, tag, 12)
}

func subscriptionLimitSideBySide(t *testing.T, open opener) {
	const limit, tries = 3, 8
	x := open(t, Limits{Subscriptions: limit, Connections: 1})
	s := newSession()
	x.open(t, s)
	var accepted, found atomic.Int64
	each(tries, func(i int) {
		_, err := x.Store.Subscribe(context.Background(), s, hashtag(s, fmt.Sprintf("t%dx", i)), after(s, i))
		if err == nil {
			accepted.Add(1)
		} else if !errors.Is(err, stream.ErrTooManySubscriptions) {
			t.Errorf("Subscribe: %v", err)
		}
	})
	for i := range tries {
		found.Add(int64(len(x.of(t, s, hashtag(s, fmt.Sprintf("t%dx", i)).Topic(s.Account)))))
	}
	if accepted.Load() != limit || found.Load() != limit {
		t.Errorf("limit %d: %d accepted, %d found", limit, accepted.Load(), found.Load())
	}
}

func duplicateAtLimit(t *testing.T, open opener) {
	x := open(t, Limits{Subscriptions: 1, Connections: 1})
	s := newSession()
	x.open(t, s, stream.Subscription{Stream: stream.User})
	x.subscribe(t, s, stream.Subscription{Stream: stream.User}, 10)
}

func unsubscribeMakesRoom(t *testing.T, open opener) {
	x := open(t, Limits{Subscriptions: 1, Connections: 1})
	s := newSession()
	x.open(t, s)
	for i, name := range []stream.Name{stream.User, stream.Direct, stream.Public, stream.User} {
		sub := stream.Subscription{Stream: name}
		x.subscribe(t, s, sub, 20*i+10)
		x.holds(t, s, sub.Topic(s.Account), sub)
		x.unsubscribe(t, s, sub, 20*i+20)
	}
}

func wideTopic(t *testing.T, open opener) {
	x := open(t, roomy)
	subs := []stream.Subscription{{Stream: stream.Public}, {Stream: stream.PublicLocal}, {Stream: stream.PublicRemoteMedia}}
	for range 40 {
		s := newSession()
		x.open(t, s)
		for i, sub := range subs {
			x.subscribe(t, s, sub, i)
		}
		x.holds(t, s, stream.PublicTopic(), subs[0], subs[1], subs[2])
	}
}

func hostileTags(t *testing.T, open opener) {
	x := open(t, roomy)
	s := newSession()
	x.open(t, s)
	for i, tag := range []string{"#", "#a#b#", "a/b|c:d", "\x00a\n\"\\", "日本語", "\U0001f389party", "x'; --", "%2F$path", "\u202ereversed"} {
		sub := hashtag(s, tag)
		x.subscribe(t, s, sub, i)
		x.holds(t, s, sub.Topic(s.Account), sub)
		x.unsubscribe(t, s, sub, i)
		x.holds(t, s, sub.Topic(s.Account), sub)
		x.unsubscribe(t, s, sub, i+100)
		x.holds(t, s, sub.Topic(s.Account))
	}
}
