package publish

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"edgestream/functions/internal/stream"
)

func wantLog(t *testing.T, w *world, topic stream.Topic, want ...string) {
	t.Helper()
	if got := w.log.said(topic); !slices.Equal(got, want) {
		t.Errorf("log of %s: %q, want %q", topic, got, want)
	}
}

func keep(w *world, topics ...stream.Topic) {
	w.kept = map[stream.Topic]bool{}
	for _, t := range topics {
		w.kept[t] = true
	}
}

func TestOnlyTopicsThatAreKeptAreRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.user("a", "1")
		w.user("b", "2").EventIDs = true
		keep(w, stream.AccountTopic("3"))
		p := w.publisher(Config{})
		wantFailed(t, p.Publish(t.Context(), []stream.Change{say(1, "x", "1"), say(2, "x", "1", "2", "3"), say(3, "x", "3")}))
		wantLog(t, w, stream.AccountTopic("1"))
		wantLog(t, w, stream.AccountTopic("2"), "event2 e 2")
		wantLog(t, w, stream.AccountTopic("3"), "event2 e 2", "event3 e 3")
		w.want("a", heard(1, 2)...)
		if w.last().Recorded != 3 || w.log.calls != 1 {
			t.Errorf("%d calls, tally %+v", w.log.calls, w.last())
		}
		wantFailed(t, p.Publish(t.Context(), []stream.Change{say(4, "x", "1")}))
		if w.log.calls != 1 {
			t.Error("a batch that says nothing to a kept topic was recorded")
		}
	})
}

func TestWhatARecordSaysToATopicIsOneEntry(t *testing.T) {
	w := newWorld(t)
	w.user("a", "1").EventIDs = true
	note := record(2, "1", "notification", `{}`, nil)
	note.Old = &stream.Item{Owner: "1", ID: "x", Kind: "filter"}
	wantFailed(t, w.publisher(Config{}).Publish(t.Context(), []stream.Change{note}))
	topic := stream.AccountTopic("1")
	wantLog(t, w, topic, "event2 filters_changed ", "event2 notification {}")
	e := w.log.entries[0]
	if len(w.log.entries) != 1 || e.Owner != "1" || e.Sequence != "2" || e.Messages[0].Topic != topic {
		t.Errorf("entries %+v", w.log.entries)
	}
	l := &w.listeners[topic][0]
	w.want("a", "user filters_changed  "+w.idOf(l, topic, "event2", 0), "user notification {} "+w.idOf(l, topic, "event2", 1))
}

func TestIdsAreForThoseWhoAskedAndFramesAreShared(t *testing.T) {
	w := newWorld(t)
	w.user("plain", "1")
	one, other := w.user("one", "1"), stream.Listener{}
	one.EventIDs = true
	l := w.user("other", "2")
	l.EventIDs = true
	one, other = &w.listeners[stream.AccountTopic("1")][1], *l
	wantFailed(t, w.publisher(Config{}).Publish(t.Context(), []stream.Change{say(1, "x", "1", "2")}))
	w.want("plain", heard(1)...)
	w.want("one", "user e 1 "+w.idOf(one, stream.AccountTopic("1"), "event1", 0))
	w.want("other", "user e 1 "+w.idOf(&other, stream.AccountTopic("2"), "event1", 0))
	if w.got["one"][0] == w.got["other"][0] || w.encoded != 1 {
		t.Errorf("frames %q and %q after %d encodings", w.got["one"], w.got["other"], w.encoded)
	}
}

func TestWhatIsSaidToEveryoneHasTheIdOfThatLog(t *testing.T) {
	w := newWorld(t)
	l := w.user("a", "1")
	l.EventIDs = true
	w.listeners[stream.EveryoneTopic()] = []stream.Listener{*l}
	wantFailed(t, w.publisher(Config{}).Publish(t.Context(), []stream.Change{say(1, "x"), say(2, "x", "1")}))
	w.want("a", "user e 1 "+w.idOf(l, stream.EveryoneTopic(), "event1", 0), "user e 2 "+w.idOf(l, stream.AccountTopic("1"), "event2", 0))
}

func TestAChangeThatIsNotInTheLogIsNotPostedAndStopsItsOwner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.user("ids", "1").EventIDs = true
		w.user("plain", "1")
		w.user("aside", "2")
		w.log.refused = map[string]string{"x": "event2"}
		p := w.publisher(Config{})
		batch := []stream.Change{say(1, "x", "1"), say(2, "x", "1", "2"), say(3, "x", "1"), say(4, "y", "1"), say(5, "x", "2")}
		wantFailed(t, p.Publish(t.Context(), batch), "2", "3", "5")
		w.want("plain", heard(1, 4)...)
		w.want("aside", heard(2)...)
		if w.last().Recorded != 2 || !strings.Contains(w.logs.String(), errNoLog.Error()) {
			t.Errorf("tally %+v, logs %s", w.last(), &w.logs)
		}
		w.log.refused = nil
		wantFailed(t, p.Publish(t.Context(), batch[1:]))
		w.want("plain", heard(1, 4, 2, 3)...)
		w.want("aside", heard(2, 5)...)
		if len(w.got["ids"]) != 4 {
			t.Errorf("ids got %q", w.got["ids"])
		}
	})
}

