package sweep_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/sweep"
)

// forgetful never says when a connection was active.
type forgetful struct{ *world }

func (forgetful) Active(context.Context, string) (time.Time, error) { return time.Time{}, nil }

func TestATokenThatRanOutEndsItsConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		for i, at := range []time.Duration{-3 * time.Minute, -time.Second, 0, time.Second} {
			id := fmt.Sprintf("c%d=", i)
			w.open(id, time.Hour)
			w.expiries = append(w.expiries, sweep.Expiry{Connection: w.rows[id].Connection, At: time.Now().Add(at)})
		}
		delete(w.active, "c2=") // it has left by itself
		w.run(t)
		if len(w.expiries) != 2 || len(w.rows) != 2 || len(w.active) != 2 || w.last.Expired != 2 || w.last.Failed != 0 {
			t.Errorf("%d expiries, %d rows, %d open, %+v", len(w.expiries), len(w.rows), len(w.active), w.last)
		}
	})
}

// The rows go although the connection cannot be closed, so that it gets nothing.
func TestATokenThatRanOutSilencesWhatCannotBeClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.open("A=", time.Hour)
		w.expiries = []sweep.Expiry{{Connection: w.rows["A="].Connection, At: time.Now()}}
		w.answer = func(context.Context, string) error { return stream.ErrUnavailable }
		w.run(t)
		if len(w.rows) != 0 || len(w.expiries) != 1 || w.last.Failed != 1 || w.last.Left == 0 {
			t.Errorf("%d rows, %d expiries, %+v", len(w.rows), len(w.expiries), w.last)
		}
		w.answer = nil
		time.Sleep(time.Minute)
		w.run(t)
		if len(w.active) != 0 || len(w.expiries) != 0 || w.last.Left != 0 {
			t.Errorf("%d open, %d expiries, %+v", len(w.active), len(w.expiries), w.last)
		}
	})
}

func TestAnExpiredConnectionIsNotKeptAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.open("A=", 540*time.Second)
		s := w.rows["A="]
		s.TokenExpires = time.Now().Add(-time.Second)
		w.rows["A="], w.active["A="] = s, time.Now().Add(-9*time.Minute)
		w.run(t)
		if w.last.Visited != 0 || len(w.frames) != 0 {
			t.Errorf("%+v, frames %v", w.last, w.frames)
		}
	})
}

func TestWhatConnectionsLeaveIsRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.open("dead=", sweep.Dead+time.Second)
		w.open("ended=", sweep.Dead-time.Second)
		w.open("gone=", 270*time.Second)
		w.open("open=", 271*time.Second)
		delete(w.active, "gone=")
		w.run(t)
		if _, stays := w.rows["ended="]; !stays || len(w.rows) != 2 || w.asked["dead="] != 0 {
			t.Errorf("rows %v", w.rows)
		}
		want := sweep.Tally{Visited: 2, Gone: 1, Removed: 1}
		if w.last != want || !w.logged("visited=2 keptAlive=0 stalled=0 gone=1 felt=0 asked=0 vanished=0 expired=0 removed=1 failed=0") {
			t.Errorf("%+v, log %s", w.last, &w.log)
		}
	})
}

func TestARunWithNothingToDoIsQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.run(t)
		if w.log.Len() > 0 || !w.progress.Until.Equal(time.Now()) {
			t.Errorf("log %s, progress %v", &w.log, w.progress)
		}
	})
}

// Progress of a time that is far from having come, by mistake, holds up nothing.
func TestProgressThatCannotBeIsPutRight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.progress.Until = time.Now().Add(time.Hour)
		w.open("A=", 300*time.Second)
		w.run(t)
		if w.last.Visited == 0 || !w.progress.Until.Equal(time.Now()) {
			t.Errorf("%+v, progress %v", w.last, w.progress)
		}
		w.progress.Until = time.Now().Add(time.Minute) // another run was faster
		w.run(t)
		if w.last.Visited != 0 || w.last.Left != 0 {
			t.Errorf("%+v", w.last)
		}
	})
}

// Each connection is due once in 270 s, whatever the runs: also where one came late, or twice.
func TestRunsThatAreMissedOrDoubledLoseNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.run(t)
		for i := range 270 {
			w.open(fmt.Sprintf("c%d=", i), time.Duration(i)*time.Second)
		}
		for _, pause := range []time.Duration{time.Minute, 0, 4 * time.Minute, 30 * time.Second, 0} {
			time.Sleep(pause)
			for id := range w.rows {
				w.active[id] = time.Now()
			}
			w.run(t)
		}
		for id := range w.rows {
			if w.asked[id] < 1 || w.asked[id] > 2 {
				t.Errorf("%s was looked at %d times", id, w.asked[id])
			}
		}
	})
}

func TestHowFarBackARunGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.progress.Until = time.Now().Add(-time.Hour)
		w.run(t)
		if first := w.reads[0]; first.To.Sub(first.From) != 90*time.Second+sweep.Dead-sweep.Every || len(w.reads) != 20 {
			t.Errorf("%d reads, the first of %v", len(w.reads), first)
		}
		if want := time.Now().Add(-sweep.MaxWindow - sweep.Dead); !w.reads[0].From.Equal(want) {
			t.Errorf("from %v, want %v", w.reads[0].From, want)
		}
	})
}

