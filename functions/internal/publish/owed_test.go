package publish

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"edgestream/functions/internal/history"
	"edgestream/functions/internal/stream"
)

// owing is a world in which what account 1 filters cannot be read: no status is posted to it.
func owing(t *testing.T) (w *world, l *stream.Listener) {
	w = newWorld(t)
	l = w.user("a", "1")
	l.EventIDs = true
	w.filters(l, blocking("8"))
	w.viewers.unread = []string{"1"}
	return w, l
}

// invoke is one invocation of the function, of a minute.
func invoke(t *testing.T, p *Publisher, changes ...stream.Change) []string {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	return p.Publish(ctx, changes)
}

// TestAnEventIsMissedByNoID: an event waits, others come to the same socket, and it is cut at any
// time: the client's last id goes back to the event, whenever that is.
func TestAnEventIsMissedByNoID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, l := owing(t)
		stuck, p, other := post(1, "7", "x", "1"), w.publisher(Config{}), w.publisher(Config{})
		start := time.Now()
		for n := 2; len(w.closed) == 0; n++ {
			if time.Since(start) > history.Delivery {
				t.Fatal("the connection is still open, with ids that are too late")
			}
			failed := invoke(t, p, stuck)
			if len(w.closed) == 0 {
				wantFailed(t, failed, "1")
			}
			if len(w.closed) == 0 {
				wantFailed(t, invoke(t, other, say(n, "y", "1"))) // another shard's publisher
			}
			time.Sleep(7 * time.Second)
		}
		waited := time.Since(start)
		if got := len(w.got["a"]); waited < history.Delivery/2 || waited > history.Delivery-history.Lateness || got < 3 {
			t.Errorf("closed after %v, %d frames", waited, got)
		}
		last := w.log.entries[len(w.log.entries)-1]
		from, err := bound(l).Parse(bound(l).EventID(last, 0), time.Now())
		if first := w.log.entries[0]; err != nil || first.Record != "event1" || !first.At.After(from.After) {
			t.Errorf("behind %v, where the event stands at %v: %v", from.After, first.At, err)
		}
		if !slices.Equal(w.forgotten, []string{"a"}) || w.last().Closed > 1 {
			t.Errorf("forgotten %v, tally %+v", w.forgotten, w.last())
		}
		wantFailed(t, invoke(t, p, stuck))
	})
}

func TestABatchThatCannotDeliverEndsInTimeToCloseItsConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.user("a", "1").EventIDs = true
		w.user("b", "1")
		w.user("c", "2").EventIDs = true
		n, closed := 0, time.Time{}
		w.answer = func(c, frame string) error { // as a quota does: others get through, but late
			if n++; c == "c" && n%4 == 0 {
				return nil
			}
			return stream.ErrThrottled
		}
		w.disconnect = func(string) error { closed = time.Now(); return nil }
		start := time.Now()
		batch := []stream.Change{say(1, "x", "1")}
		for i := range 200 {
			batch = append(batch, say(i+2, "y", "2"))
		}
		invoke(t, w.publisher(Config{Patience: time.Hour}), batch...)
		if took := time.Since(start); took > history.Delivery-history.Lateness || closed.Sub(start) < history.Delivery/2 {
			t.Errorf("took %v, closed after %v", took, closed.Sub(start))
		}
		if !slices.Contains(w.closed, "a") || slices.Contains(w.closed, "b") {
			t.Errorf("closed %v", w.closed)
		}
	})
}

func TestWhoIsOwedNothingOrTooLateIsNotClosed(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*world, *stream.Listener)
		waits  []time.Duration
	}{
		"without ids":  {func(_ *world, l *stream.Listener) { l.EventIDs = false }, []time.Duration{40 * time.Second}},
		"soon":         {nil, []time.Duration{20 * time.Second}},
		"after a long": {nil, []time.Duration{2 * time.Minute}},
		"it got it": {func(w *world, _ *stream.Listener) {
			w.viewers.unread = nil
			w.user("b", "1")
			w.answer = func(c, _ string) error {
				if c == "b" {
					return stream.ErrUnavailable
				}
				return nil
			}
			w.disconnect = func(string) error { return stream.ErrUnavailable }
		}, []time.Duration{40 * time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, l := owing(t)
				if tt.change != nil {
					tt.change(w, l)
				}
				keep(w, stream.AccountTopic("1"))
				p, stuck := w.publisher(Config{}), post(1, "7", "x", "1")
				wantFailed(t, invoke(t, p, stuck), "1")
				for _, d := range tt.waits {
					time.Sleep(d)
					wantFailed(t, invoke(t, p, stuck), "1")
				}
				if slices.Contains(w.closed, "a") || len(w.forgotten) > 0 {
					t.Errorf("closed %v, forgotten %v", w.closed, w.forgotten)
				}
			})
		})
	}
}

func TestAConnectionThatCannotBeClosedGetsItsEventLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := owing(t)
		w.disconnect = func(string) error { return stream.ErrUnavailable }
		p, stuck := w.publisher(Config{}), post(1, "7", "x", "1")
		wantFailed(t, invoke(t, p, stuck), "1")
		time.Sleep(40 * time.Second)
		start := time.Now()
		wantFailed(t, invoke(t, p, stuck), "1")
		if took := time.Since(start); took > closing+time.Second {
			t.Errorf("took %v", took)
		}
		w.viewers.unread = nil
		wantFailed(t, invoke(t, p, stuck))
		if len(w.got["a"]) != 1 || len(w.closed) > 0 {
			t.Errorf("got %q, closed %v", w.got["a"], w.closed)
		}
	})
}
