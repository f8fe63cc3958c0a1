package publish

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"edgestream/functions/internal/stream"
)

func TestAnAPIThatComesBackInTimeCostsNothing(t *testing.T) {
	for _, fault := range []error{stream.ErrThrottled, stream.ErrUnavailable, errOdd} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			for i := range 20 {
				w.user(fmt.Sprint("c", i), "1")
			}
			up := time.Now().Add(3 * time.Second)
			w.answer = func(string, string) error {
				if time.Now().Before(up) {
					return fmt.Errorf("%w: now", fault)
				}
				return nil
			}
			wantFailed(t, w.publisher(Config{}).Publish(t.Context(), []stream.Change{say(1, "x", "1"), say(2, "x", "1")}))
			for i := range 20 {
				w.want(fmt.Sprint("c", i), heard(1, 2)...)
			}
			if got := w.last(); got.Retried == 0 || (got.Throttled > 0) != (fault == stream.ErrThrottled) || len(w.closed) > 0 {
				t.Errorf("closed %v, tally %+v", w.closed, got)
			}
		})
	}
}

func TestAnAPIThatStaysDownFailsTheBatchAndNothingComesTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for i := range 600 {
			w.user(fmt.Sprint("c", i), fmt.Sprint(i%3))
		}
		posts := 0
		down := func(string) error {
			if posts >= 500 {
				return stream.ErrUnavailable
			}
			return nil
		}
		w.disconnect = down
		w.answer = func(c, _ string) error {
			posts++
			return down(c)
		}
		w.latency = func(string) time.Duration { return 5 * time.Millisecond }
		p := w.publisher(Config{Posts: 64})
		batch := []stream.Change{say(1, "x", "0", "1"), say(2, "y", "2"), say(3, "x", "0")}
		start := time.Now()
		failed := p.Publish(t.Context(), batch)
		if took := time.Since(start); took > 15*time.Second || len(failed) == 0 {
			t.Fatalf("failed %v after %v", failed, took)
		}
		posts = -1 << 30
		wantFailed(t, p.Publish(t.Context(), batch))
		for i := range 600 {
			w.want(fmt.Sprint("c", i), [][]string{heard(1, 3), heard(1), heard(2)}[i%3]...)
		}
		if len(w.closed)+len(w.forgotten) > 0 {
			t.Errorf("closed %v, forgotten %v", w.closed, w.forgotten)
		}
	})
}

func TestAStuckClientIsClosedAndDelaysNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		const n = 50
		healthy := map[string]time.Duration{}
		start := time.Now()
		for i := range n {
			w.user(fmt.Sprint("c", i), "1")
			w.user(fmt.Sprint("stuck", i), "1")
		}
		w.latency = func(string) time.Duration { return time.Millisecond }
		w.answer = func(c, _ string) error {
			if strings.HasPrefix(c, "stuck") {
				return stream.ErrThrottled
			}
			healthy[c] = time.Since(start)
			return nil
		}
		wantFailed(t, w.publisher(Config{Posts: 64}).Publish(t.Context(), []stream.Change{say(1, "x", "1"), say(2, "y", "1")}))
		for i := range n {
			c := fmt.Sprint("c", i)
			w.want(c, heard(1, 2)...)
			if healthy[c] > 100*time.Millisecond {
				t.Errorf("%s waited %v", c, healthy[c])
			}
		}
		if len(w.closed) != n || len(w.forgotten) != n || w.last().Closed != n {
			t.Errorf("closed %d, forgotten %d, tally %+v", len(w.closed), len(w.forgotten), w.last())
		}
	})
}

func TestAClientThatIsOnlySlowKeepsItsConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.user("slow", "1")
		w.user("fast", "1")
		n := 0
		w.answer = func(c, _ string) error {
			if n++; c == "slow" && n%3 != 0 {
				return stream.ErrThrottled
			}
			return nil
		}
		var batch []stream.Change
		for i := range 5 {
			batch = append(batch, say(i, "x", "1"))
		}
		wantFailed(t, w.publisher(Config{Patience: time.Minute}).Publish(t.Context(), batch))
		w.want("slow", heard(0, 1, 2, 3, 4)...)
		if len(w.closed) > 0 {
			t.Errorf("closed %v", w.closed)
		}
	})
}

func TestAClientThatIsTooSlowInAllIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.user("slow", "1")
		var last string
		var since time.Time
		w.answer = func(_, frame string) error { // takes each frame after two seconds
			if frame != last {
				last, since = frame, time.Now()
			}
			if time.Since(since) < 2*time.Second {
				return stream.ErrThrottled
			}
			return nil
		}
		var batch []stream.Change
		for i := range 50 {
			batch = append(batch, say(i, "x", "1"))
		}
		start := time.Now()
		wantFailed(t, w.publisher(Config{}).Publish(t.Context(), batch))
		if took := time.Since(start); took > 10*time.Second || len(w.closed) != 1 {
			t.Errorf("closed %v after %v", w.closed, took)
		}
	})
}

