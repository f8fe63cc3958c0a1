package connectiontest

import (
	"context"
	"slices"
	"strings"
	"time"

	"edgestream/functions/internal/stream"
)

// openFor is how long something may be under way to a segment.
const openFor = 4 * time.Hour

// MemoryWide is a Memory whose look-ups leave wide segments out.
type MemoryWide struct {
	m   *Memory
	cut int
}

// CutFrom is the same store with look-ups that leave out the segments of topics with more than n listeners,
// those that have more than twice their share of them, and those of which something is open; 0: none.
func (m *Memory) CutFrom(n int) *MemoryWide { return &MemoryWide{m, n} }

var _ Slices = (*MemoryWide)(nil)

// opening is an event that is, or was, open on a segment: one position for each slice, nil if it is not
// open.
type opening struct {
	reached [stream.Slices]*string
	known   [stream.Slices]bool
	until   time.Time
}

// openings are those of each segment, by their events. They stay when they are closed.
type openings map[stream.Segment]map[string]*opening

func (o openings) underWay(s stream.Segment) bool {
	for _, of := range o[s] {
		if of.underWay() {
			return true
		}
	}
	return false
}

func (o *opening) underWay() bool {
	return o != nil && time.Now().Before(o.until) && slices.ContainsFunc(o.reached[:], func(at *string) bool { return at != nil })
}

// mayBeWide reports whether a topic is ever left out: neither accounts nor channels whose mappings
// the publisher keeps, nor who watches somebody.
func mayBeWide(t stream.Topic) bool {
	_, channel, ok := t.Channel()
	joins := strings.HasPrefix(channel, "presence-") || stream.IsCacheChannel(channel)
	return !t.IsAccount() && (!t.OfApp() || ok && !joins)
}

// Audience is who listens to the topic.
func (w *MemoryWide) Audience(ctx context.Context, t stream.Topic) (stream.Audience, error) {
	a, err := w.m.Audience(ctx, t)
	if err != nil || w.cut == 0 || !mayBeWide(t) {
		return a, err
	}
	most := min(w.cut, max(1, 2*w.cut/len(segments(t))))
	if len(a.Listeners) > w.cut {
		most = -1
	}
	a.Listeners = nil
	w.m.mu.Lock()
	defer w.m.mu.Unlock()
	for _, s := range segments(t) {
		listeners := w.m.listeners(t, s)
		if len(listeners) > most || w.m.openings.underWay(s) {
			a.Wide = append(a.Wide, s)
		} else {
			a.Listeners = append(a.Listeners, listeners...)
		}
	}
	return a, nil
}

// UnderWay reports whether something is open on the segment.
func (w *MemoryWide) UnderWay(s stream.Segment) bool {
	w.m.mu.Lock()
	defer w.m.mu.Unlock()
	return w.m.openings.underWay(s)
}

// Open implements Slices.
func (w *MemoryWide) Open(_ context.Context, s stream.Segment, event string, slices []int) error {
	w.m.mu.Lock()
	defer w.m.mu.Unlock()
	o := w.m.openings[s][event]
	if o == nil {
		o = &opening{}
		if w.m.openings[s] == nil {
			w.m.openings[s] = map[string]*opening{}
		}
		w.m.openings[s][event] = o
	}
	for _, slice := range slices {
		if !o.known[slice] {
			o.known[slice], o.reached[slice] = true, new(string)
		}
	}
	o.until = time.Now().Add(openFor)
	return nil
}

// OwnerSegment implements Slices.
func (w *MemoryWide) OwnerSegment(owner string) stream.Segment {
	return stream.Segment("owner#" + owner)
}

// Segment implements Slices.
func (w *MemoryWide) Segment(t stream.Topic, connection string) stream.Segment {
	return placeOf(t, connection).segment
}

// Opened implements Slices.
func (w *MemoryWide) Opened(_ context.Context, owners []string) (map[string]bool, error) {
	w.m.mu.Lock()
	defer w.m.mu.Unlock()
	open := make(map[string]bool, len(owners))
	for _, owner := range owners {
		open[owner] = w.m.openings.underWay(w.OwnerSegment(owner))
	}
	return open, nil
}

// Reached implements Slices.
func (w *MemoryWide) Reached(_ context.Context, s stream.Segment, event string, slice int) (after string, open bool, err error) {
	w.m.mu.Lock()
	defer w.m.mu.Unlock()
	if o := w.m.openings[s][event]; o.underWay() && o.reached[slice] != nil {
		return *o.reached[slice], true, nil
	}
	return "", false, nil
}

// Advance implements Slices.
func (w *MemoryWide) Advance(_ context.Context, s stream.Segment, event string, slice int, after string) error {
	w.m.mu.Lock()
	defer w.m.mu.Unlock()
	if o := w.m.openings[s][event]; o != nil && o.reached[slice] != nil {
		o.reached[slice] = &after
	}
	return nil
}

// Close implements Slices.
func (w *MemoryWide) Close(_ context.Context, s stream.Segment, event string, slice int) error {
	w.m.mu.Lock()
	defer w.m.mu.Unlock()
	if o := w.m.openings[s][event]; o != nil {
		o.reached[slice] = nil
	}
	return nil
}

// Page implements Slices. A slice is looked at from where the page begins to where it ends, however many are in it.
func (w *MemoryWide) Page(_ context.Context, t stream.Topic, s stream.Segment, slice int, after string, atMost int) (found []stream.Listener, next string, err error) {
	w.m.mu.Lock()
	defer w.m.mu.Unlock()
	var read []paged
	for digits, n := stream.Slices/t.Slices(), 0; n < digits; n++ {
		read = append(read, w.m.from(t, place{s, slice*digits + n}, after, atMost+1)...)
	}
	slices.SortFunc(read, func(a, b paged) int { return strings.Compare(a.key, b.key) })
	if len(read) > atMost {
		read = read[:atMost]
		next = read[atMost-1].key
	}
	for _, p := range read {
		found = append(found, p.Listener)
	}
	return found, next, nil
}

// paged is a listener and where it stands in its slice.
type paged struct {
	key string
	stream.Listener
}

// from are the topic's first listeners behind a key in one place: so many, or some more of the last connection.
func (m *Memory) from(t stream.Topic, p place, after string, atLeast int) (found []paged) {
	id, _, _ := strings.Cut(after, "#")
	at, _ := m.found[p].at(id)
	for _, c := range m.found[p][at:] {
		for _, l := range c.listens(t) {
			if key := l.ID + "#" + l.Key(); key > after {
				found = append(found, paged{key, l})
			}
		}
		if len(found) >= atLeast {
			break
		}
	}
	return found
}

// Count implements Slices.
func (w *MemoryWide) Count(ctx context.Context, t stream.Topic) (int, error) {
	all, err := w.m.Listeners(ctx, t)
	return len(all), err
}
