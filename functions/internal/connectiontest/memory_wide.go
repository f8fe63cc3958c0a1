package connectiontest

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"edgestream/functions/internal/stream"
)

const (
	// publicSegments is how many segments the public streams have, as where they are spread over several
	// keys. Other topics have one.
	publicSegments = 4
	// openFor is how long something may be under way to a segment.
	openFor = 4 * time.Hour
)

// MemoryWide is a Memory whose look-ups leave wide segments out.
type MemoryWide struct {
	m   *Memory
	cut int
}

// CutFrom is the same store with look-ups that leave out segments with more than n listeners, and those
// of which something is open; 0: none.
func (m *Memory) CutFrom(n int) *MemoryWide { return &MemoryWide{m, n} }

var _ Slices = (*MemoryWide)(nil)

// opening is an event that is, or was, open on a segment: one position for each slice, nil if it is not
// open.
type opening struct {
	reached [stream.Slices]*string
	known   [stream.Slices]bool
	until   time.Time
}

type openingKey struct {
	segment stream.Segment
	event   string
}

func (o *opening) underWay() bool {
	return o != nil && time.Now().Before(o.until) && slices.ContainsFunc(o.reached[:], func(at *string) bool { return at != nil })
}

func hashOf(id string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(id))
	return h.Sum32()
}

// segmentOf is where a connection is found under a topic.
func segmentOf(t stream.Topic, id string) (stream.Segment, int) {
	hash := hashOf(id)
	if t.IsPublic() {
		return stream.Segment(fmt.Sprintf("topic#%s#%d", t, hash>>8%publicSegments)), int(hash >> 28)
	}
	return stream.Segment("topic#" + t.String()), int(hash >> 28)
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
	bySegment := map[stream.Segment][]stream.Listener{}
	for _, l := range a.Listeners {
		s, _ := segmentOf(t, l.ID)
		bySegment[s] = append(bySegment[s], l)
	}
	most := w.cut
	if t.IsPublic() {
		most = max(1, w.cut/publicSegments)
	}
	a.Listeners, a.Wide = nil, w.underWay(t)
	for s, listeners := range bySegment {
		switch {
		case slices.Contains(a.Wide, s):
		case len(listeners) > most:
			a.Wide = append(a.Wide, s)
		default:
			a.Listeners = append(a.Listeners, listeners...)
		}
	}
	slices.Sort(a.Wide)
	return a, nil
}

// underWay are the topic's segments of which something is open.
func (w *MemoryWide) underWay(t stream.Topic) (open []stream.Segment) {
	w.m.mu.Lock()
	defer w.m.mu.Unlock()
	own := stream.Segment("topic#" + t.String())
	for key, o := range w.m.openings {
		is := key.segment == own || t.IsPublic() && strings.HasPrefix(string(key.segment), string(own)+"#")
		if is && o.underWay() && !slices.Contains(open, key.segment) {
			open = append(open, key.segment)
		}
	}
	return open
}

// Open implements Slices.
func (w *MemoryWide) Open(_ context.Context, s stream.Segment, event string, slices []int) error {
	w.m.mu.Lock()
	defer w.m.mu.Unlock()
	key := openingKey{s, event}
	o := cmp.Or(w.m.openings[key], &opening{})
	for _, slice := range slices {
		if !o.known[slice] {
			o.known[slice], o.reached[slice] = true, new(string)
		}
	}
	o.until = time.Now().Add(openFor)
	w.m.openings[key] = o
	return nil
}

// OwnerSegment implements Slices.
func (w *MemoryWide) OwnerSegment(owner string) stream.Segment {
	return stream.Segment("owner#" + owner)
}

// Opened implements Slices.
func (w *MemoryWide) Opened(_ context.Context, owners []string) (map[string]bool, error) {
	w.m.mu.Lock()
	defer w.m.mu.Unlock()
	open := make(map[string]bool, len(owners))
	for _, owner := range owners {
		open[owner] = false
	}
	for key, o := range w.m.openings {
		owner, ok := strings.CutPrefix(string(key.segment), "owner#")
		if _, asked := open[owner]; ok && asked && o.underWay() {
			open[owner] = true
		}
	}
	return open, nil
}

// Reached implements Slices.
func (w *MemoryWide) Reached(_ context.Context, s stream.Segment, event string, slice int) (after string, open bool, err error) {
	w.m.mu.Lock()
	defer w.m.mu.Unlock()
	if o := w.m.openings[openingKey{s, event}]; o.underWay() && o.reached[slice] != nil {
		return *o.reached[slice], true, nil
	}
	return "", false, nil
}

// Advance implements Slices.
func (w *MemoryWide) Advance(_ context.Context, s stream.Segment, event string, slice int, after string) error {
	w.m.mu.Lock()
	defer w.m.mu.Unlock()
	if o := w.m.openings[openingKey{s, event}]; o != nil && o.reached[slice] != nil {
		o.reached[slice] = &after
	}
	return nil
}

// Close implements Slices.
func (w *MemoryWide) Close(_ context.Context, s stream.Segment, event string, slice int) error {
	w.m.mu.Lock()
	defer w.m.mu.Unlock()
	if o := w.m.openings[openingKey{s, event}]; o != nil {
		o.reached[slice] = nil
	}
	return nil
}

// Page implements Slices.
func (w *MemoryWide) Page(ctx context.Context, t stream.Topic, s stream.Segment, slice int, after string, atMost int) (found []stream.Listener, next string, err error) {
	all, err := w.m.Listeners(ctx, t)
	place := func(l stream.Listener) string { return l.ID + "#" + l.Key() }
	all = slices.DeleteFunc(all, func(l stream.Listener) bool {
		segment, in := segmentOf(t, l.ID)
		return segment != s || in != slice || place(l) <= after
	})
	slices.SortFunc(all, func(a, b stream.Listener) int { return strings.Compare(place(a), place(b)) })
	if len(all) > atMost {
		return all[:atMost], place(all[atMost-1]), err
	}
	return all, "", err
}

// Count implements Slices.
func (w *MemoryWide) Count(ctx context.Context, t stream.Topic) (int, error) {
	all, err := w.m.Listeners(ctx, t)
	return len(all), err
}
