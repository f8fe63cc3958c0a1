package publish

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"edgestream/functions/internal/stream"
)

// youngWorld has one connection that $connect has just subscribed, and that opens after a time.
func youngWorld(t *testing.T, opens time.Duration) *world {
	w := newWorld(t)
	l := w.user("young", "1")
	l.Opened = time.Now()
	at := time.Now().Add(opens)
	w.answer = func(string, string) error {
		if time.Now().Before(at) {
			return stream.ErrGone
		}
		return nil
	}
	return w
}

func greeted(greetings []stream.Greeting) (all []string) {
	for _, g := range greetings {
		all = append(all, g.Frames...)
	}
	return all
}

func TestAConnectionThatOpensWithinASecondIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := youngWorld(t, 900*time.Millisecond)
		wantFailed(t, w.publisher(Config{}).Publish(t.Context(), []stream.Change{say(1, "x", "1"), say(2, "x", "1")}))
		w.want("young", heard(1, 2)...)
		if len(w.greetings)+len(w.forgotten) > 0 {
			t.Errorf("greetings %v, forgotten %v", w.greetings, w.forgotten)
		}
	})
}

func TestAnAnswerThatTakesLongSaysWhatWasWhenItWasAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := youngWorld(t, 0)
		w.answer = func(string, string) error {
			w.answer = nil
			time.Sleep(stream.YoungFor + stream.Apart)
			return stream.ErrGone
		}
		wantFailed(t, w.publisher(Config{}).Publish(t.Context(), []stream.Change{say(1, "x", "1")}))
		w.want("young", heard(1)...)
		if len(w.forgotten) > 0 {
			t.Errorf("forgotten %v", w.forgotten)
		}
	})
}

func TestAConnectionThatDoesNotOpenIsLeftToTheGreeter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := youngWorld(t, 2500*time.Millisecond)
		p := w.publisher(Config{})
		start := time.Now()
		wantFailed(t, p.Publish(t.Context(), []stream.Change{say(1, "x", "1"), say(2, "x", "1")}))
		if took := time.Since(start); took > time.Second {
			t.Errorf("the lane waited for %v", took)
		}
		if want := heard(1, 2); !slices.Equal(greeted(w.greetings), want) || len(w.greetings) != 1 || !w.greetings[0].NotBefore.IsZero() {
			t.Fatalf("greetings %v", w.greetings)
		}
		if w.last().Parked != 2 || len(w.forgotten) > 0 {
			t.Errorf("tally %+v, forgotten %v", w.last(), w.forgotten)
		}

		// While that greeting may be under way, what follows stays behind it, even if the
		// connection is open by now; then all is as usual.
		handed := time.Now()
		time.Sleep(2 * time.Second)
		wantFailed(t, p.Publish(t.Context(), []stream.Change{say(3, "x", "1")}))
		wantFailed(t, p.Publish(t.Context(), []stream.Change{say(4, "x", "1")}))
		w.want("young")
		second, third := w.greetings[1], w.greetings[2]
		if second.NotBefore.Before(handed.Add(p.Settled)) || second.NotBefore.Before(w.greetings[0].NotAfter.Add(stream.Apart)) || !third.NotBefore.After(second.NotBefore) {
			t.Errorf("greetings after %v: %v, %v", handed, second, third)
		}
		time.Sleep(time.Until(third.NotBefore) + greetingGap + frameGap)
		wantFailed(t, p.Publish(t.Context(), []stream.Change{say(5, "x", "1")}))
		w.want("young", heard(5)...)
		if want := heard(1, 2, 3, 4); !slices.Equal(greeted(w.greetings), want) {
			t.Errorf("greetings %v", w.greetings)
		}
	})
}

func TestWaitingGreetingsEndUnderASteadyStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := youngWorld(t, 1500*time.Millisecond)
		p := w.publisher(Config{})
		start := time.Now()
		for n := range 120 { // four batches a second
			wantFailed(t, p.Publish(t.Context(), []stream.Change{say(n, "x", "1")}))
			time.Sleep(250 * time.Millisecond)
		}
		direct := w.got["young"]
		if len(direct) == 0 || len(direct)+len(greeted(w.greetings)) != 120 {
			t.Fatalf("%d posted, %d greeted after %v", len(direct), len(greeted(w.greetings)), time.Since(start))
		}
		if !slices.IsSortedFunc(w.greetings, func(a, b stream.Greeting) int { return a.NotBefore.Compare(b.NotBefore) }) {
			t.Error("a greeting comes before the one before it")
		}
	})
}

