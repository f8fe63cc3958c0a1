package dynamodb

import (
	"time"

	"github.com/tidwall/btree"
)

// maxOverdue is how long ago an item may have expired and still be removed: an
// older time is taken for a mistake.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ttl-expired-items.html
const maxOverdue = 5 * 365 * 24 * time.Hour

// expiryIndex orders the rows of a table by their time to live. A nil one, of
// a table without TTL, holds nothing.
type expiryIndex struct {
	attribute string
	tree      *btree.BTreeG[expiring]
}

type expiring struct {
	at  int64 // seconds since 1970
	row *row
}

func newExpiryIndex(attribute string, rows *tree) *expiryIndex {
	x := &expiryIndex{attribute, btree.NewBTreeGOptions(expiresBefore, btree.Options{NoLocks: true})}
	rows.Scan(func(r *row) bool {
		x.replace(nil, r)
		return true
	})
	return x
}

func expiresBefore(a, b expiring) bool {
	if a.at != b.at {
		return a.at < b.at
	}
	return before(a.row, b.row)
}

func (x *expiryIndex) replace(old, next *row) {
	if x == nil {
		return
	}
	if at, ok := x.timeOf(old); ok {
		x.tree.Delete(expiring{at, old})
	}
	if at, ok := x.timeOf(next); ok {
		x.tree.Set(expiring{at, next})
	}
}

// timeOf returns when a row expires; ok is false if it never does.
func (x *expiryIndex) timeOf(r *row) (at int64, ok bool) {
	if r == nil {
		return 0, false
	}
	return r.item[x.attribute].Num.Seconds()
}

// expireForever removes expired items until the engine is closed.
func (e *Engine) expireForever() {
	ticker := time.NewTicker(e.opts.TTLInterval)
	defer ticker.Stop()
	for {
		select {
		case <-e.stop:
			return
		case <-ticker.C:
			e.Expire()
		}
	}
}

// Expire removes every item whose time to live is over, at once. The engine
// does this by itself every Options.TTLInterval; tests that set a clock of
// their own call it. Stream records of the removals carry the service as their
// identity, as on AWS.
func (e *Engine) Expire() {
	now := e.now()
	for _, name := range e.tableNames() {
		if t, err := e.table(name); err == nil {
			t.expire(e, now)
		}
	}
}

func (t *table) expire(e *Engine, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.expiry == nil {
		return
	}
	for _, r := range t.expiry.due(now) {
		t.commit(e, change{old: r, expired: true})
	}
}

func (x *expiryIndex) due(now time.Time) []*row {
	var rows []*row
	first := expiring{now.Add(-maxOverdue).Unix(), &row{}}
	x.tree.Ascend(first, func(entry expiring) bool {
		if entry.at >= now.Unix() {
			return false
		}
		rows = append(rows, entry.row)
		return true
	})
	return rows
}

type ttlSpec struct {
	Enabled       bool
	AttributeName string
}

type updateTTLInput struct {
	TableName               string
	TimeToLiveSpecification *ttlSpec
}

// updateTimeToLive takes effect at once; AWS allows one change an hour.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTimeToLive.html
func (e *Engine) updateTimeToLive(in *updateTTLInput) (object, error) {
	spec := in.TimeToLiveSpecification
	if spec == nil || spec.AttributeName == "" {
		return nil, present("timeToLiveSpecification", false)
	}
	t, err := e.table(in.TableName)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	s := &t.settings
	switch {
	case spec.Enabled && s.ttlAttribute != "":
		return nil, invalid("TimeToLive is already enabled")
	case !spec.Enabled && s.ttlAttribute == "":
		return nil, invalid("TimeToLive is already disabled")
	case !spec.Enabled && s.ttlAttribute != spec.AttributeName:
		return nil, invalid("TimeToLive is active on a different AttributeName: current AttributeName is %s", s.ttlAttribute)
	case spec.Enabled:
		s.ttlAttribute = spec.AttributeName
		t.expiry = newExpiryIndex(spec.AttributeName, t.tree)
	default:
		s.ttlAttribute, t.expiry = "", nil
	}
	return object{{"TimeToLiveSpecification", spec}}, nil
}

// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeTimeToLive.html
func (e *Engine) describeTimeToLive(in *tableInput) (object, error) {
	t, err := e.table(in.TableName)
	if err != nil {
		return nil, err
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	o := object{{"TimeToLiveStatus", "DISABLED"}}
	if name := t.settings.ttlAttribute; name != "" {
		o = object{{"TimeToLiveStatus", "ENABLED"}, {"AttributeName", name}}
	}
	return object{{"TimeToLiveDescription", o}}, nil
}
