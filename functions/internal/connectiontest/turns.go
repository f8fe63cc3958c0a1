package connectiontest

import (
	"context"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"edgestream/functions/internal/stream"
)

// life is what a subscription should be, by the rules.
type life struct {
	at, made int
	known    bool
	on, live bool
	// read are turns that were read; a deferral and a new subscription make all of them old.
	read, old []int64
}

// subscribe follows the rule for messages and reports whether a replay begins.
func (l *life) subscribe(at int) bool {
	switch {
	case l.on && at >= l.at:
		l.at = at
		return !l.live && l.made == at
	case l.known && at < l.at:
		return l.on && !l.live && l.made == at
	}
	l.at, l.made, l.known, l.on, l.live = at, at, true, true, false
	l.age()
	return true
}

func (l *life) unsubscribe(at int) {
	if !l.known || at > l.at {
		l.at, l.known, l.on = at, true, false
		l.age()
	}
}

func (l *life) age() { l.old, l.read = append(l.old, l.read...), nil }

// step does one thing to a subscription and fails unless it has the outcome that it should have.
func (x Subject) step(r *rapid.T, s stream.Session, sub stream.Subscription, l *life) {
	at := rapid.IntRange(1, 20).Draw(r, "at")
	switch rapid.SampledFrom([]string{"subscribe", "unsubscribe", "defer", "read", "catch up", "catch up late"}).Draw(r, "step") {
	case "subscribe":
		if want, got := l.subscribe(at), x.begun(r, s, sub, at); got != want {
			r.Fatalf("%v at %d: begun %v, want %v", sub, at, got, want)
		}
	case "unsubscribe":
		x.unsubscribe(r, s, sub, at)
		l.unsubscribe(at)
	case "defer":
		if got, want := x.defers(r, s, sub), !(l.on && l.live); got != want {
			r.Fatalf("%v: deferred %v, want %v", sub, got, want)
		}
		l.age()
	case "read":
		turn := x.turn(r, s, sub)
		if replayed := l.on && !l.live; replayed != (turn > 0) || slices.Contains(l.old, turn) {
			r.Fatalf("%v: turn %d, to be replayed %v, old turns %v", sub, turn, replayed, l.old)
		} else if replayed {
			l.read = append(l.read, turn)
		}
	case "catch up":
		if len(l.read) > 0 {
			x.catchUp(r, s, sub, l, l.read[len(l.read)-1], l.on && !l.live)
		}
	case "catch up late":
		if len(l.old) > 0 {
			x.catchUp(r, s, sub, l, rapid.SampledFrom(l.old).Draw(r, "turn"), false)
		}
	}
}

func (x Subject) catchUp(r *rapid.T, s stream.Session, sub stream.Subscription, l *life, turn int64, want bool) {
	if got := x.caughtUp(r, s, sub, turn); got != want {
		r.Fatalf("%v: caught up in turn %d: %v, want %v", sub, turn, got, want)
	}
	l.live = l.live || want
}

func anyTurn(t *testing.T, open opener) {
	x := open(t, roomy)
	rapid.Check(t, func(r *rapid.T) {
		s := withEventIDs()
		x.open(r, s)
		subs := []stream.Subscription{{Stream: stream.User}, hashtag(s, "cats")}
		lives := make([]life, len(subs))
		for range rapid.IntRange(1, 20).Draw(r, "steps") {
			i := rapid.IntRange(0, len(subs)-1).Draw(r, "of")
			x.step(r, s, subs[i], &lives[i])
		}
		for i, sub := range subs {
			if lives[i].on {
				x.replaying(r, s, sub, !lives[i].live)
			} else {
				x.holds(r, s, sub.Topic(s.Account))
			}
		}
	})
}

// history is a log, and what a client of it is sent.
type history struct {
	mu   sync.Mutex
	log  []int
	sent []int
	// live is how many of sent publishers posted.
	live int
	// overtaken says that the replay posted after a publisher.
	overtaken bool
}

func (h *history) append(n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.log = append(h.log, n)
}

// replay posts what is in the log from the index on and returns where it ended.
func (h *history) replay(from int) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	if from < len(h.log) && h.live > 0 {
		h.overtaken = true
	}
	h.sent = append(h.sent, h.log[from:]...)
	return len(h.log)
}

func (h *history) post(n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sent = append(h.sent, n)
	h.live++
}

// publish appends an event to the log and posts it, or leaves it to the replay.
func (x Subject) publish(t reporter, s stream.Session, topic stream.Topic, h *history, n int) {
	h.append(n)
	for _, l := range x.of(t, s, topic) {
		if l.Replaying && x.defers(t, s, l.Subscription) {
			continue
		}
		h.post(n)
	}
}

// serve replays the log until the subscription is live.
func (x Subject) serve(t reporter, s stream.Session, sub stream.Subscription, h *history) {
	for at := 0; ; {
		_, turn, err := x.Store.Replaying(context.Background(), replayOf(s, sub))
		if err != nil || turn == 0 {
			t.Errorf("Replaying %v: turn %d, %v", sub, turn, err)
			return
		}
		at = h.replay(at)
		if x.caughtUp(t, s, sub, turn) {
			return
		}
	}
}

func handOver(t *testing.T, open opener) {
	const publishers, events = 4, 12
	x := open(t, roomy)
	for _, of := range []struct {
		sub   stream.Subscription
		topic func(stream.Session) stream.Topic
	}{
		{stream.Subscription{Stream: stream.User}, func(s stream.Session) stream.Topic { return stream.AccountTopic(s.Account) }},
		{stream.Subscription{Stream: stream.User}, func(stream.Session) stream.Topic { return stream.EveryoneTopic() }},
		{stream.Subscription{Stream: stream.List, Param: "1"}, func(stream.Session) stream.Topic { return stream.ListTopic("1") }},
	} {
		s, h := withEventIDs(), &history{}
		x.open(t, s, of.sub)
		each(publishers+1, func(i int) {
			if i == publishers {
				x.serve(t, s, of.sub, h)
				return
			}
			for n := range events {
				x.publish(t, s, of.topic(s), h, i*events+n)
			}
		})
		missing := slices.DeleteFunc(slices.Clone(h.log), func(n int) bool { return slices.Contains(h.sent, n) })
		if len(missing) > 0 || h.overtaken {
			t.Errorf("%v: missing %v, overtaken %v", of.sub, missing, h.overtaken)
		}
		x.close(t, s.Connection)
	}
}
