package sim

import (
	"time"

	"edgestream/functions/internal/stream"
)

// class is a kind of operation: what can befall it depends on that.
type class int

const (
	posts   class = iota // API Gateway's management API
	invokes              // Lambda, asynchronously
	stores               // the Connections table
	appends              // the History table
	reads
	accountReads // the Accounts table
	classes
)

// weather says how likely what is to go wrong in a run. The zero weather is fine.
type weather struct {
	// refused are requests that have no effect, lost those whose answer says nothing, slow those that
	// take up to seconds; by class.
	refused, lost, slow [classes]float64
	// down are spells in which a class fails whole.
	down [classes]spell
	// kill is how likely an instance dies at one of its steps.
	kill float64
	// rate and burst are the account's quota of management calls; 0: none.
	rate, burst float64
	// slowClients are those whose socket takes nothing for seconds.
	slowClients float64
	// drops is how likely a client's connection breaks within ten seconds, and unseen that API Gateway
	// does not see it break for a while.
	drops, unseen float64
	// forgotten and late are $disconnects.
	forgotten, late float64
	// twice are batches, and asynchronous invocations, that come a second time.
	twice float64
	// moves are batches that go to another instance than the one before them.
	moves float64
	// lag are pauses of a poller.
	lag float64
	// splits is how many shards are split.
	splits int
	// skew is by how much the clocks of writers differ from the world's at the most.
	skew time.Duration
	// clocks is by how much those of instances do.
	clocks time.Duration
	// throttled are tables that are asked for too much.
	throttled [classes]throttle
}

// spell is a time, from the start of the run.
type spell struct{ from, to time.Duration }

func (s spell) has(d time.Duration) bool { return d >= s.from && d < s.to }

// newWeather is anything from fine to wild.
func newWeather(s *scheduler) (w weather) {
	wild := s.random.Float64() * s.random.Float64()
	some := func(most float64) float64 {
		if s.chance(0.5) {
			return 0
		}
		return most * wild * s.random.Float64()
	}
	for c := range w.refused {
		w.refused[c], w.lost[c], w.slow[c] = some(0.3), some(0.1), some(0.2)
		if s.chance(0.3 * wild) {
			from := s.between(5*time.Second, busy)
			w.down[c] = spell{from, from + s.between(time.Second, 15*time.Second)}
		}
	}
	if s.chance(0.3) {
		w.slow[accountReads] = 0.6 * s.random.Float64()
	}
	w.kill, w.slowClients, w.drops, w.unseen = some(0.02), some(0.3), some(0.8), some(1)
	w.forgotten, w.late, w.twice, w.moves, w.lag = some(0.6), some(0.8), some(0.2), some(0.3), some(0.2)
	if s.chance(0.5 * wild) {
		w.rate, w.burst = 20+100*s.random.Float64(), 10+100*s.random.Float64()
	}
	w.splits = s.random.IntN(3)
	w.skew = time.Duration(some(float64(3 * time.Second)))
	return w
}

// fate is what befalls one operation.
type fate struct {
	takes, answer time.Duration
	refused, lost error
	// late says that it has its effect even when the caller has stopped waiting.
	late  bool
	kills side
}

// side is of a step.
type side int

const (
	neither side = iota
	before
	behind
)

// postTimeout is how long the functions wait for an answer (package awsenv).
const postTimeout = 5 * time.Second

// fateOf decides what befalls an operation of the class.
func (w *world) fateOf(c class) (f fate) {
	f.takes, f.answer = w.between(time.Millisecond, 8*time.Millisecond), w.between(500*time.Microsecond, 4*time.Millisecond)
	if w.calm {
		return f
	}
	if w.chance(w.weather.slow[c]) {
		f.takes = w.between(10*time.Millisecond, 1500*time.Millisecond)
	}
	if w.chance(w.weather.slow[c]) {
		f.answer = w.between(10*time.Millisecond, 1500*time.Millisecond)
	}
	f.late = c == appends && w.chance(0.5)
	switch {
	case w.weather.down[c].has(time.Since(w.start)), w.chance(w.weather.refused[c]):
		f.refused = errUnavailable
	case w.chance(w.weather.lost[c]):
		f.lost = errUnavailable
	}
	if (f.refused != nil || f.lost != nil) && w.chance(0.2) {
		f.answer = w.patienceWith(c)
	}
	if err := w.throttled(c); err != nil {
		f.answer, f.refused, f.lost = w.between(500*time.Microsecond, 4*time.Millisecond), err, nil
	}
	if w.chance(w.weather.kill) {
		f.kills = before + side(w.random.IntN(2))
	}
	return f
}

// patienceWith is how long an answer is waited for that does not come.
func (w *world) patienceWith(c class) time.Duration {
	if c == posts {
		return postTimeout
	}
	return w.between(time.Second, 1400*time.Millisecond)
}

// quota is the account's: a bucket of so many calls that fills at the rate.
type quota struct {
	left float64
	at   time.Time
}

// take takes one call from the quota. Quotas are the world's, whoever calls.
func (w *world) take() error {
	if w.weather.rate == 0 || w.calm {
		return nil
	}
	now := time.Now()
	w.quota.left = min(w.weather.burst, w.quota.left+now.Sub(w.quota.at).Seconds()*w.weather.rate)
	w.quota.at = now
	if w.quota.left < 1 {
		w.saw("a call over the account's quota")
		return stream.ErrThrottled
	}
	w.quota.left--
	return nil
}
