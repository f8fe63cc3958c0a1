package publish

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"edgestream/functions/internal/history"
	"edgestream/functions/internal/stream"
)

func TestASubscriptionThatIsReplayedIsLeftToItsReplay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		r := w.replaying(w.user("a", "1"))
		w.listeners[stream.EveryoneTopic()] = slices.Clone(w.listeners[stream.AccountTopic("1")])
		w.listen("a", "1", stream.Subscription{Stream: stream.UserNotification})
		w.user("b", "1")
		note := record(3, "1", "notification", "{}", nil)
		wantFailed(t, w.publisher(Config{}).Publish(t.Context(), []stream.Change{say(1, "x", "1"), say(2, "y"), note}))
		w.want("a", "user:notification notification {}")
		w.want("b", "user e 1", "user notification {}")
		if want := []string{"event1 e 1", "event3 notification {}", "event2 e 2"}; r.asked != 1 || !slices.Equal(r.read[0], want) {
			t.Errorf("asked %d times, the log was %q", r.asked, r.read)
		}
		if got := w.last(); got.Deferred != 3 || got.Deliveries != 3 {
			t.Errorf("tally %+v", got)
		}
	})
}

func TestASubscriptionThatHasCaughtUpMeanwhileIsPostedTo(t *testing.T) {
	w := newWorld(t)
	l := w.user("a", "1")
	w.replaying(l)
	clear(w.replays)
	wantFailed(t, w.publisher(Config{}).Publish(t.Context(), []stream.Change{say(1, "x", "1")}))
	w.want("a", "user e 1 "+w.idOf(l, stream.AccountTopic("1"), "event1", 0))
	if w.last().Deferred != 0 {
		t.Errorf("tally %+v", w.last())
	}
}

func TestWhereTheReplayCannotBeAskedTheChangesComeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		r := w.replaying(w.user("a", "1"))
		w.listen("a", "1", stream.Subscription{Stream: stream.UserNotification})
		w.user("b", "2")
		w.deferErr = errOdd
		p := w.publisher(Config{Posts: 1})
		note := record(5, "1", "notification", "{}", nil)
		batch := []stream.Change{say(1, "x", "1", "2"), say(2, "x", "2"), say(3, "y", "2"), say(4, "z", "1"), note}
		wantFailed(t, p.Publish(t.Context(), batch), "1", "2", "4", "5")
		w.want("b", heard(1, 3)...)
		w.deferErr = nil
		wantFailed(t, p.Publish(t.Context(), batch))
		w.want("b", heard(1, 3, 2)...)
		w.want("a", "user:notification notification {}")
		if r.asked != 1 {
			t.Errorf("asked %d times", r.asked)
		}
	})
}

// What a replay has been given is not posted when the batch comes again: the replay has said it.
func TestWhatWasLeftToAReplayDoesNotComeTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		r := w.replaying(w.user("a", "1"))
		w.user("b", "2")
		down := true
		w.answer = func(string, string) error {
			if down {
				return stream.ErrUnavailable
			}
			return nil
		}
		w.disconnect = func(string) error { return stream.ErrUnavailable }
		p := w.publisher(Config{Posts: 1})
		batch := []stream.Change{say(1, "x", "2"), say(2, "x", "1"), say(3, "x", "2")}
		wantFailed(t, p.Publish(t.Context(), batch), "1", "2", "3")
		if want := []string{"event2 e 2"}; r.asked != 1 || !slices.Equal(r.read[0], want) {
			t.Fatalf("asked %d times, the log was %q", r.asked, r.read)
		}
		down = false
		clear(w.replays)
		w.listeners[stream.AccountTopic("1")][0].Replaying = false
		wantFailed(t, p.Publish(t.Context(), batch))
		w.want("a")
		w.want("b", heard(1, 3)...)
	})
}

