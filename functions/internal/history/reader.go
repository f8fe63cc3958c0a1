package history

import (
	"context"
	"time"

	"edgestream/functions/internal/stream"
)

const (
	// wholeEvery is how often a busy log's window is read from its beginning.
	wholeEvery = 2 * time.Second
	// reach is how far before the newest place a busy log is read in between.
	reach = time.Second
	// busy is how many entries within the window make a log busy. One that has fewer is read from
	// the beginning each time, which costs the same.
	busy = 16
)

// Reader reads what a subscription has not been given yet. It remembers of each writer how far it
// has read, and nothing that is older than Lateness once it has caught up. It is for one goroutine.
type Reader struct {
	log   Log
	logs  []stream.Topic
	busy  int
	after time.Time
	marks map[Mark]progress
	// offered is what Read returned last and is not done; raise is what after becomes when it is.
	offered map[place]bool
	raise   time.Time
	// wholeAt is when everything behind after was read last; zero: it must be now.
	wholeAt time.Time
	// per log: the newest place, and how many entries the window had.
	newest []time.Time
	window []int
	// hands are those of the list whose log is read; nil of other logs.
	hands *hands
}

// progress is what has been handed out of a writer, the last of it placed at at; zero: unknown.
type progress struct {
	Progress
	at time.Time
}

// place is an entry of a writer.
type place struct {
	Mark
	n uint64
}

func (i Item) place() place { return place{i.mark(), i.N} }

// NewReader reads what the subscription has behind the position. Of a list that has been another's
// it reads what is of its account: what is not is returned without its messages' content, so that
// nobody hears it.
func NewReader(log Log, b Bound, from Position) *Reader {
	r := &Reader{
		log: log, logs: b.Logs(b.Account), busy: busy, after: from.After, hands: handsOf(b),
		marks: make(map[Mark]progress, len(from.Seen)), offered: map[place]bool{},
	}
	for mark, p := range from.Seen {
		r.marks[mark] = progress{Progress: p}
	}
	r.newest, r.window = make([]time.Time, len(r.logs)), make([]int, len(r.logs))
	return r
}

// Read returns what is new in the order of Merge, and whether there is more to read at once: as
// long as the reader is behind it pages on. It makes one query of each log if that is all there is,
// and first, of a list's, one more to its end.
// What it returns must be told to Done, in order; what was not is returned again. With more false
// and a consistent read, everything that was appended before it began has been returned.
//
// An error wraps ErrUnavailable or is the context's; nothing has changed then.
func (r *Reader) Read(ctx context.Context, now time.Time, consistent bool) (items []Item, more bool, err error) {
	now = now.UTC().Truncate(time.Microsecond)
	if err := r.hands.look(ctx, r.log, r.logs[0], r.after); err != nil {
		return nil, false, err
	}
	look := r.look(now, consistent)
	if err := look.read(ctx); err != nil {
		return nil, false, err
	}
	if len(look.doubtful) > 0 {
		again := r.again(look)
		if err := again.read(ctx); err != nil {
			return nil, false, err
		}
		look = again
	}
	r.hands.hide(look.items)
	r.offer(look, now)
	return look.items, look.more, nil
}

// look is what to read now: of a busy log the newest part, unless the whole is due, or everything
// is asked for.
func (r *Reader) look(now time.Time, consistent bool) *look {
	l := &look{Reader: r, from: make([]time.Time, len(r.logs)), consistent: consistent, whole: true}
	since := now.Sub(r.wholeAt)
	due := len(r.offered) > 0 || since >= wholeEvery || since < 0
	for i := range r.logs {
		l.from[i] = r.after
		from := earlier(r.newest[i], now).Add(-reach)
		if !due && !consistent && r.window[i] > r.busy && from.After(r.after) {
			l.from[i], l.whole = from, false
		}
	}
	return l
}

// again is a look at the whole after one that left something doubtful. What that saw without what
// must come before it, and this does not find either, is gone.
func (r *Reader) again(first *look) *look {
	l := &look{Reader: r, from: make([]time.Time, len(r.logs)), consistent: true, whole: true, trusted: first.doubtful}
	for i := range l.from {
		l.from[i] = r.after
	}
	return l
}

// offer takes over what the look found.
func (r *Reader) offer(l *look, now time.Time) {
	clear(r.offered)
	for _, item := range l.items {
		r.offered[item.place()] = true
	}
	for i, at := range l.newest {
		r.newest[i] = later(r.newest[i], at)
	}
	r.raise = time.Time{}
	switch {
	case len(l.doubtful) > 0:
		r.wholeAt = time.Time{}
	case l.whole:
		r.wholeAt = now
		r.raise = l.bound(now.Add(-Lateness))
		copy(r.window, l.count)
	}
	if l.more {
		r.wholeAt = time.Time{}
	}
	r.date(now)
	r.settle()
}

// date gives a place to the marks of the position that the reader began with: what they stand for
// had been handed out by now.
func (r *Reader) date(now time.Time) {
	for mark, p := range r.marks {
		if p.at.IsZero() {
			p.at = now.Add(Lateness)
			r.marks[mark] = p
		}
	}
}

// settle raises after if everything is done.
func (r *Reader) settle() {
	if len(r.offered) > 0 || !r.raise.After(r.after) {
		return
	}
	r.after = r.raise
	for mark, p := range r.marks {
		if !p.at.After(r.after) {
			delete(r.marks, mark)
		}
	}
}

// Done says that the item's messages up to this number, counted from the entry's first one, have
// been handed out: all of them, if it is their number.
func (r *Reader) Done(item Item, messages int) {
	mark := item.mark()
	partly := messages < len(item.Messages)
	if p := r.marks[mark]; item.N > p.N || item.N == p.N && messages > p.Messages {
		r.marks[mark] = progress{Progress{item.N, messages, partly}, item.At}
	}
	if !partly {
		delete(r.offered, item.place())
		r.settle()
	}
}

// Position is up to where everything is done.
func (r *Reader) Position() Position {
	p := Position{After: r.after, Seen: make(Seen, len(r.marks))}
	for mark, progress := range r.marks {
		p.Seen[mark] = progress.Progress
	}
	return p
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
