package publish

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"edgestream/functions/internal/stream"
)

func TestATallySaysOfEachChangeHowManyItWasForAndHowLongItTook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for _, c := range []string{"a", "b", "c"} {
			w.user(c, "1")
		}
		w.latency = func(string) time.Duration { return time.Second }
		w.answer = func(c, _ string) error {
			if c == "b" {
				return stream.ErrGone
			}
			return nil
		}
		wide, silent, ahead := say(1, "x", "1"), say(2, "x", "9"), say(3, "y", "1")
		wide.At, silent.At, ahead.At = time.Now().Add(-3*time.Second), time.Now(), time.Now().Add(time.Hour)
		wantFailed(t, w.publisher(Config{}).Publish(t.Context(), []stream.Change{wide, silent, ahead}))
		got := w.last()
		if !slices.Equal(got.Audiences, []int{3, 2}) {
			t.Errorf("audiences %v: b is gone after the first", got.Audiences)
		}
		if !slices.Equal(got.Latencies, []time.Duration{4 * time.Second, 0}) || got.Latency != 4*time.Second {
			t.Errorf("latencies %v, longest %v", got.Latencies, got.Latency)
		}
	})
}
