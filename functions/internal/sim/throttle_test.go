package sim

import (
	"errors"
	"fmt"
	"time"

	"edgestream/functions/internal/history"
)

// errThrottled is what a table answers that is asked for more than it has. The adapters of Connections and of
// Accounts return it as it is, so the domain knows it for nothing of its own; History's says that it is unavailable.
var (
	errThrottled        = errors.New("ProvisionedThroughputExceededException")
	errHistoryThrottled = fmt.Errorf("%w: %w", history.ErrUnavailable, errThrottled)
)

// throttle is a time in which a table answers so to a part of what it is asked, at once: nothing has been done
// then, and nobody waits for an answer.
type throttle struct {
	spell
	part float64
}

// throttles are those of a run, by class: none of what is no table, and none in most runs.
func (w *world) throttles() (all [classes]throttle) {
	for _, c := range []class{stores, appends, reads, accountReads} {
		share := func(of string) float64 { return w.share(fmt.Sprint(of, " ", c)) }
		if share("throttled") < 0.15 {
			from := time.Duration(share("from") * float64(busy))
			all[c] = throttle{spell{from, from + time.Duration(share("for")*float64(20*time.Second))}, 0.2 + 0.6*share("part")}
		}
	}
	return all
}

// throttled is how a table refuses an operation now; nil: it does not.
func (w *world) throttled(c class) error {
	if t := w.weather.throttled[c]; !t.has(time.Since(w.start)) || !w.chance(t.part) {
		return nil
	}
	w.saw("a request that a table throttles")
	if c == appends || c == reads {
		return errHistoryThrottled
	}
	return errThrottled
}
