package publish

import "sync/atomic"

// health is how posts fare in this batch: the evidence for whether a connection that keeps
// failing is to blame, or the transport.
type health struct {
	// down says that the transport was found failing and that nothing has succeeded since.
	down           atomic.Bool
	first, retried atomic.Int64
}

// successes are posts that were accepted: at once, and after having been refused.
type successes struct{ first, retried int64 }

func (s successes) minus(o successes) successes {
	return successes{s.first - o.first, s.retried - o.retried}
}

// throttled reports whether many of the others, a fifth and more, got through only by trying
// again. Clients that do not read never get through at all: they cannot make it look so. Where
// four in five get through at once, a connection that is refused ten times has a reason of its own.
func (s successes) throttled() bool { return 4*s.retried > s.first }

// healthy reports whether others got through mostly at once.
func (s successes) healthy() bool { return s.first > 0 && !s.throttled() }

func (h *health) seen() successes { return successes{h.first.Load(), h.retried.Load()} }

func (h *health) succeeded(retried bool) {
	if retried {
		h.retried.Add(1)
	} else {
		h.first.Add(1)
	}
	if h.down.Load() {
		h.down.Store(false)
	}
}
