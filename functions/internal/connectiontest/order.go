package connectiontest

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"edgestream/functions/internal/stream"
)

// move is one message: subscribe or unsubscribe one of the candidates at a time.
type move struct {
	Subscribe bool
	Of        int
	At        int
}

// candidates are subscriptions of one account and one tag, so that all are read with two look-ups.
func candidates(s stream.Session) []stream.Subscription {
	local := hashtag(s, "cats")
	local.Stream = stream.HashtagLocal
	return []stream.Subscription{{Stream: stream.User}, {Stream: stream.Direct}, hashtag(s, "cats"), local}
}

// moves draws messages whose times are distinct per subscription.
func moves(t *rapid.T) []move {
	var all []move
	used := map[[2]int]bool{}
	for range rapid.IntRange(1, 8).Draw(t, "messages") {
		m := move{rapid.Bool().Draw(t, "subscribe"), rapid.IntRange(0, 3).Draw(t, "of"), rapid.IntRange(1, 9).Draw(t, "at")}
		if key := [2]int{m.Of, m.At}; !used[key] {
			used[key] = true
			all = append(all, m)
		}
	}
	return all
}

// newest are the candidates that the newest message left subscribed.
func newest(all []move, subs []stream.Subscription) []stream.Subscription {
	last := map[int]move{}
	for _, m := range all {
		if was, ok := last[m.Of]; !ok || m.At > was.At {
			last[m.Of] = m
		}
	}
	var held []stream.Subscription
	for i, sub := range subs {
		if last[i].Subscribe {
			held = append(held, sub)
		}
	}
	return held
}

func (x Subject) play(t reporter, s stream.Session, m move) {
	t.Helper()
	if sub := candidates(s)[m.Of]; m.Subscribe {
		x.subscribe(t, s, sub, m.At)
	} else {
		x.unsubscribe(t, s, sub, m.At)
	}
}

// ends fails unless exactly want is held of the candidates.
func (x Subject) ends(t reporter, s stream.Session, want []stream.Subscription) {
	t.Helper()
	for _, topic := range []stream.Topic{stream.AccountTopic(s.Account), stream.EveryoneTopic(), hashtag(s, "cats").Topic(s.Account)} {
		var there []stream.Subscription
		for _, sub := range want {
			if sub.Topic(s.Account) == topic || topic.IsEveryone() && sub.Stream == stream.User {
				there = append(there, sub)
			}
		}
		x.holds(t, s, topic, there...)
	}
}

func anyOrder(t *testing.T, open opener) {
	x := open(t, roomy)
	rapid.Check(t, func(r *rapid.T) {
		s := newSession()
		x.open(r, s)
		sent := moves(r)
		for _, m := range rapid.Permutation(slices.Clone(sent)).Draw(r, "processed") {
			x.play(r, s, m)
		}
		x.ends(r, s, newest(sent, candidates(s)))
	})
}

func sideBySide(t *testing.T, open opener) {
	x := open(t, roomy)
	for seed := range 8 {
		s := newSession()
		x.open(t, s)
		var sent []move
		for i := range 12 {
			sent = append(sent, move{Subscribe: (i*7+seed)%3 != 0, Of: i % 4, At: (i*5+seed)%13 + 1})
		}
		each(len(sent), func(i int) { x.play(t, s, sent[i]) })
		x.ends(t, s, newest(sent, candidates(s)))
	}
}
