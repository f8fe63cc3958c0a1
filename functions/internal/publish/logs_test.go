package publish

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"edgestream/functions/internal/history"
	"edgestream/functions/internal/stream"
)

// log is a Recorder that keeps what it is given in memory.
type log struct {
	mu      *sync.Mutex // the world's
	entries []history.Entry
	calls   int
	// refused are the owners whose entries are not taken from a record on.
	refused map[string]string
	// fails says at random that an entry is not taken, which then may be there all the same.
	fails func() bool
	// hangs says that nothing is taken for as long as the caller waits.
	hangs bool
	// before is run when entries are about to be appended.
	before func()
	// tooLarge is the record whose entries no log can take.
	tooLarge string
}

var errNoLog = errors.New("history is away")

func (g *log) Append(ctx context.Context, entries []history.Entry) (stored []history.Entry, errs []error) {
	if g.hangs {
		<-ctx.Done()
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.calls++
	if g.before != nil {
		g.before()
	}
	stored, errs = make([]history.Entry, len(entries)), make([]error, len(entries))
	failed := map[string]bool{}
	for i, e := range entries {
		if g.refused[e.Owner] == e.Record {
			failed[e.Owner] = true
		}
		if g.fails != nil && !failed[e.Owner] && g.fails() {
			failed[e.Owner] = true
			if g.fails() {
				g.append(e)
			}
		}
		switch {
		case ctx.Err() != nil:
			errs[i] = ctx.Err()
		case failed[e.Owner]:
			errs[i] = errNoLog
		case e.Record == g.tooLarge:
			errs[i] = fmt.Errorf("%w: %s", history.ErrTooLarge, e.Record)
		default:
			stored[i] = g.append(e)
		}
	}
	return stored, errs
}

func (g *log) append(e history.Entry) history.Entry {
	n := slices.IndexFunc(g.entries, func(o history.Entry) bool { return o.Record == e.Record && o.Topic == e.Topic })
	if n >= 0 {
		return g.entries[n]
	}
	e.At, e.Writer, e.N = time.Now(), "AAAAAAAA", uint64(len(g.entries)+1)
	g.entries = append(g.entries, e)
	return e
}

// said is what a topic's log holds: record, event and payload.
func (g *log) said(t stream.Topic) (all []string) {
	for _, e := range g.entries {
		if e.Topic != t {
			continue
		}
		for _, m := range e.Messages {
			all = append(all, e.Record+" "+m.Event+" "+string(m.Payload))
		}
	}
	return all
}

// replayed is a replay that reads the log each time that something is left to it.
type replayed struct {
	asked int
	read  [][]string
}

func (w *world) Defer(_ context.Context, l stream.Listener) (bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.turns != nil {
		return w.turns.put(l.ID)
	}
	if w.deferErr != nil {
		return false, w.deferErr
	}
	r := w.replays[l.ID+" "+l.Key()]
	if r == nil {
		return false, nil
	}
	r.asked++
	var all []string
	for _, t := range l.Logs(l.Account) {
		all = append(all, w.log.said(t)...)
	}
	r.read = append(r.read, all)
	return true, nil
}

// replaying makes the listener one that is being replayed.
func (w *world) replaying(l *stream.Listener) *replayed {
	l.Replaying, l.EventIDs = true, true
	r := &replayed{}
	if w.replays == nil {
		w.replays = map[string]*replayed{}
	}
	w.replays[l.ID+" "+l.Key()] = r
	return r
}

func identify(frame []byte, id string) []byte { return append(slices.Clone(frame), " "+id...) }

func bound(l *stream.Listener) history.Bound {
	return history.Bound{Subscription: l.Subscription, Account: l.Account}
}

// idOf is the id that the message of a record carries for the listener.
func (w *world) idOf(l *stream.Listener, t stream.Topic, record string, index int) string {
	w.t.Helper()
	for _, e := range w.log.entries {
		if e.Record == record && e.Topic == t {
			return bound(l).EventID(e, index)
		}
	}
	w.t.Fatalf("%s has no entry for %s", record, t)
	return ""
}
