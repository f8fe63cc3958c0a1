package connectiontest

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"edgestream/functions/internal/stream"
)

// withEventIDs is a session of an account that no other test uses, whose client wants ids.
func withEventIDs() stream.Session {
	s := newSession()
	s.EventIDs = true
	return s
}

// replayed are subscriptions of all kinds of mappings.
func replayed(s stream.Session) []stream.Subscription {
	return []stream.Subscription{
		{Stream: stream.User}, {Stream: stream.UserNotification}, {Stream: stream.Direct}, {Stream: stream.Public},
		hashtag(s, "Cats"), {Stream: stream.List, Param: s.Account},
	}
}

func replayOf(s stream.Session, sub stream.Subscription) stream.Replay {
	return stream.Replay{Connection: s.Connection, Account: s.Account, Subscription: sub}
}

func listenerOf(s stream.Session, sub stream.Subscription) stream.Listener {
	return stream.Listener{Connection: s.Connection, Account: s.Account, Subscription: sub}
}

// turn is the subscription's; 0 if it is not being replayed. The listener must be the one that is
// found under the topic.
func (x Subject) turn(t reporter, s stream.Session, sub stream.Subscription) int64 {
	t.Helper()
	l, turn, err := x.Store.Replaying(context.Background(), replayOf(s, sub))
	if err != nil || turn < 0 {
		t.Fatalf("Replaying %v: turn %d, %v", sub, turn, err)
	}
	if turn == 0 {
		return 0
	}
	for _, found := range x.of(t, s, sub.Topic(s.Account)) {
		if found.Subscription.Key() == sub.Key() && cmp.Equal(found, l) {
			return turn
		}
	}
	t.Errorf("%v is replayed as %+v and not found as that", sub, l)
	return turn
}

func (x Subject) defers(t reporter, s stream.Session, sub stream.Subscription) bool {
	t.Helper()
	deferred, err := x.Store.Defer(context.Background(), listenerOf(s, sub))
	if err != nil {
		t.Fatalf("Defer %v: %v", sub, err)
	}
	return deferred
}

func (x Subject) caughtUp(t reporter, s stream.Session, sub stream.Subscription, turn int64) bool {
	t.Helper()
	live, err := x.Store.CaughtUp(context.Background(), replayOf(s, sub), turn)
	if err != nil {
		t.Fatalf("CaughtUp %v: %v", sub, err)
	}
	return live
}

// replaying is how the subscription is found under every topic that it hears.
func (x Subject) replaying(t reporter, s stream.Session, sub stream.Subscription, want bool) {
	t.Helper()
	for _, topic := range sub.Logs(s.Account) {
		found := false
		for _, l := range x.of(t, s, topic) {
			if l.Subscription.Key() == sub.Key() {
				found = true
				if l.Replaying != want {
					t.Errorf("%v under %v: replaying %v, want %v", sub, topic, l.Replaying, want)
				}
			}
		}
		if !found {
			t.Errorf("%v is not found under %v", sub, topic)
		}
	}
}

func withoutIDs(t *testing.T, open opener) {
	x, s := open(t, roomy), newSession()
	subs := replayed(s)
	x.open(t, s, subs[0], subs[4])
	for i, sub := range subs {
		if x.begun(t, s, sub, i) {
			t.Errorf("%v has begun a replay", sub)
		}
		x.replaying(t, s, sub, false)
		if turn := x.turn(t, s, sub); turn != 0 || x.defers(t, s, sub) || x.caughtUp(t, s, sub, turn) {
			t.Errorf("%v is being replayed", sub)
		}
	}
}

func withIDs(t *testing.T, open opener) {
	x, s := open(t, roomy), withEventIDs()
	subs := replayed(s)
	x.open(t, s, subs[0], subs[4])
	for i, sub := range subs {
		if first := i == 0 || i == 4; !first && !x.begun(t, s, sub, i) {
			t.Errorf("%v has not begun a replay", sub)
		}
		x.replaying(t, s, sub, true)
		turn := x.turn(t, s, sub)
		if turn < 1 || !x.caughtUp(t, s, sub, turn) {
			t.Errorf("%v in turn %d does not catch up", sub, turn)
		}
		x.replaying(t, s, sub, false)
		if turn := x.turn(t, s, sub); turn != 0 {
			t.Errorf("%v is live, and in turn %d", sub, turn)
		}
	}
}

func begunOnce(t *testing.T, open opener) {
	x, s := open(t, roomy), withEventIDs()
	x.open(t, s)
	for _, sub := range replayed(s) {
		for range 2 {
			if !x.begun(t, s, sub, 10) {
				t.Errorf("%v: the message that made it, or its repetition, has not begun it", sub)
			}
		}
		if x.begun(t, s, sub, 20) || x.begun(t, s, sub, 5) {
			t.Errorf("%v: a duplicate has begun it", sub)
		}
		x.caughtUp(t, s, sub, x.turn(t, s, sub))
		if x.begun(t, s, sub, 10) || x.begun(t, s, sub, 20) {
			t.Errorf("%v: it is live, and begun again", sub)
		}
		x.unsubscribe(t, s, sub, 30)
		if x.begun(t, s, sub, 25) {
			t.Errorf("%v: a message that was overtaken has begun it", sub)
		}
		if !x.begun(t, s, sub, 40) {
			t.Errorf("%v: not begun after the unsubscribe", sub)
		}
	}
}