func TestAnOldConnectionOrOneThatHasSpokenIsGoneAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.answer = func(string, string) error { return stream.ErrGone }
		old := w.user("old", "1")
		old.Opened = time.Now().Add(-stream.YoungFor - stream.Apart)
		spoken := w.user("spoken", "1")
		spoken.Opened = time.Now()
		w.listen("spoken", "1", stream.Subscription{Stream: stream.UserNotification}).ConnectedAt = time.Now()
		note := record(1, "1", "notification", "{}", nil)
		start := time.Now()
		wantFailed(t, w.publisher(Config{}).Publish(t.Context(), []stream.Change{note}))
		slices.Sort(w.forgotten)
		if !slices.Equal(w.forgotten, []string{"old", "spoken"}) || time.Since(start) > 0 {
			t.Errorf("forgotten %v after %v", w.forgotten, time.Since(start))
		}
	})
}

func TestGreetingsStayUnderTheLimitOfAnInvocation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := youngWorld(t, time.Minute)
		var batch []stream.Change
		for n := range 12 {
			batch = append(batch, record(n, "1", "notification", `{"q":"`+strings.Repeat(`\"`, 30<<10)+`"}`, nil))
		}
		p := w.publisher(Config{})
		wantFailed(t, p.Publish(t.Context(), batch))
		if len(w.greetings) < 2 || len(greeted(w.greetings)) != len(batch) {
			t.Fatalf("%d greetings of %d frames", len(w.greetings), len(greeted(w.greetings)))
		}
		for i, g := range w.greetings {
			if text, _ := json.Marshal(g); len(text) > maxGreeting+1024 {
				t.Errorf("greeting of %d bytes", len(text))
			}
			if i > 0 && !g.NotBefore.After(w.greetings[i-1].NotBefore) {
				t.Errorf("greeting %d is not after the one before", i)
			}
		}
	})
}

func TestAGreetingThatIsNotTakenFailsItsChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := youngWorld(t, 2*time.Second)
		w.greetErr = errOdd
		p := w.publisher(Config{})
		batch := []stream.Change{say(1, "x", "1"), say(2, "y", "1")}
		wantFailed(t, p.Publish(t.Context(), batch), "1", "2")
		time.Sleep(time.Second)
		w.greetErr = nil // whether it was taken nobody knows, so what comes again stays behind it
		wantFailed(t, p.Publish(t.Context(), batch))
		if len(w.greetings) != 1 || w.greetings[0].NotBefore.Sub(w.greetings[0].Connection.ConnectedAt) < p.Settled {
			t.Errorf("greetings %v", w.greetings)
		}

		w = youngWorld(t, time.Minute)
		w.greetErr = stream.ErrTooLarge
		wantFailed(t, w.publisher(Config{}).Publish(t.Context(), batch))
		if w.last().TooLarge != 2 {
			t.Errorf("tally %+v", w.last())
		}
	})
}

func TestAnotherInstanceDoesNotOvertakeWhatIsWithTheGreeter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := youngWorld(t, 2500*time.Millisecond)
		wantFailed(t, w.publisher(Config{}).Publish(t.Context(), []stream.Change{say(1, "x", "1")}))
		time.Sleep(2 * time.Second)
		other := w.publisher(Config{})
		wantFailed(t, other.Publish(t.Context(), []stream.Change{say(2, "x", "1")}))
		w.want("young")
		if want := heard(1, 2); !slices.Equal(greeted(w.greetings), want) || !w.greetings[1].NotBefore.After(time.Now()) {
			t.Fatalf("greetings %v", w.greetings)
		}
		time.Sleep(time.Until(w.greetings[1].NotBefore) + handingOver + time.Second)
		wantFailed(t, w.publisher(Config{}).Publish(t.Context(), []stream.Change{say(3, "x", "1")}))
		w.want("young", heard(3)...)
	})
}

func TestWhatAMessageSubscribedToIsNotHeldBackByTheGreeter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := youngWorld(t, 1500*time.Millisecond)
		p := w.publisher(Config{})
		wantFailed(t, p.Publish(t.Context(), []stream.Change{say(1, "x", "1")}))
		time.Sleep(time.Second)
		w.listen("young", "1", stream.Subscription{Stream: stream.UserNotification})
		note := record(2, "1", "notification", "{}", nil)
		wantFailed(t, p.Publish(t.Context(), []stream.Change{note}))
		w.want("young", "user:notification notification {}")
		if want := append(heard(1), "user notification {}"); !slices.Equal(greeted(w.greetings), want) {
			t.Errorf("greetings %v", w.greetings)
		}
	})
}

func TestAHandoverThatCannotBeStoredFailsItsChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := youngWorld(t, time.Minute)
		w.handErr = errOdd
		wantFailed(t, w.publisher(Config{}).Publish(t.Context(), []stream.Change{say(1, "x", "1")}), "1")
		if len(w.greetings) > 0 {
			t.Errorf("greetings %v", w.greetings)
		}
	})
}
