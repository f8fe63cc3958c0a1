package historytest

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"edgestream/functions/internal/history"
	"edgestream/functions/internal/stream"
)

// Memory is a history.Log in memory. It is safe for concurrent use. Its fields are set before that.
type Memory struct {
	// Page is how many entries a page has at most, if they are of different places: 1,000.
	Page int
	// Stale is of a topic with so many entries how many of the latest appended a read does not
	// see that is not consistent. Nil: none.
	Stale func(entries int) int

	mu    sync.Mutex
	logs  map[stream.Topic][]history.Entry // in the order in which they were appended
	index map[key]int
}

type key struct {
	topic  stream.Topic
	record string
}

// NewMemory is an empty log.
func NewMemory() *Memory {
	return &Memory{Page: 1000, logs: map[stream.Topic][]history.Entry{}, index: map[key]int{}}
}

var _ history.Log = (*Memory)(nil)

// Append implements history.Log. A context that is done appends nothing.
func (m *Memory) Append(ctx context.Context, e history.Entry) (history.Entry, error) {
	if ctx.Err() != nil {
		return history.Entry{}, history.ErrUnavailable
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	k := key{e.Topic, e.Record}
	if i, ok := m.index[k]; ok {
		return clone(m.logs[e.Topic][i]), nil
	}
	m.index[k] = len(m.logs[e.Topic])
	m.logs[e.Topic] = append(m.logs[e.Topic], clone(e))
	return clone(e), nil
}

// Read implements history.Log.
func (m *Memory) Read(ctx context.Context, topic stream.Topic, after time.Time, consistent bool) ([]history.Entry, bool, error) {
	if ctx.Err() != nil {
		return nil, false, history.ErrUnavailable
	}
	found := slices.DeleteFunc(m.seen(topic, consistent), func(e history.Entry) bool { return !e.At.After(after) })
	slices.SortStableFunc(found, func(a, b history.Entry) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Record, b.Record))
	})
	end := min(m.Page, len(found))
	for end > 0 && end < len(found) && found[end].At.Equal(found[end-1].At) {
		end++
	}
	return found[:end], end < len(found), nil
}

func (m *Memory) seen(topic stream.Topic, consistent bool) (entries []history.Entry) {
	m.mu.Lock()
	defer m.mu.Unlock()
	log := m.logs[topic]
	if m.Stale != nil && !consistent {
		log = log[:len(log)-m.Stale(len(log))]
	}
	for _, e := range log {
		entries = append(entries, clone(e))
	}
	return entries
}

// Entries are the topic's entries in the order in which they were appended.
func (m *Memory) Entries(topic stream.Topic) []history.Entry { return m.seen(topic, true) }

// clone shares nothing with the entry: neither the store nor its user sees what the other changes.
func clone(e history.Entry) history.Entry {
	e.Messages = slices.Clone(e.Messages)
	for i := range e.Messages {
		m := &e.Messages[i]
		m.Streams, m.Payload = slices.Clone(m.Streams), slices.Clone(m.Payload)
	}
	return e
}
