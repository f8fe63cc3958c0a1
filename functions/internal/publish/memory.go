package publish

import (
	"hash/maphash"
	"strconv"
	"sync"

	"edgestream/functions/internal/stream"
)

// memory is the set of what was delivered of batches that failed. It keeps at least its size of
// the newest entries and at most twice that: when the new half is full, it becomes the old one.
type memory struct {
	mu       sync.RWMutex
	size     int
	now, old map[uint64]struct{}
}

func newMemory(size int) *memory { return &memory{size: size, now: map[uint64]struct{}{}} }

func (m *memory) add(key uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.now) >= m.size {
		m.old, m.now = m.now, make(map[uint64]struct{}, m.size)
	}
	m.now[key] = struct{}{}
}

func (m *memory) has(key uint64) bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if _, ok := m.now[key]; ok {
		return true
	}
	_, ok := m.old[key]
	return ok
}

func (m *memory) empty() bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return len(m.now)+len(m.old) == 0
}

// key identifies one delivery: the record, the connection, its subscription and the part. It is a
// hash of 64 bits: among the half million that are kept, the chance that a new delivery is taken
// for an old one is less than one in 10^13.
func (p *Publisher) key(c *change, connection string, s stream.Subscription, part int) uint64 {
	var h maphash.Hash
	h.SetSeed(p.seed)
	for _, field := range [...]string{c.EventID, connection, string(s.Stream), s.Param} {
		h.WriteString(field)
		h.WriteByte(0)
	}
	if part != 0 {
		h.WriteString(strconv.Itoa(part))
	}
	return h.Sum64()
}