// rate is a quota of posts a second with a burst, as API Gateway's for an account.
func rate(perSecond int) func(string) error {
	start, taken := time.Now(), 0
	return func(string) error {
		if float64(taken) >= time.Since(start).Seconds()*float64(perSecond)+float64(perSecond)/10 {
			return stream.ErrThrottled
		}
		taken++
		return nil
	}
}

func TestAQuotaNeverClosesConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		const n = 800
		for i := range n {
			w.user(fmt.Sprint("c", i), "1")
		}
		quota := rate(100)
		w.disconnect = quota
		w.answer = func(c, _ string) error { return quota(c) }
		w.latency = func(string) time.Duration { return 10 * time.Millisecond }
		p := w.publisher(Config{Posts: 64})
		batch := []stream.Change{say(1, "x", "1"), say(2, "y", "1")}
		for again := 0; ; again++ {
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			failed := p.Publish(ctx, batch)
			cancel()
			if len(failed) == 0 {
				break
			}
			if again == 20 {
				t.Fatal("never done")
			}
		}
		for i := range n {
			got := w.got[fmt.Sprint("c", i)]
			if slices.Sort(got); !slices.Equal(got, heard(1, 2)) {
				t.Errorf("c%d got %v", i, got)
			}
		}
		if len(w.closed) > 0 {
			t.Errorf("%d healthy connections were closed", len(w.closed))
		}
	})
}

func TestWhoIsToBlameIsDecidedByEvidence(t *testing.T) {
	for _, c := range []struct {
		name             string
		fault, onClose   error
		others           bool // are there, and get through
		failed           bool
		closed, forgeted int
	}{
		{name: "alone, and it can be closed", fault: stream.ErrThrottled, closed: 1, forgeted: 1},
		{name: "alone, and it is gone by then", fault: stream.ErrThrottled, onClose: stream.ErrGone, forgeted: 1},
		{name: "alone, and nothing works", fault: stream.ErrUnavailable, onClose: stream.ErrUnavailable, failed: true},
		{name: "alone, and all is refused", fault: errOdd, onClose: errOdd, failed: true},
		{name: "others get through", fault: stream.ErrUnavailable, others: true, closed: 1, forgeted: 1},
		{name: "refused, where others get through", fault: errOdd, onClose: errOdd, others: true, forgeted: 1},
		{name: "it cannot be closed for now", fault: stream.ErrThrottled, onClose: stream.ErrThrottled, others: true, failed: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.user("bad", "1")
				w.answer = func(id, _ string) error {
					if id == "bad" {
						return c.fault
					}
					return nil
				}
				w.disconnect = func(string) error { return c.onClose }
				if c.others {
					w.user("good", "1")
					w.latency = func(string) time.Duration { return time.Millisecond }
				}
				batch := []stream.Change{say(1, "x", "1"), say(2, "x", "1")}
				failed := w.publisher(Config{}).Publish(t.Context(), batch)
				if (len(failed) > 0) != c.failed || len(w.closed) != c.closed || len(w.forgotten) != c.forgeted {
					t.Errorf("failed %v, closed %v, forgotten %v", failed, w.closed, w.forgotten)
				}
			})
		})
	}
}

func TestAFailureStopsItsOwnerAndNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.user("a", "1")
		w.user("b", "2")
		bad := true
		w.answer = func(_, frame string) error {
			if bad && frame == "user e 2" {
				return stream.ErrUnavailable
			}
			return nil
		}
		w.disconnect = func(string) error { return stream.ErrUnavailable }
		p := w.publisher(Config{})
		batch := []stream.Change{say(1, "x", "1"), say(2, "x", "1"), say(3, "x", "1", "2"), say(4, "y", "1", "2")}
		wantFailed(t, p.Publish(t.Context(), batch), "2", "3")
		w.want("a", heard(1, 4)...)
		bad = false
		wantFailed(t, p.Publish(t.Context(), batch[1:]))
		w.want("a", heard(1, 4, 2, 3)...)
		if got := w.got["b"]; len(got) != 2 {
			t.Errorf("b got %v", got)
		}
	})
}

func TestPartsOfAChangeThatFailedAreNotDeliveredAheadOfIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.user("a", "1")
		w.answer = func(_, frame string) error {
			if frame == "user filters_changed " {
				return stream.ErrUnavailable
			}
			return nil
		}
		w.disconnect = func(string) error { return stream.ErrUnavailable }
		c := record(1, "1", "notification", `{}`, nil)
		c.Old = &stream.Item{Owner: "1", ID: "x", Kind: "filter"}
		p := w.publisher(Config{})
		wantFailed(t, p.Publish(t.Context(), []stream.Change{c}), "1")
		w.want("a")
		w.answer = nil
		wantFailed(t, p.Publish(t.Context(), []stream.Change{c}))
		w.want("a", "user filters_changed ", "user notification {}")
	})
}
