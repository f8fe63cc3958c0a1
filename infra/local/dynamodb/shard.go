package dynamodb

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"time"
)

// shard holds the records of a range of partition keys, oldest first. The
// stream's lock guards it.
type shard struct {
	id, parent string
	low, high  uint64 // hashes, inclusive
	first      uint64 // the first sequence number that it can hold
	end        uint64 // the last one, when it has been closed
	closedAt   time.Time

	records []*record
	bytes   int
	trimmed uint64 // the last sequence number that has been trimmed away
}

// newShard makes an open shard, whose records will follow every record made so far.
func (e *Engine) newShard(parent string, low, high uint64) *shard {
	first := e.sequence.Add(1) // also tells shards of one moment apart
	return &shard{
		id:     fmt.Sprintf("shardId-%020d-%08x", e.now().UnixMilli(), uint32(first)),
		parent: parent, low: low, high: high, first: first, trimmed: first - 1,
	}
}

func (sh *shard) isOpen() bool { return sh.end == 0 }

func (sh *shard) close(e *Engine) {
	sh.end = e.sequence.Add(1)
	sh.closedAt = e.now()
}

func (sh *shard) append(r *record) {
	sh.records = append(sh.records, r)
	sh.bytes += r.size
}

// trim drops records that are older than 24 hours or, from the oldest on, more
// than fit in maxBytes; the newest always stays within that bound.
func (sh *shard) trim(now time.Time, maxBytes int) {
	n := 0
	for n < len(sh.records) {
		r := sh.records[n]
		if now.Sub(r.at) <= streamLife && (sh.bytes <= maxBytes || n == len(sh.records)-1) {
			break
		}
		sh.bytes -= r.size
		sh.trimmed = r.sequence
		sh.records[n] = nil // lets go of the images
		n++
	}
	sh.records = sh.records[n:]
}

// from returns the records with this sequence number and later.
func (sh *shard) from(sequence uint64) []*record {
	i := sort.Search(len(sh.records), func(i int) bool { return sh.records[i].sequence >= sequence })
	return sh.records[i:]
}

// isGone reports whether a closed shard has nothing left to read.
func (sh *shard) isGone(now time.Time) bool {
	return !sh.isOpen() && len(sh.records) == 0 && now.Sub(sh.closedAt) > streamLife
}

// trim drops old records of all shards, and shards that have ended and are empty. The caller holds s.mu.
func (s *stream) trim(now time.Time) {
	for _, sh := range s.shards {
		sh.trim(now, s.maxBytes)
	}
	s.shards = slices.DeleteFunc(s.shards, func(sh *shard) bool { return sh.isGone(now) })
}

func (s *stream) shard(id string) *shard {
	for _, sh := range s.shards {
		if sh.id == id {
			return sh
		}
	}
	return nil
}

// SplitShard closes an open shard and divides its partition keys between two
// new ones that have it as their parent, as AWS does when a partition grows.
// AWS does it when it likes; this is for tests of consumers, which must read a
// shard to its end before they begin with its children. It returns the ids of
// the children.
func (e *Engine) SplitShard(streamARN, shardID string) (children [2]string, err error) {
	s, err := e.stream(streamARN)
	if err != nil {
		return children, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	parent := s.shard(shardID)
	if parent == nil || !parent.isOpen() || parent.low == parent.high {
		return children, fmt.Errorf("dynamodb: stream %s has no shard %s that can be split", streamARN, shardID)
	}
	parent.close(e)
	middle := parent.low + (parent.high-parent.low)/2
	left, right := e.newShard(shardID, parent.low, middle), e.newShard(shardID, middle+1, parent.high)
	s.shards = append(s.shards, left, right)
	s.announce()
	return [2]string{left.id, right.id}, nil
}

// sequenceText writes a sequence number as the API has it: 21 digits, so that
// the order of the texts is the order of the numbers.
func sequenceText(n uint64) string {
	digits := strconv.FormatUint(n, 10)
	return "000000000000000000000"[len(digits):] + digits
}
