package history

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"hash/fnv"
	mathrand "math/rand/v2"
	"sync"
	"time"
)

// WriterConfig bounds a Writer. Zero fields have the values given.
type WriterConfig struct {
	// Lanes is how many records are appended side by side: 8.
	Lanes int
	// Patience is how long one entry is tried again: 4 s. The last try may end AppendTimeout later.
	Patience time.Duration
	// Jitter is a random time below the one given, to wait before the next try.
	Jitter func(time.Duration) time.Duration
	// Name is a new name for a writer: 8 random characters of base64url.
	Name func() string
	// Now is the writer's clock: time.Now.
	Now func() time.Time
}

// Writer appends entries: those of one owner one record after the other, those of other owners, and
// of the other topics of a record, side by side. It is safe for concurrent use, and is meant to
// live as long as its process: a log's readers keep a number for each writer.
//
// Owners are spread over lanes, each of which is a writer in the sense of Entry.Writer. The places
// of a lane ascend, and are after those of what its owners have in the log already.
type Writer struct {
	config WriterConfig
	lanes  []*lane
}

// errEarlier: an earlier entry of the same owner was not appended, so this one was not tried.
var errEarlier = errors.New("an earlier entry of the owner was not appended")

// NewWriter appends to the log.
func NewWriter(log Log, c WriterConfig) *Writer {
	c.Lanes = cmp.Or(c.Lanes, 8)
	c.Patience = cmp.Or(c.Patience, 4*time.Second)
	if c.Jitter == nil {
		c.Jitter = func(d time.Duration) time.Duration { return mathrand.N(d) }
	}
	if c.Name == nil {
		c.Name = newName
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	w := &Writer{config: c}
	for range c.Lanes {
		w.lanes = append(w.lanes, newLane(log, &w.config))
	}
	return w
}

func newName() string {
	b := make([]byte, nameBytes)
	_, _ = rand.Read(b) // it never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// Append appends the entries, which come in the order of their records and without place and
// writer. It returns what the log has then for each, which is what an earlier Append wrote if
// there was one of the record and topic; where errs is not nil it may have nothing.
//
// ErrUnavailable is tried again. After an entry has failed, later records of its owner fail too
// and are not tried, and other owners go on. ErrTooLarge alone holds up nothing.
func (w *Writer) Append(ctx context.Context, entries []Entry) (stored []Entry, errs []error) {
	a := &appending{entries: entries, stored: make([]Entry, len(entries)), errs: make([]error, len(entries))}
	var wg sync.WaitGroup
	for lane, records := range w.plan(entries) {
		wg.Go(func() { a.run(ctx, lane, records) })
	}
	wg.Wait()
	return a.stored, a.errs
}

// plan is what each lane has to do: records, as the indexes of their entries.
func (w *Writer) plan(entries []Entry) map[*lane][][]int {
	plan := map[*lane][][]int{}
	for i, e := range entries {
		lane := w.laneOf(e.Owner)
		records := plan[lane]
		if n := len(records); n > 0 && sameRecord(entries[records[n-1][0]], e) {
			records[n-1] = append(records[n-1], i)
		} else {
			plan[lane] = append(records, []int{i})
		}
	}
	return plan
}

func sameRecord(a, b Entry) bool { return a.Record == b.Record && a.Owner == b.Owner }

func (w *Writer) laneOf(owner string) *lane {
	h := fnv.New32a()
	h.Write([]byte(owner))
	return w.lanes[h.Sum32()%uint32(len(w.lanes))]
}

// appending is one call to Append. Lanes write to elements of their own.
type appending struct {
	entries []Entry
	stored  []Entry
	errs    []error
}

func (a *appending) run(ctx context.Context, l *lane, records [][]int) {
	failed := map[string]error{}
	for _, record := range records {
		owner := a.entries[record[0]].Owner
		err := failed[owner]
		if err != nil {
			err = fmt.Errorf("%w: %w", errEarlier, err)
		} else {
			err = l.enter(ctx)
		}
		if err != nil {
			a.fail(record, err)
			continue
		}
		l.write(ctx, a, record)
		l.leave()
		if err := a.failure(record); err != nil {
			failed[owner] = err
		}
	}
}

func (a *appending) fail(record []int, err error) {
	for _, i := range record {
		a.errs[i] = err
	}
}

// failure is why the record's owner cannot go on; nil if it can.
func (a *appending) failure(record []int) error {
	for _, i := range record {
		if err := a.errs[i]; err != nil && !errors.Is(err, ErrTooLarge) {
			return err
		}
	}
	return nil
}