// A change whose entry is missing is not in what the replay reads: it is not left to it.
func TestWhatIsNotInTheLogIsNotLeftToAReplay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		r := w.replaying(w.user("a", "1"))
		w.log.refused = map[string]string{"x": "event1"}
		p := w.publisher(Config{})
		batch := []stream.Change{say(1, "x", "1"), say(2, "y", "1")}
		wantFailed(t, p.Publish(t.Context(), batch), "1")
		w.log.refused = nil
		wantFailed(t, p.Publish(t.Context(), batch[:1]))
		w.want("a")
		if want := []string{"event2 e 2", "event1 e 1"}; r.asked != 2 || !slices.Equal(r.read[1], want) {
			t.Errorf("asked %d times, the log was %q", r.asked, r.read)
		}
	})
}

func TestALaneThatEndsKeepsWhatItLeftToAReplay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		l := w.user("a", "1")
		r := w.replaying(l)
		l.Notifications = false
		w.listen("a", "1", stream.Subscription{Stream: stream.UserNotification})
		down := true
		w.answer = func(string, string) error {
			if down {
				return stream.ErrUnavailable
			}
			return nil
		}
		w.disconnect = func(string) error { return stream.ErrUnavailable }
		note := func(n int, owner string) stream.Change {
			return record(n, owner, "broadcast", "{}", func(i *stream.Item) {
				i.Event, i.Topics = "e", []stream.Target{{Stream: stream.UserNotification, Account: "1"}}
			})
		}
		p := w.publisher(Config{})
		batch := []stream.Change{note(1, "x"), say(2, "w", "1"), note(3, "y"), say(4, "z", "1")}
		wantFailed(t, p.Publish(t.Context(), batch), "1", "3")
		down = false
		clear(w.replays)
		w.listeners[stream.AccountTopic("1")][0].Replaying = false
		wantFailed(t, p.Publish(t.Context(), batch))
		w.want("a", "user:notification e {}", "user:notification e {}")
		if r.asked != 1 {
			t.Errorf("asked %d times", r.asked)
		}
	})
}

func TestAReplayThatNobodyMakesEndsWithItsConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		stuck, fine := w.user("stuck", "1"), stream.Listener{}
		w.replaying(stuck)
		stuck.Since = time.Now()
		fine = *w.user("fine", "1")
		p := w.publisher(Config{})
		wantFailed(t, p.Publish(t.Context(), []stream.Change{say(1, "x", "1")}))
		if len(w.closed) != 0 {
			t.Fatalf("closed %v at once", w.closed)
		}
		time.Sleep(replayPatience + time.Second)
		w.disconnect = func(string) error { return stream.ErrUnavailable }
		wantFailed(t, p.Publish(t.Context(), []stream.Change{say(2, "x", "1")}))
		w.disconnect = nil
		wantFailed(t, p.Publish(t.Context(), []stream.Change{say(3, "x", "1"), say(4, "x", "1")}))
		if !slices.Equal(w.forgotten, []string{"stuck"}) || !slices.Contains(w.closed, "stuck") || w.last().Closed != 1 {
			t.Errorf("forgotten %v, closed %v, tally %+v", w.forgotten, w.closed, w.last())
		}
		w.want("stuck")
		w.want(fine.ID, heard(1, 2, 3, 4)...)
	})
}

func TestWhatIsLateIsPostedAlsoWhereAReplayReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		l := w.user("a", "1")
		l.EventIDs = true
		p := w.publisher(Config{})
		w.answer = func(string, string) error { return stream.ErrUnavailable }
		w.disconnect = func(string) error { return stream.ErrUnavailable }
		note := say(1, "x", "1")
		wantFailed(t, p.Publish(t.Context(), []stream.Change{note}), "1")
		time.Sleep(history.Delivery + time.Second)
		w.answer = nil
		r := w.replaying(l)
		wantFailed(t, p.Publish(t.Context(), []stream.Change{note, say(2, "x", "1")}))
		w.want("a", heard(1)...) // without an id: everyone's log may be younger than the event
		if r.asked != 1 {
			t.Errorf("asked %d times", r.asked)
		}
	})
}
