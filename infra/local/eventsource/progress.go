package eventsource

import "sync"

// progress knows how far a shard is done. Records are marked in the order of
// the shard and finish in any order; the checkpoint is the last record before
// the first unfinished one.
type progress struct {
	mu         sync.Mutex
	open       []*mark // read and not yet behind the checkpoint
	bytes      int     // of what is unfinished
	checkpoint string  // sequence number; "" before the first record
	freed      chan struct{}
}

// mark is the place of one record.
type mark struct {
	of   *progress
	seq  string
	size int
	done bool
}

func newProgress(checkpoint string) *progress {
	return &progress{checkpoint: checkpoint, freed: make(chan struct{}, 1)}
}

// add takes the next record of the shard.
func (p *progress) add(seq string, size int) *mark {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := &mark{of: p, seq: seq, size: size}
	p.open = append(p.open, m)
	p.bytes += size
	return m
}

// finish says that the record needs nothing more. It may be called once.
func (m *mark) finish() {
	p := m.of
	p.mu.Lock()
	m.done = true
	p.bytes -= m.size
	for len(p.open) > 0 && p.open[0].done {
		p.checkpoint = p.open[0].seq
		p.open[0] = nil
		p.open = p.open[1:]
	}
	p.mu.Unlock()
	select {
	case p.freed <- struct{}{}:
	default:
	}
}

// position returns the checkpoint, and how many records and bytes are ahead.
func (p *progress) position() (checkpoint string, records, bytes int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.checkpoint, len(p.open), p.bytes
}
