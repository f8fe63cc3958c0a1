package main

import "math"

// servers is what one would run instead: two small servers or more with a socket server, a Redis between
// them, and a network load balancer in front. Nobody's time is in it.
type servers struct {
	// sockets and posts are what one server holds, and sends in a second; peak is how many times the
	// average there is at the busiest time, for which servers are bought.
	sockets, posts, peak float64
}

// defaultServers are on the safe side of what a socket server does on two cores with 4 GB: 40 KB a
// socket with TLS, and some ten microseconds of a core a frame.
var defaultServers = servers{sockets: 50_000, posts: 50_000, peak: 2}

// count is how many are needed: two, so that one may fail, or more.
func (s servers) count(w workload) float64 {
	perSecond := w.delivered() / monthSeconds
	return max(2, math.Ceil(s.peak*w.connections/s.sockets), math.Ceil(s.peak*perSecond/s.posts))
}

// month is what they cost, without what leaves for the internet, as in bill.total.
func (s servers) month(w workload) float64 {
	gbPerHour := w.delivered() * (w.bytes + envelope) / 1e9 / monthHours
	units := max(s.peak*w.connections/100_000, w.sessions()/monthSeconds/800, gbPerHour)
	return monthHours * (s.count(w)*pricePerServerHour + pricePerRedisHour + pricePerBalancerHour + units*pricePerBalancerUnit)
}

// most is up to how many times a workload the break-even is looked for, and least from.
const least, most = 1e-6, 1e3

// breakEven is the least number of connections, with all that grows with them, from which servers are
// cheaper. It is 0 if they always are, and infinite if they never are.
func (s servers) breakEven(w workload, f figures) float64 {
	cheaper := func(factor float64) bool {
		at := w.times(factor)
		return s.month(at) < billOf(at, f).total()
	}
	if cheaper(least) {
		return 0
	}
	for factor := least; factor < most; factor *= 1.05 {
		if cheaper(factor * 1.05) {
			return w.connections * bisect(factor, factor*1.05, cheaper)
		}
	}
	return math.Inf(1)
}

// bisect finds where holds becomes true between two factors.
func bisect(from, to float64, holds func(float64) bool) float64 {
	for to/from > 1.0005 {
		if middle := math.Sqrt(from * to); holds(middle) {
			to = middle
		} else {
			from = middle
		}
	}
	return to
}
