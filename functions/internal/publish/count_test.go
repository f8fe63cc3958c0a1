package publish

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"edgestream/functions/internal/stream"
)

func TestCountsAreToldOncePerBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, s := newWorld(t), &script{}
		v := newVenue(w)
		p := w.channels(v, Config{})
		w.subscribe("room", "a", "b")
		s.counted("room")
		one := s.event("room")
		s.counted("room")
		s.join(cache, "", "c")
		s.counted(cache)
		s.leave(cache, "", "c")
		wantFailed(t, p.Publish(t.Context(), s.records))
		w.want("a", eventFrame("room", one), "channel#room "+stream.EventCount+` {"subscription_count":2}`)
		w.want("c", welcomed(cache), missFrame(cache), "channel#"+cache+" "+stream.EventCount+` {"subscription_count":0}`)
		slices.Sort(v.hooks)
		if want := []string{"count 4072/cache-x 0", "count 4072/room 2", "miss 4072/cache-x"}; !slices.Equal(v.hooks, want) {
			t.Errorf("told %q", v.hooks)
		}
	})
}

func TestACrowdIsCountedEveryFiveSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, s := newWorld(t), &script{}
		v := newVenue(w)
		p := w.channels(v, Config{})
		for i := range 101 {
			w.subscribe("room", fmt.Sprint("c", i))
		}
		frame := "channel#room " + stream.EventCount + ` {"subscription_count":101}`
		count := func(want int) {
			t.Helper()
			n := s.counted("room")
			wantFailed(t, p.Publish(t.Context(), s.from(n)))
			if got := w.got["c7"]; len(got) != want || len(got) > 0 && got[len(got)-1] != frame {
				t.Errorf("got %q, want %d", got, want)
			}
		}
		count(1)
		time.Sleep(1500 * time.Millisecond)
		count(1)
		count(1)
		if want := []string{"4072/room 4s"}; !slices.Equal(v.recounts, want) {
			t.Errorf("to be counted again: %q", v.recounts)
		}
		time.Sleep(4 * time.Second)
		count(2)
		time.Sleep(time.Second)
		v.fails = func(string) error { return errOdd }
		n := s.counted("room")
		wantFailed(t, p.Publish(t.Context(), s.from(n)), fmt.Sprint(n))
		v.fails = nil
		wantFailed(t, p.Publish(t.Context(), s.from(n)))
		if len(w.got["c7"])+len(v.recounts) != 4 {
			t.Errorf("got %q, to be counted again: %q", w.got["c7"], v.recounts)
		}
	})
}
