package sim

import (
	"fmt"
	"hash/fnv"
	"math"
	"time"

	"edgestream/functions/internal/stream"
)

// The clocks of instances are off by up to usualClocks, as those may be that a service sets, and in some runs by
// up to wrongClocks: those of two instances are stream.Apart then at the most.
const (
	usualClocks = 50 * time.Millisecond
	wrongClocks = stream.Apart / 2
)

// share is below one, and depends on the seed and on what it is of alone: whatever else is drawn stays the
// same.
func (w *world) share(of string) float64 {
	h := fnv.New64a()
	_, _ = fmt.Fprint(h, w.seed, of)
	return float64(h.Sum64()*0x9E3779B97F4A7C15>>11) / (1 << 53) // the upper bits of a hash like this differ little
}

// clocks is by how much clocks are off in this run.
func (w *world) clocks() time.Duration {
	if w.share("clocks that are wrong") < 0.2 {
		return time.Duration(w.share("clocks") * float64(wrongClocks))
	}
	return usualClocks
}

// clockOf is by how much the instance's clock is ahead, or, below zero, behind.
func (w *world) clockOf(instance string) time.Duration {
	return time.Duration(math.Round((2*w.share(instance) - 1) * float64(w.weather.clocks)))
}

// now is the time by the instance's clock.
func (a *actor) now() time.Time { return time.Now().Add(a.offset) }
