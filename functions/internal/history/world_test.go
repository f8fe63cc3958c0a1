package history_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"edgestream/functions/internal/history"
	"edgestream/functions/internal/stream"
)

// world is two logs as writers with clocks of their own filled them, seen at a time.
type world struct {
	random  *rand.Rand
	entries []visible // by the time at which they appeared
	now     time.Time
	// page is how many entries a page has; stale is how far back a read may see that is not
	// consistent; takes is how long a read may take.
	page         int
	stale, takes time.Duration
	reads        int
}

type visible struct {
	history.Entry
	at time.Time
}

// rules are what a world is made by.
type rules struct {
	entries, writers, owners int
	skew, latency, gap       time.Duration
	// moves says that an owner's records may come from one writer, then from another.
	moves bool
}

func (w *world) upTo(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return time.Duration(w.random.Int64N(int64(d))).Truncate(time.Microsecond)
}

var userLogs = user.Logs(user.Account)

// newWorld appends entries as a Writer does: a writer, and an owner's next record, begin when what
// is before them is there.
func newWorld(random *rand.Rand, r rules) *world {
	w := &world{random: random, page: 1000}
	type lane struct {
		skew time.Duration
		free time.Time
		last time.Time
		n    [2]uint64
		prev [2]time.Time
	}
	lanes := make([]lane, r.writers)
	for i := range lanes {
		lanes[i].skew = w.upTo(2*r.skew) - r.skew
	}
	owners, clock := make([]time.Time, r.owners), noon
	for i := range r.entries {
		clock = clock.Add(w.upTo(r.gap))
		owner := random.IntN(r.owners)
		n := owner % r.writers
		if r.moves {
			n = random.IntN(r.writers)
		}
		l := &lanes[n]
		begun := latest(clock, l.free, owners[owner])
		for log := range 2 {
			if random.IntN(3) == 0 {
				continue
			}
			at := latest(begun.Add(l.skew), l.last.Add(time.Microsecond))
			there := begun.Add(w.upTo(r.latency))
			l.n[log]++
			w.entries = append(w.entries, visible{history.Entry{
				Topic: userLogs[log], Record: fmt.Sprint("r", i), At: at, Writer: fmt.Sprintf("writer%02d", n),
				N: l.n[log], Previous: l.prev[log], Owner: fmt.Sprint("o", owner), Sequence: fmt.Sprint(90 + i),
				Messages: make([]stream.Message, 1+random.IntN(2)),
			}, there})
			l.last, l.prev[log] = at, at
			l.free = latest(l.free, there)
			owners[owner] = latest(owners[owner], there)
		}
	}
	slices.SortStableFunc(w.entries, func(a, b visible) int { return a.at.Compare(b.at) })
	return w
}

func latest(times ...time.Time) (last time.Time) {
	for _, t := range times {
		if t.After(last) {
			last = t
		}
	}
	return last
}

func (w *world) end() time.Time {
	if len(w.entries) == 0 {
		return noon
	}
	return w.entries[len(w.entries)-1].at
}

func (w *world) Append(context.Context, history.Entry) (history.Entry, error) { panic("read only") }

func (w *world) Read(_ context.Context, topic stream.Topic, after time.Time, consistent bool) ([]history.Entry, bool, error) {
	w.reads++
	seen := w.now
	if !consistent {
		seen = seen.Add(-w.upTo(w.stale))
	}
	w.now = w.now.Add(w.upTo(w.takes))
	var found []history.Entry
	for _, e := range w.entries {
		if !e.at.After(seen) && e.Topic == topic && e.At.After(after) {
			found = append(found, e.Entry)
		}
	}
	slices.SortFunc(found, func(a, b history.Entry) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Record, b.Record)) })
	end := min(w.page, len(found))
	for end > 0 && end < len(found) && found[end].At.Equal(found[end-1].At) {
		end++
	}
	return found[:end], end < len(found), nil
}
