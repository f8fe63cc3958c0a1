package dynamodb

import (
	"sync"
	"time"

	"edgestream/infra/local/dynamodb/attribute"
)

// table is one table. mu guards everything but the fields that never change.
type table struct {
	name, id, arn string
	created       time.Time
	schema        keySchema
	indexes       []*index // the slice never changes; trees and byte counts do

	mu       sync.RWMutex
	settings tableSettings
	tree     *tree
	bytes    int
	stream   *stream // the enabled or last one; nil if there never was one
	expiry   *expiryIndex
}

// rowAt finds the stored row with the key of r, or nil.
func (t *table) rowAt(r *row) *row {
	stored, _ := t.tree.Get(r)
	return stored
}

// index finds an index by name, or nil.
func (t *table) index(name string) *index {
	for _, x := range t.indexes {
		if x.name == name {
			return x
		}
	}
	return nil
}

// change is what a write does to one row of a table; old or next may be nil.
type change struct {
	old, next *row
	expired   bool // removed by TTL rather than by a client
}

// commit makes a change and tells everything that depends on it: indexes, the
// order of expiry and the stream. It is the only way in which rows change. The
// caller holds t.mu and has validated the change.
func (t *table) commit(e *Engine, c change) capacity {
	used := capacity{table: writeUnits(max(sizeOf(c.old), sizeOf(c.next)))}
	switch {
	case c.next != nil:
		t.tree.Set(c.next)
	case c.old != nil:
		t.tree.Delete(c.old)
	}
	t.bytes += sizeOf(c.next) - sizeOf(c.old)
	for _, x := range t.indexes {
		used.addIndex(x, x.replace(x.rowFor(t.schema, c.old), x.rowFor(t.schema, c.next)))
	}
	t.expiry.replace(c.old, c.next)
	if t.stream != nil {
		t.stream.record(e, t.schema, c)
	}
	return used
}

func sizeOf(r *row) int {
	if r == nil {
		return 0
	}
	return r.size
}

// itemOf returns the item of a row, or nil for none.
func itemOf(r *row) attribute.Item {
	if r == nil {
		return nil
	}
	return r.item
}
