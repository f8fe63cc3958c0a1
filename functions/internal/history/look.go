package history

import (
	"context"
	"time"
)

// look is one reading of all logs of a subscription, each from a place of its own to its end, or
// so far that there is enough to hand out.
type look struct {
	*Reader
	from       []time.Time
	consistent bool
	// whole says that every log is read from the Reader's after.
	whole bool
	// trusted are handed out without what must come before them.
	trusted map[place]bool

	found []Item
	// count and newest are, for each log, how many entries were read, and the latest place.
	count  []int
	newest []time.Time
	// end is the place up to which every log was read; zero: to its end.
	end time.Time

	items []Item
	// doubtful are entries without the one that must come before them.
	doubtful map[place]bool
	// held is the first place of what was found and is not to be handed out yet.
	held time.Time
	more bool
}

func (l *look) read(ctx context.Context) error {
	l.count, l.newest = make([]int, len(l.logs)), make([]time.Time, len(l.logs))
	for i := range l.logs {
		if err := l.readLog(ctx, i); err != nil {
			return err
		}
	}
	l.found = Merge(l.found)
	switch {
	case l.end.IsZero():
		l.sift(time.Time{})
	default:
		// What is at the end may have to wait for what is behind it.
		if l.sift(l.end.Add(-Lateness)); len(l.items) == 0 && len(l.doubtful) == 0 {
			l.sift(l.end)
		}
	}
	l.more = !l.end.IsZero() || len(l.doubtful) > 0
	return nil
}

// readLog reads one log's pages until what is new spans enough time to hand out the first of it.
func (l *look) readLog(ctx context.Context, i int) error {
	first := len(l.found)
	for from := l.from[i]; ; {
		entries, more, err := l.log.Read(ctx, l.logs[i], from, l.consistent)
		if err != nil {
			return err
		}
		for _, e := range entries {
			l.hands.learn(e)
			if item, isNew := l.item(i, e); isNew {
				l.found = append(l.found, item)
			}
		}
		l.count[i] += len(entries)
		if len(entries) > 0 {
			from = entries[len(entries)-1].At
			l.newest[i] = from
		}
		switch {
		case !more || len(entries) == 0:
			return nil
		case len(l.found) > first && from.Sub(l.found[first].At) > 2*Lateness:
			l.endAt(from)
			return nil
		}
	}
}

func (l *look) endAt(at time.Time) {
	if l.end.IsZero() || at.Before(l.end) {
		l.end = at
	}
}

// item is the entry as what is left of it to hand out, if anything is.
func (l *look) item(log int, e Entry) (Item, bool) {
	item := Item{Entry: e, Log: log}
	switch p := l.marks[item.mark()]; {
	case p.N > e.N:
		return item, false
	case p.N == e.N:
		item.First = p.Messages
		return item, p.Partly
	}
	return item, true
}

// sift takes from what was found, in its order, what may be handed out: up to the place given, if
// one is, and nothing whose owner or writer has something before it that may not.
func (l *look) sift(upTo time.Time) {
	l.items, l.doubtful, l.held = nil, map[place]bool{}, time.Time{}
	reached, writers, owners := map[Mark]uint64{}, map[Mark]bool{}, map[string]bool{}
	for _, item := range l.found {
		wait := writers[item.mark()] || owners[item.Owner] || !upTo.IsZero() && item.At.After(upTo)
		if !wait && !l.follows(item, reached) {
			l.doubtful[item.place()], wait = true, true
		}
		if !wait {
			reached[item.mark()] = item.N
			l.items = append(l.items, item)
			continue
		}
		writers[item.mark()], owners[item.Owner] = true, item.Owner != ""
		if l.held.IsZero() || item.At.Before(l.held) {
			l.held = item.At
		}
	}
}

// follows reports whether the one before the item has been handed out, or stands where everything
// has been, or cannot be found.
func (l *look) follows(item Item, reached map[Mark]uint64) bool {
	if !item.Previous.After(l.after) || reached[item.mark()] >= item.N-1 || l.trusted[item.place()] {
		return true
	}
	p := l.marks[item.mark()]
	return p.N >= item.N || p.N == item.N-1 && !p.Partly
}

// bound is the place up to which nothing is left once the items are done, at most the one given.
func (l *look) bound(at time.Time) time.Time {
	if !l.end.IsZero() {
		at = earlier(at, l.end)
	}
	if !l.held.IsZero() {
		at = earlier(at, l.held.Add(-time.Microsecond))
	}
	return at
}
