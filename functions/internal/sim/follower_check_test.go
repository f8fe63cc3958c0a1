package sim

import (
	"slices"
	"time"
)

// followed checks what a follower got over all its responses.
func (c *checker) followed(f *follower) {
	for _, a := range f.got {
		if !a.hears(f.account, f.sub) {
			c.blame(c.markOf(f.name, a.record), "%s got %d, which was not for it", f.name, a.number)
		}
	}
	f.repeats()
	switch chains := f.chains(); {
	case f.stopped.IsZero():
		c.blame(mark{client: f.name}, "%s has not come to an end", f.name)
	case f.ids && !f.since.IsZero():
		f.span(f.since, f.stopped, f.stopped)
	case !f.ids:
		for i, chain := range chains {
			from, last := chain[0].opened, chain[len(chain)-1]
			if to := last.ended.Add(-lasting); i < len(chains)-1 {
				f.span(from, last.ended, to)
			} else {
				f.span(from, f.stopped, f.stopped)
			}
		}
	}
}

// repeats checks that nothing came twice. One without ids whose connection broke may go on where the function did,
// which knew nothing of that.
func (f *follower) repeats() {
	seen := map[int]bool{}
	for _, a := range f.got {
		switch again := seen[a.number]; {
		case again && !f.ids && f.broken:
			f.saw("a repeat")
		case again:
			f.blame(f.check.markOf(f.name, a.record), "%s got %d twice", f.name, a.number)
		}
		seen[a.number] = true
	}
}

// span checks that what was written within a time came in the order of its owners, and that all came of it that was
// done by then.
func (f *follower) span(from, to, by time.Time) {
	latest, came := map[string]int{}, map[int]bool{}
	for _, a := range f.got {
		if a.written.Before(from) || a.at.After(to) || came[a.number] {
			continue
		}
		came[a.number] = true
		if last, any := latest[a.Owner]; any && last > a.number {
			f.blame(f.check.markOf(f.name, a.record), "%s got %d of %s after %d", f.name, a.number, a.Owner, last)
		}
		latest[a.Owner] = a.number
	}
	for _, r := range f.records {
		if !r.hears(f.account, f.sub) || r.written.Before(from) || r.done.IsZero() || r.done.After(by) {
			continue
		}
		f.world.tally.due++
		if !came[r.number] {
			f.blame(f.check.markOf(f.name, r), "%s missed %d of %s", f.name, r.number, r.Owner)
		}
	}
}

// chains are the responses of which each goes on where the one before it ended. What was refused, or never came, is
// left out, and ends a chain.
func (f *follower) chains() (all [][]*reply) {
	var last *reply
	for _, r := range f.replies {
		switch {
		case r.refused || r.opened.IsZero():
			r = nil
		case last != nil && last.whole && !last.left && !last.unsure && r.opened.Sub(last.ended) < lasting-10*time.Second:
			f.saw("a response that goes on where the last one ended")
			all[len(all)-1] = append(slices.Clip(all[len(all)-1]), r)
		default:
			all = append(all, []*reply{r})
		}
		last = r
	}
	return all
}
