package enforce

import "time"

// Tally is what a batch came to.
type Tally struct {
	// Closed is how many connections and readers were closed, and Latency how long after its row's
	// change each order that closed some was carried out: up to a second too long, as rows' times are
	// whole seconds.
	Closed  int
	Latency []time.Duration
	// Failed is how many records must come again.
	Failed int
}

func (t *Tally) add(other Tally) {
	t.Closed += other.Closed
	t.Latency = append(t.Latency, other.Latency...)
}
