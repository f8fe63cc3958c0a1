package dynamodb

import (
	"fmt"
	"sync"
	"time"

	"edgestream/infra/local/dynamodb/attribute"
)

// streamLife is how long a stream keeps a record.
const streamLife = 24 * time.Hour

// stream is the change log of a table, cut into shards by the hash of the
// partition key. Its shards form a tree: one that has been split is closed and
// has children.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
type stream struct {
	arn, label, view string
	table            string
	schema           keySchema
	created          time.Time
	maxBytes         int // per shard

	mu       sync.Mutex
	shards   []*shard // parents before children
	disabled time.Time
	changed  chan struct{} // closed at the next change; nil if nobody waits
}

// record is one change of one item. Images are shared with the table.
type record struct {
	id       string
	sequence uint64
	at       time.Time
	name     string // INSERT, MODIFY, REMOVE
	keys     attribute.Item
	oldImage attribute.Item
	newImage attribute.Item
	size     int
	expired  bool
}

// newStream makes the stream of a table and enters it in e.streams. The caller holds e.mu.
func (e *Engine) newStream(t *table, view string) *stream {
	s := &stream{view: view, table: t.name, schema: t.schema, created: e.now(), maxBytes: e.opts.StreamBytes}
	for { // a label is a time, and unique
		s.label = s.created.UTC().Format("2006-01-02T15:04:05.000")
		s.arn = t.arn + "/stream/" + s.label
		if e.streams[s.arn] == nil {
			break
		}
		s.created = s.created.Add(time.Millisecond)
	}
	n := e.opts.StreamShards
	for i := range n {
		high := ^uint64(0)
		if i < n-1 {
			high = boundary(i+1, n) - 1
		}
		s.shards = append(s.shards, e.newShard("", boundary(i, n), high))
	}
	e.streams[s.arn] = s
	return s
}

func (s *stream) isEnabled() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.disabled.IsZero()
}

// disable closes the stream. What it holds can be read for another 24 hours.
func (s *stream) disable(e *Engine) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.disabled = e.now()
	for _, sh := range s.shards {
		if sh.isOpen() {
			sh.close(e)
		}
	}
	s.announce()
}

// record appends a change, unless it changes nothing. The caller holds the
// table's lock, so that sequence numbers follow the order of the changes.
func (s *stream) record(e *Engine, schema keySchema, c change) {
	if c.old == c.next || c.old != nil && c.next != nil && attribute.EqualItems(c.old.item, c.next.item) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.disabled.IsZero() {
		return
	}
	r := s.newRecord(e, schema, c)
	sh := s.openShard(hashOfChange(c))
	sh.append(r)
	sh.trim(r.at, s.maxBytes)
	s.announce()
}

func hashOfChange(c change) uint64 {
	if c.next != nil {
		return c.next.hash
	}
	return c.old.hash
}

func (s *stream) newRecord(e *Engine, schema keySchema, c change) *record {
	n := e.sequence.Add(1)
	r := &record{id: fmt.Sprintf("%032x", n), sequence: n, at: e.now(), name: "MODIFY", expired: c.expired}
	switch {
	case c.old == nil:
		r.name = "INSERT"
		r.keys = schema.keyOf(c.next.item)
	case c.next == nil:
		r.name = "REMOVE"
		r.keys = schema.keyOf(c.old.item)
	default:
		r.keys = schema.keyOf(c.next.item)
	}
	r.size = r.keys.Size()
	if s.view == "NEW_IMAGE" || s.view == "NEW_AND_OLD_IMAGES" {
		r.newImage = itemOf(c.next)
		r.size += sizeOf(c.next)
	}
	if s.view == "OLD_IMAGE" || s.view == "NEW_AND_OLD_IMAGES" {
		r.oldImage = itemOf(c.old)
		r.size += sizeOf(c.old)
	}
	return r
}

// openShard finds the shard that takes new records for a hash. The open shards
// of an enabled stream cover every hash.
func (s *stream) openShard(hash uint64) *shard {
	for _, sh := range s.shards {
		if sh.isOpen() && sh.low <= hash && hash <= sh.high {
			return sh
		}
	}
	panic("dynamodb: no open shard for a hash") // the shards have been built wrongly
}

// announce wakes those who wait for StreamChanged. The caller holds s.mu.
func (s *stream) announce() {
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
}

// StreamChanged returns a channel that is closed when the stream next changes:
// a record arrives, a shard is split, or the stream is disabled. Ask for it
// before reading, then wait: what changes in between is not missed. For an ARN
// that names no stream the channel is closed already.
func (e *Engine) StreamChanged(streamARN string) <-chan struct{} {
	s, err := e.stream(streamARN)
	if err != nil {
		closed := make(chan struct{})
		close(closed)
		return closed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.changed == nil {
		s.changed = make(chan struct{})
	}
	return s.changed
}

func (e *Engine) stream(arn string) (*stream, error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	s := e.streams[arn]
	if s == nil || s.isGone(e.now()) {
		return nil, streamNotFound(arn)
	}
	return s, nil
}

func streamNotFound(arn string) error {
	return failure("ResourceNotFoundException", "Requested resource not found: Stream: %s not found", arn)
}

// isGone reports whether a stream has been disabled for so long that AWS would have deleted it.
func (s *stream) isGone(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.disabled.IsZero() && now.Sub(s.disabled) > streamLife
}