func deferred(t *testing.T, open opener) {
	x, s := open(t, roomy), withEventIDs()
	subs := replayed(s)
	x.open(t, s, subs...)
	for _, sub := range subs {
		before := x.turn(t, s, sub)
		if !x.defers(t, s, sub) {
			t.Errorf("%v: not deferred", sub)
		}
		after := x.turn(t, s, sub)
		if after <= before || x.caughtUp(t, s, sub, before) {
			t.Errorf("%v: turn %d after %d, or caught up in the turn before", sub, after, before)
		}
		x.replaying(t, s, sub, true)
		if !x.caughtUp(t, s, sub, after) || x.caughtUp(t, s, sub, after) {
			t.Errorf("%v: not caught up once", sub)
		}
		if x.defers(t, s, sub) {
			t.Errorf("%v: deferred though it is live", sub)
		}
	}
}

func endedReplay(t *testing.T, open opener) {
	x, s := open(t, roomy), withEventIDs()
	subs := replayed(s)
	x.open(t, s, subs...)
	ended := func(what string, sub stream.Subscription, turn int64) {
		t.Helper()
		if now := x.turn(t, s, sub); now != 0 || x.caughtUp(t, s, sub, turn) || !x.defers(t, s, sub) {
			t.Errorf("%v after the %s: turn %d, or caught up, or not deferred", sub, what, now)
		}
	}
	for _, sub := range subs {
		old := x.turn(t, s, sub)
		x.unsubscribe(t, s, sub, 10)
		ended("unsubscribe", sub, old)
		x.subscribe(t, s, sub, 20)
		if x.caughtUp(t, s, sub, old) {
			t.Errorf("%v: the replay of another subscription made it live", sub)
		}
		x.replaying(t, s, sub, true)
	}
	last := map[stream.Subscription]int64{}
	for _, sub := range subs {
		last[sub] = x.turn(t, s, sub)
	}
	x.close(t, s.Connection)
	for _, sub := range subs {
		ended("close", sub, last[sub])
	}
	for _, sub := range subs {
		x.holds(t, s, sub.Topic(s.Account))
	}
}

func ownReplay(t *testing.T, open opener) {
	x, s := open(t, roomy), withEventIDs()
	subs := replayed(s)
	x.open(t, s, subs...)
	made := func(sub stream.Subscription, ms int, want bool) {
		t.Helper()
		r := replayOf(s, sub)
		r.Made = after(s, ms)
		if _, turn, err := x.Store.Replaying(context.Background(), r); err != nil || (turn > 0) != want {
			t.Errorf("%v made at %d: turn %d, %v", sub, ms, turn, err)
		}
	}
	for _, sub := range subs {
		for range 40 {
			x.defers(t, s, sub)
		}
		x.subscribe(t, s, sub, 5)
		made(sub, 0, true)
		made(sub, 5, false)
		x.unsubscribe(t, s, sub, 10)
		made(sub, 0, false)
		x.subscribe(t, s, sub, 11)
		made(sub, 0, false)
		made(sub, 11, true)
	}
}

func duplicateOfLive(t *testing.T, open opener) {
	x, s := open(t, roomy), withEventIDs()
	subs := replayed(s)
	x.open(t, s, subs...)
	for _, sub := range subs {
		turn := x.turn(t, s, sub)
		x.subscribe(t, s, sub, 10)
		if x.turn(t, s, sub) != turn || !x.caughtUp(t, s, sub, turn) {
			t.Errorf("%v: a duplicate has moved the turn", sub)
		}
		x.subscribe(t, s, sub, 20)
		x.replaying(t, s, sub, false)
		x.unsubscribe(t, s, sub, 15)
		x.replaying(t, s, sub, false)
	}
}

func kept(t *testing.T, open opener) {
	x, s := open(t, roomy), newSession()
	for _, sub := range replayed(s) {
		topic := sub.Topic(s.Account)
		if a, err := x.Audience(context.Background(), topic); err != nil || a.Kept && !topic.IsPublic() && !topic.IsAccount() {
			t.Errorf("%v: %+v, %v", topic, a, err)
		}
		first := x.keep(t, topic)
		if a, err := x.Audience(context.Background(), topic); err != nil || !a.Kept || len(a.Listeners) != 0 && !topic.IsPublic() {
			t.Errorf("%v: %+v, %v", topic, a, err)
		}
		if again := x.keep(t, topic); !again.Equal(first) {
			t.Errorf("%v is kept since %v, and then since %v", topic, first, again)
		}
	}
	tag := hashtag(s, "new").Topic(s.Account)
	all := []stream.Topic{stream.AccountTopic(s.Account), tag, stream.ListTopic(s.Account)}
	latest := x.keep(t, all...)
	if since := x.keep(t, tag); !since.Equal(latest) {
		t.Errorf("all are kept since %v, the last since %v", latest, since)
	}
}

// keep fails unless the time is one of the call or before.
func (x Subject) keep(t reporter, topics ...stream.Topic) time.Time {
	t.Helper()
	since, err := x.Store.Keep(context.Background(), topics)
	if err != nil || since.IsZero() || since.After(time.Now()) {
		t.Fatalf("Keep %v: %v, %v", topics, since, err)
	}
	return since
}

func keptForListeners(t *testing.T, open opener) {
	x, s, plain := open(t, roomy), withEventIDs(), newSession()
	x.open(t, s, hashtag(s, "cats"), stream.Subscription{Stream: stream.User})
	x.open(t, plain, hashtag(plain, "cats"), stream.Subscription{Stream: stream.Direct})
	for topic, want := range map[stream.Topic]bool{
		hashtag(s, "cats").Topic(""): true, stream.AccountTopic(s.Account): true, stream.EveryoneTopic(): true,
		hashtag(plain, "cats").Topic(""): false, stream.AccountTopic(plain.Account): false,
	} {
		if a, err := x.Audience(context.Background(), topic); err != nil || a.Kept != want {
			t.Errorf("%v: %+v, %v", topic, a, err)
		}
	}
}
