// Package dynamodb is an embedded DynamoDB: tables, indexes, expressions,
// transactions and streams in memory, spoken to as AWS is spoken to.
//
// It exists so that one `go run` has a database and so that tests need no
// container. Any AWS SDK and the AWS CLI can use it through an endpoint URL.
// What it does not do it refuses by name; it never pretends.
//
//	engine := dynamodb.New(dynamodb.Options{})
//	defer engine.Close()
//	http.ListenAndServe("127.0.0.1:8000", engine)
//
// How it is built:
//
//   - A table is one ordered tree, sorted by hash of the partition key,
//     partition key and sort key. So a Query is a range, a Scan is the whole,
//     and a segment of a parallel Scan is a range of hashes. Each index is
//     another tree of the same make.
//   - Items never change once stored (see package attribute). Readers hold a
//     table's lock while they walk, and write the answer after they let go.
//   - Every change goes through one function, table.commit: it updates the
//     indexes, counts the capacity and feeds the stream, under the table's lock.
//     A single write, a batch, a transaction and the removal of expired items
//     cannot differ in that.
//   - Indexes and eventually consistent reads are always up to date: an order
//     of events that AWS allows, but not the only one that it allows.
//
// Where messages and limits come from:
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/Welcome.html
// and the behaviour of DynamoDB Local, against which package contract checks it.
package dynamodb

import (
	"cmp"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Options configures an Engine. The zero value is good for local use.
type Options struct {
	// Now is the clock; default time.Now.
	Now func() time.Time
	// TTLInterval is how often expired items are looked for; default one
	// second. AWS takes up to days. Negative switches the removal off.
	TTLInterval time.Duration
	// Region and AccountID appear in ARNs and stream records; default
	// us-east-1 and 000000000000.
	Region, AccountID string
	// StreamShards is the number of shards a new stream begins with; default 1.
	// Items with the same partition key are always in the same shard.
	StreamShards int
	// StreamBytes bounds the records that each shard keeps, in bytes as
	// SizeBytes counts them; default 32 MiB. Older records are trimmed, as they
	// are after 24 hours; their images take a few times as much memory.
	StreamBytes int
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	o.TTLInterval = cmp.Or(o.TTLInterval, time.Second)
	o.Region = cmp.Or(o.Region, "us-east-1")
	o.AccountID = cmp.Or(o.AccountID, "000000000000")
	o.StreamShards = max(o.StreamShards, 1)
	o.StreamBytes = cmp.Or(o.StreamBytes, 32<<20)
	return o
}

// Engine holds the tables. Its methods may be called by many goroutines at once.
type Engine struct {
	opts Options

	mu      sync.RWMutex // guards the maps, not what is in them
	tables  map[string]*table
	streams map[string]*stream // by ARN; outlives its table

	sequence atomic.Uint64 // the last sequence number given to a stream record
	tokens   tokenStore

	closing sync.Once
	stop    chan struct{}
	done    sync.WaitGroup
}

var _ http.Handler = (*Engine)(nil)

// New makes an empty engine. Close it to end its one goroutine.
func New(opts Options) *Engine {
	e := &Engine{
		opts:    opts.withDefaults(),
		tables:  map[string]*table{},
		streams: map[string]*stream{},
		stop:    make(chan struct{}),
	}
	if e.opts.TTLInterval > 0 {
		e.done.Go(e.expireForever)
	}
	return e
}

// Close ends the removal of expired items, and returns when that has ended.
// Requests are still answered afterwards.
func (e *Engine) Close() {
	e.closing.Do(func() { close(e.stop) })
	e.done.Wait()
}

func (e *Engine) now() time.Time { return e.opts.Now() }

// table finds a table by its name or ARN.
func (e *Engine) table(name string) (*table, error) {
	name, err := tableName(name)
	if err != nil {
		return nil, err
	}
	e.mu.RLock()
	defer e.mu.RUnlock()
	if t := e.tables[name]; t != nil {
		return t, nil
	}
	return nil, tableNotFound(name)
}
