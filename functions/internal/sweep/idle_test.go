package sweep_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"edgestream/functions/internal/stream"
)

// TestEveryConnectionLivesItsTwoHours lets connections of every phase live, of which some speak at
// random, while each minute has a run that comes up to ten seconds late. None is ever idle too long, the quiet
// ones get a frame in nine minutes, and those that speak often none.
func TestEveryConnectionLivesItsTwoHours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		quiet, busy, sometimes := []string{}, []string{}, []string{}
		for i := range 270 {
			for _, kind := range []struct {
				name string
				ids  *[]string
			}{{"quiet", &quiet}, {"busy", &busy}, {"sometimes", &sometimes}} {
				id := fmt.Sprintf("%s%d=", kind.name, i)
				w.open(id, time.Duration(-i)*time.Second) // they connect in the next minutes
				w.active[id] = w.rows[id].ConnectedAt
				*kind.ids = append(*kind.ids, id)
			}
		}
		random := rand.New(rand.NewPCG(1, 2))
		start := time.Now()
		for minute := range 119 {
			at := time.Duration(minute)*time.Minute + time.Duration(random.Int64N(int64(10*time.Second)))
			time.Sleep(at - time.Since(start))
			for i := range busy {
				w.speak(busy[i])
				if random.IntN(9) == 0 {
					w.speak(sometimes[i])
				}
			}
			w.run(t)
		}
		frames := 0
		for i := range quiet {
			frames += len(w.frames[quiet[i]])
			if n := len(w.frames[busy[i]]); n > 0 {
				t.Errorf("%s got %d frames", busy[i], n)
			}
			if n := w.asked[busy[i]]; n > 26 {
				t.Errorf("%s was looked at %d times", busy[i], n)
			}
		}
		mean := float64(frames) / float64(len(quiet))
		t.Logf("a quiet connection gets %.1f frames in two hours", mean)
		if mean < 12 || mean > 14.5 {
			t.Errorf("a quiet connection gets %.1f frames", mean)
		}
		if len(w.rows) != 3*270 {
			t.Errorf("%d of %d are still there", len(w.rows), 3*270)
		}
	})
}

// speak sends a message of the connection's client, if it is open by then.
func (w *world) speak(id string) {
	if now := time.Now(); now.After(w.rows[id].ConnectedAt) {
		w.active[id] = now
	}
}

func TestAConnectionThatEndsByItsAgeGetsNoFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.open("A=", 26*270*time.Second)
		w.active["A="] = time.Now().Add(-6 * time.Minute)
		w.run(t)
		if len(w.frames["A="]) != 0 || w.asked["A="] != 1 {
			t.Errorf("frames %q, asked %d times", w.frames["A="], w.asked["A="])
		}
	})
}

func TestAKeepAliveNamesASubscription(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.open("A=", 540*time.Second, stream.Subscription{Stream: stream.List, Param: "12"})
		w.open("B=", 540*time.Second)
		for _, id := range []string{"A=", "B="} {
			w.active[id] = time.Now().Add(-9 * time.Minute)
		}
		w.run(t)
		if got := fmt.Sprint(w.frames["A="], w.frames["B="]); got != "[list#12] [user]" {
			t.Errorf("frames %s", got)
		}
	})
}

// A keep-alive's id is of now: a client that has not been sent what it missed must not get it.
func TestAConnectionWhoseReplayDoesNotEndIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.replaying = map[string]bool{"A=": true, "B=": true, "D=": true}
		for id, active := range map[string]time.Duration{"A=": 9 * time.Minute, "B=": time.Minute, "C=": 9 * time.Minute, "D=": 9 * time.Minute} {
			w.open(id, 540*time.Second, stream.Subscription{Stream: stream.User})
			s := w.rows[id]
			s.EventIDs = id != "D=" // a mapping without ids is never asked for
			w.rows[id], w.active[id] = s, time.Now().Add(-active)
		}
		w.run(t)
		if _, open := w.active["A="]; open || len(w.frames["A="]) != 0 || len(w.frames["B="]) != 0 {
			t.Errorf("open %t, frames %q", open, w.frames)
		}
		if _, open := w.active["B="]; !open || len(w.frames["C="]) != 1 || len(w.frames["D="]) != 1 || w.last.Stalled != 1 || w.last.KeptAlive != 2 {
			t.Errorf("open %t, frames %q, %+v", open, w.frames, w.last)
		}
	})
}

// A transport that does not say when a connection was active last is taken not to know of any.
func TestAnUnknownIdleTimeCountsAsLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.open("A=", 270*time.Second)
		s := w.sweeper()
		s.Transport = forgetful{w}
		if err := s.Sweep(t.Context(), time.Now()); err != nil || len(w.frames["A="]) != 1 {
			t.Errorf("frames %q, %v", w.frames["A="], err)
		}
	})
}
