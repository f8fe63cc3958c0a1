package sim

import "testing"

// Seeds that found mistakes, which each of them finds again if it is made again. What is drawn changes
// with the simulation: whoever changes that looks for others.
var kept = []struct {
	what, storm string
	world       string
	seed        uint64
	// before says that it was found before clocks differed.
	before bool
}{
	{"an answer that could not be posted left a client waiting", "", "mastodon", 35, true},
	{"a client that resumed was sent what it could not resume behind", "", "mastodon", 518, true},
	{"another instance overtook what was with the greeter", "slow openings on many instances", "mastodon", 20, true},
	{"an answer of 410 that took long counted as of when it came", "slow openings on many instances", "mastodon", 6, true},
	{"the greeter posted a frame seconds late, behind later ones", "", "mastodon", 3043, true},
	{"an event that came late had an id from before all logs were kept", "", "mastodon", 3113, true},
	{"what was on the queue without an answer was posted as well", "", "wide", 479, true},
	{"a part that failed forgot what it had posted", "a bad transport", "wide", 2, true},
	{"what was held back counted as posted, and was not sent again", "", "wide", 170, true},
	{"a subscription that another message had made anew was left without its place", "", "channels", 76, true},
	{"a channel counted as occupied whose notifier had died", "long waits", "channels", 1, false},
	{"a connection was taken for gone by a clock that was ahead", "clocks that are wrong", "mastodon", 24, false},
	{"a handoff was left twice as an answer was lost", "bad tables", "mastodon", 1398, false},
}

func TestSeedsThatFoundMistakes(t *testing.T) {
	for _, k := range kept {
		t.Run(k.what, func(t *testing.T) {
			report(t, simulate(t, k.seed, options{storm: k.storm, scene: k.world, before: k.before}))
		})
	}
}
