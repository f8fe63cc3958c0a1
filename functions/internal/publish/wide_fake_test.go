package publish

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"edgestream/functions/internal/stream"
)

// wide is a world in which topics with more than so many listeners are cut, each into one segment.
type wide struct {
	*world
	from int

	mu    sync.Mutex
	opens map[string]string // how far each open slice got, by segment, event and slice
	queue []Part
	sent  map[string]bool // what was sent before, which is not queued again
	pages int
	// fails fails whatever is asked for, now and then.
	fails func() bool
}

func newWide(w *world, from int) *wide {
	w.together = true
	return &wide{world: w, from: from, opens: map[string]string{}, sent: map[string]bool{}, fails: func() bool { return false }}
}

func (w *wide) publisher(c Config) *Publisher {
	c.Queue, c.Slices = w, w
	p := w.world.publisher(c)
	p.Directory = w
	return p
}

func (w *wide) problem() error {
	if w.fails() {
		return errOdd
	}
	return nil
}

func segmentOf(t stream.Topic) stream.Segment { return stream.Segment("topic#" + t.String()) }

func (w *wide) Listeners(ctx context.Context, topics []stream.Topic) (map[stream.Topic]stream.Audience, error) {
	found, err := w.world.Listeners(ctx, topics)
	w.mu.Lock()
	defer w.mu.Unlock()
	for t, a := range found {
		if !t.IsAccount() && (len(a.Listeners) > w.from || w.isOpen(segmentOf(t))) {
			a.Kept = isKept(a)
			a.Listeners, a.Wide = nil, []stream.Segment{segmentOf(t)}
			found[t] = a
		}
	}
	return found, err
}

func (w *wide) isOpen(s stream.Segment) bool {
	for key := range w.opens {
		if strings.HasPrefix(key, string(s)+" ") {
			return true
		}
	}
	return false
}

func openKey(s stream.Segment, event string, slice int) string {
	return fmt.Sprintf("%s %s %d", s, event, slice)
}

func (w *wide) Open(_ context.Context, s stream.Segment, event string, slices []int) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, n := range slices {
		key := openKey(s, event, n)
		if _, open := w.opens[key]; !open {
			w.opens[key] = ""
		}
	}
	return w.problem()
}

func (w *wide) Opened(_ context.Context, owners []string) (map[string]bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.problem(); err != nil {
		return nil, err
	}
	open := map[string]bool{}
	for _, o := range owners {
		open[o] = w.isOpen(w.OwnerSegment(o))
	}
	return open, nil
}

func (w *wide) Segment(t stream.Topic, _ string) stream.Segment { return segmentOf(t) }

func (w *wide) OwnerSegment(owner string) stream.Segment { return stream.Segment("owner#" + owner) }

func (w *wide) Reached(_ context.Context, s stream.Segment, event string, slice int) (string, bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	after, open := w.opens[openKey(s, event, slice)]
	return after, open, w.problem()
}

func (w *wide) Advance(_ context.Context, s stream.Segment, event string, slice int, after string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if key := openKey(s, event, slice); w.opens[key] < after {
		w.opens[key] = after
	}
	return w.problem()
}

func (w *wide) Close(_ context.Context, s stream.Segment, event string, slice int) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.opens, openKey(s, event, slice))
	return w.problem()
}

func hashOf(id string) int {
	h := fnv.New32a()
	h.Write([]byte(id))
	return int(h.Sum32() % stream.Slices)
}

func (w *wide) Page(_ context.Context, t stream.Topic, _ stream.Segment, slice int, after string, atMost int) ([]stream.Listener, string, error) {
	w.world.mu.Lock()
	all := slices.Clone(w.listeners[t])
	w.world.mu.Unlock()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pages++
	slices.SortFunc(all, func(a, b stream.Listener) int { return cmp.Compare(a.ID, b.ID) })
	var found []stream.Listener
	for _, l := range all {
		if hashOf(l.ID) != slice || l.ID <= after {
			continue
		}
		if len(found) == atMost {
			return found, found[atMost-1].ID, w.problem()
		}
		found = append(found, l)
	}
	return found, "", w.problem()
}

func (w *wide) Count(_ context.Context, t stream.Topic) (int, error) {
	w.world.mu.Lock()
	defer w.world.mu.Unlock()
	return len(w.listeners[t]), w.problem()
}

func (w *wide) Send(_ context.Context, parts []Part) []error {
	w.mu.Lock()
	defer w.mu.Unlock()
	errs := make([]error, len(parts))
	stopped := map[string]bool{}
	for i, p := range parts {
		if w.fails() {
			stopped[p.Group()] = true
		}
		if stopped[p.Group()] {
			errs[i] = errOdd
			continue
		}
		if key := openKey(p.Segment, p.Event, p.Slice); !w.sent[key] {
			read, err := ParsePart(p.JSON())
			if err != nil {
				w.t.Error(err)
			}
			w.queue, w.sent[key] = append(w.queue, read), true
		}
	}
	return errs
}

// work delivers up to n parts as the queue hands them out.
func (w *wide) work(p *Publisher, n int, patience time.Duration) {
	ctx, cancel := context.WithTimeout(w.ctx(), patience)
	defer cancel()
	w.workIn(ctx, p, n)
}

// workIn is work in a context of the caller's.
func (w *wide) workIn(ctx context.Context, p *Publisher, n int) {
	batch := slices.Clone(w.queue[:min(n, len(w.queue))])
	failed := p.Deliver(ctx, batch)
	var left []Part
	for _, i := range failed {
		left = append(left, batch[i])
	}
	w.queue = append(left, w.queue[len(batch):]...)
}

func (w *wide) ctx() context.Context {
	type testing interface{ Context() context.Context }
	return w.t.(testing).Context()
}

// events are the events that are open.
func (w *wide) events() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Sorted(maps.Keys(w.opens))
}
