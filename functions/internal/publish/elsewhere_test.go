package publish

import (
	"testing"
	"testing/synctest"
)

// What an application's own table says on a channel stands in no order with what Content says there.
func TestACacheChannelKeepsNoEventOfAnotherTable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, s := newWorld(t), &script{}
		v := newVenue(w)
		p := w.channels(v, Config{})
		s.join(cache, "", "a")
		one, other := s.event(cache), s.event(cache)
		wantFailed(t, p.Publish(t.Context(), s.records[:one]))
		s.records[other-1].Elsewhere = true
		wantFailed(t, p.Publish(t.Context(), s.from(other)))
		w.want("a", welcomed(cache), missFrame(cache), eventFrame(cache, one), eventFrame(cache, other))
		if v.cached["4072/"+cache].sequence != one {
			t.Errorf("kept %v", v.cached)
		}
	})
}