// Where many are due, their ranges are read alone. Both ways find the same.
func TestManyConnectionsAreReadByTheirRanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		for i := range 2 * int(sweep.Dead/time.Second) {
			w.open(fmt.Sprintf("c%d=", i), time.Duration(i)*500*time.Millisecond)
		}
		for _, due := range []int{999, 1000} {
			w.reads, w.asked = nil, map[string]int{}
			w.progress = sweep.Progress{Until: time.Now().Add(-time.Minute), Due: due}
			w.run(t)
			want := map[int]int{999: 1, 1000: 27}[due]
			if len(w.reads) != want || w.last.Visited != 26*120 || w.progress.Due != 26*120 {
				t.Errorf("%d reads, want %d; %+v, progress %+v", len(w.reads), want, w.last, w.progress)
			}
		}
	})
}

// What time is too short for is left, and only what is done counts as such.
func TestARunEndsInTimeAndSaysWhatIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		for i := range 1000 {
			w.open(fmt.Sprintf("c%d=", i), 300*time.Second)
		}
		w.progress.Until = time.Now().Add(-3 * time.Minute)
		w.answer = func(ctx context.Context, _ string) error {
			select {
			case <-time.After(10 * time.Second):
				return nil
			case <-ctx.Done():
				return stream.ErrUnavailable
			}
		}
		start := time.Now()
		w.run(t)
		if took := time.Since(start); took > 51*time.Second {
			t.Errorf("took %v", took)
		}
		if want := start.Add(-90 * time.Second); !w.progress.Until.Equal(want) || w.last.Left != 90*time.Second || !w.logged("left=1m30s") {
			t.Errorf("progress %v, want %v; %+v", w.progress, want, w.last)
		}
	})
}

// One that could not be closed among many is closed by a later run.
func TestWhoseTokenHasRunOutIsClosedInTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		for i := range 30 {
			id := fmt.Sprintf("c%d=", i)
			w.open(id, time.Minute)
			w.expiries = append(w.expiries, sweep.Expiry{Connection: w.rows[id].Connection, At: time.Now().Add(-time.Second)})
		}
		bad := time.Now().Add(90 * time.Second)
		w.answer = func(_ context.Context, id string) error {
			if id == "c7=" && time.Now().Before(bad) {
				return stream.ErrThrottled
			}
			return nil
		}
		for range 3 {
			w.run(t)
			time.Sleep(time.Minute)
		}
		if len(w.active) != 0 || len(w.expiries) != 0 {
			t.Errorf("open: %v, left: %v", w.active, w.expiries)
		}
	})
}

func TestOneConnectionInTroubleHoldsNothingUp(t *testing.T) {
	for trouble, left := range map[int]time.Duration{1: 0, 2: time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld()
			for i := range 10 {
				w.open(fmt.Sprintf("c%d=", i), 300*time.Second)
			}
			w.answer = func(_ context.Context, id string) error {
				if id < fmt.Sprintf("c%d=", trouble) {
					return stream.ErrThrottled
				}
				return nil
			}
			w.run(t)
			if w.last.Left != left || w.last.Failed != trouble || w.last.Visited != 10 {
				t.Errorf("%d in trouble: %+v", trouble, w.last)
			}
		})
	}
}

func TestWhatPassesIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.open("A=", 540*time.Second)
		w.active["A="] = time.Now().Add(-9 * time.Minute)
		calls := 0
		w.answer = func(context.Context, string) error {
			if calls++; calls%3 != 0 {
				return stream.ErrThrottled
			}
			return nil
		}
		w.run(t)
		if calls != 6 || w.last != (sweep.Tally{Visited: 1, KeptAlive: 1}) {
			t.Errorf("%d calls, %+v", calls, w.last)
		}
		w.answer = func(context.Context, string) error { calls++; return errors.New("forbidden") }
		w.progress.Until = time.Now().Add(-time.Minute)
		w.open("A=", 540*time.Second)
		calls = 0
		w.run(t)
		if calls != 1 || w.last.Failed != 1 {
			t.Errorf("%d calls, %+v", calls, w.last)
		}
	})
}

func TestATableThatFailsIsAnError(t *testing.T) {
	for _, call := range []string{"progress", "expiring", "opened", "advance"} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld()
			w.broken = call
			if err := w.sweeper().Sweep(t.Context(), time.Now()); !errors.Is(err, errTable) || !w.logged("table is unavailable") {
				t.Errorf("%s: %v, log %s", call, err, &w.log)
			}
		})
	}
	for _, call := range []string{"close", "settle"} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld()
			w.open("A=", time.Hour)
			w.expiries = []sweep.Expiry{{Connection: w.rows["A="].Connection, At: time.Now()}}
			w.broken = call
			w.run(t)
			if w.last.Failed != 1 {
				t.Errorf("%s: %+v", call, w.last)
			}
		})
	}
}