func TestWhatWaitsForAnEarlierFailureIsNotRecordedAheadOfIt(t *testing.T) {
	w := newWorld(t)
	w.reportErr = errOdd
	keep(w, stream.AccountTopic("1"))
	batch := []stream.Change{poison(1, "x"), say(2, "x", "1"), say(3, "y", "1")}
	p := w.publisher(Config{})
	wantFailed(t, p.Publish(t.Context(), batch), "1", "2")
	wantLog(t, w, stream.AccountTopic("1"), "event3 e 3")
	w.reportErr = nil
	wantFailed(t, p.Publish(t.Context(), batch))
	wantLog(t, w, stream.AccountTopic("1"), "event3 e 3", "event2 e 2")
}

func TestABatchThatComesAgainKeepsItsIds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		l := w.user("a", "1")
		l.EventIDs = true
		down := true
		w.answer = func(string, string) error {
			if down {
				return stream.ErrUnavailable
			}
			return nil
		}
		w.disconnect = func(string) error { return stream.ErrUnavailable }
		batch := []stream.Change{say(1, "x", "1"), say(2, "x", "1")}
		wantFailed(t, w.publisher(Config{}).Publish(t.Context(), batch), "1", "2")
		id := w.idOf(l, stream.AccountTopic("1"), "event1", 0)
		down = false
		time.Sleep(30 * time.Second)
		wantFailed(t, w.publisher(Config{}).Publish(t.Context(), batch)) // another instance
		w.want("a", "user e 1 "+id, "user e 2 "+w.idOf(l, stream.AccountTopic("1"), "event2", 0))
		if len(w.log.entries) != 2 {
			t.Errorf("%d entries", len(w.log.entries))
		}
	})
}

func TestWhatNoLogCanTakeIsPostedWithoutAnId(t *testing.T) {
	w := newWorld(t)
	l := w.user("a", "1")
	r := w.replaying(w.user("b", "2"))
	l.EventIDs = true
	w.log.tooLarge = "event1"
	wantFailed(t, w.publisher(Config{}).Publish(t.Context(), []stream.Change{say(1, "x", "1", "2"), say(2, "x", "1", "2")}))
	w.want("a", "user e 1", "user e 2 "+w.idOf(l, stream.AccountTopic("1"), "event2", 0))
	w.want("b", "user e 1")
	if r.asked != 1 || w.last().TooLarge != 2 || w.last().Deferred != 1 || w.last().Failed != 0 {
		t.Errorf("asked %d times, tally %+v", r.asked, w.last())
	}
}

func TestAPartDoesNotGoAheadOfOneThatIsNotInTheLog(t *testing.T) {
	w := newWorld(t)
	l := w.user("a", "1")
	w.listeners[stream.EveryoneTopic()] = []stream.Listener{*l}
	keep(w, stream.AccountTopic("1"))
	w.log.refused = map[string]string{"1": "event1"}
	c := record(1, "1", "broadcast", "1", func(i *stream.Item) { i.Event, i.Topics = "e", []stream.Target{{Stream: stream.User}} })
	c.Old = &stream.Item{Owner: "1", ID: "x", Kind: "filter"}
	p := w.publisher(Config{})
	wantFailed(t, p.Publish(t.Context(), []stream.Change{c}), "1")
	w.want("a")
	w.log.refused = nil
	wantFailed(t, p.Publish(t.Context(), []stream.Change{c}))
	w.want("a", "user filters_changed ", "user e 1")
}

func TestLogsThatHangLeaveTimeForWhatNeedsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.user("a", "1")
		w.user("b", "2").EventIDs = true
		w.log.hangs = true
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		p := w.publisher(Config{})
		wantFailed(t, p.Publish(ctx, []stream.Change{say(1, "x", "1"), say(2, "y", "2")}), "2")
		w.want("a", heard(1)...)
		if took := time.Since(start); took > p.Appending {
			t.Errorf("took %v", took)
		}
	})
}

func TestWhoGoesLiveWhileALogIsWrittenIsFound(t *testing.T) {
	w := newWorld(t)
	topic := stream.AccountTopic("1")
	keep(w, topic)
	p := w.publisher(Config{})
	for n := 1; n <= 2; n++ { // the topic is not known to be kept, and then it is
		w.log.before = func() { w.listeners[topic] = nil; w.user("back", "1").EventIDs = true }
		w.listeners[topic] = nil
		wantFailed(t, p.Publish(t.Context(), []stream.Change{say(n, "x", "1")}))
	}
	l := &w.listeners[topic][0]
	w.want("back", "user e 1 "+w.idOf(l, topic, "event1", 0), "user e 2 "+w.idOf(l, topic, "event2", 0))
}

func TestATopicIsLookedUpTwiceOnlyWhenItTurnsOutToBeKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		keep(w, stream.AccountTopic("1"))
		p := w.publisher(Config{})
		publish := func(n int) (lookups int) {
			w.lookups = 0
			wantFailed(t, p.Publish(t.Context(), []stream.Change{say(n, "x", "1", "2")}))
			return w.lookups
		}
		for n, want := range []int{2, 1, 1} {
			if got := publish(n + 1); got != want {
				t.Errorf("batch %d: %d look-ups, want %d", n+1, got, want)
			}
		}
		delete(w.kept, stream.AccountTopic("1"))
		publish(4) // written once too often
		publish(5)
		wantLog(t, w, stream.AccountTopic("1"), "event1 e 1", "event2 e 2", "event3 e 3", "event4 e 4")
		keep(w, stream.AccountTopic("1"))
		publish(6)
		time.Sleep(keptFor + time.Second)
		if got := publish(7); got != 2 {
			t.Errorf("after a while: %d look-ups", got)
		}
	})
}
