//go:build !race

// What the hot path allocates. The race detector allocates as well, so these tests are not built with
// it; part `allocations` of infra/test runs them.

package publish

import (
	"testing"

	"edgestream/functions/internal/stream"
)

// allocations is what a batch of so many changes to so many listeners takes.
func allocations(t *testing.T, listeners, changes int) float64 {
	p := manyListeners(listeners).publisher()
	var batch []stream.Change
	for n := range changes {
		batch = append(batch, say(n, "x", "1"))
	}
	return testing.AllocsPerRun(5, func() { p.Publish(t.Context(), batch) })
}

func TestAllocations(t *testing.T) {
	const many = 300
	alone, wide, long := allocations(t, 1, 1), allocations(t, 1+many, 1), allocations(t, 1, 1+many)
	both := allocations(t, 1+many, 1+many)
	for what, tt := range map[string]struct{ got, most float64 }{
		// The batch's own: its context, tables by owner, topic and listener, and the log line.
		"a batch": {alone, 40},
		// The goroutine of its lane; lanes and cursors stand in two slices, which grow.
		"a listener": {(wide - alone) / many, 1.1},
		// Its messages, topics and frame, and slices that grow.
		"a change": {(long - alone) / many, 9.2},
		// Nothing: a lane walks the messages in place, and the frame is everybody's.
		"a delivery": {(both - wide - long + alone) / (many * many), 0.0001},
	} {
		if tt.got > tt.most {
			t.Errorf("%s takes %v allocations, want at most %v", what, tt.got, tt.most)
		}
	}
}
