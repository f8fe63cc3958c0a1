package history

import (
	"context"
	"errors"
	"sync"
	"time"

	"edgestream/functions/internal/stream"
)

const (
	// topicsAtOnce bounds how many entries of one record a lane appends side by side.
	topicsAtOnce = 16
	// topicsPerName is of how many topics a lane remembers its last entry. With more it takes
	// another name and begins anew.
	topicsPerName = 4096
	firstDelay    = 50 * time.Millisecond
	longestDelay  = time.Second
)

// lane appends one record after the other, under a name.
type lane struct {
	log    Log
	config *WriterConfig
	// turn holds a token while nobody appends.
	turn chan struct{}

	mu   sync.Mutex
	name string
	// last is the lane's latest place, or of what was found in its place.
	last time.Time
	// tails is the last entry under this name of each topic.
	tails map[stream.Topic]tail
}

type tail struct {
	n  uint64
	at time.Time
}

func newLane(log Log, config *WriterConfig) *lane {
	l := &lane{log: log, config: config, turn: make(chan struct{}, 1)}
	l.rename()
	l.leave()
	return l
}

func (l *lane) enter(ctx context.Context) error {
	select {
	case <-l.turn:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l *lane) leave() { l.turn <- struct{}{} }

// rename has the lane be another writer: after an entry that may still appear, which would be
// behind the next one.
func (l *lane) rename() { l.name, l.tails = l.config.Name(), map[stream.Topic]tail{} }

// write appends the entries of one record and notes what comes of each. They take their places in
// their order.
func (l *lane) write(ctx context.Context, a *appending, record []int) {
	if len(l.tails) > topicsPerName {
		l.rename()
	}
	var wg sync.WaitGroup
	appending := make(chan struct{}, topicsAtOnce)
	for _, i := range record {
		appending <- struct{}{}
		placed := l.place(a.entries[i])
		wg.Go(func() {
			defer func() { <-appending }()
			a.stored[i], a.errs[i] = l.append(ctx, placed)
		})
	}
	wg.Wait()
	if a.failure(record) != nil {
		l.rename()
	}
}

// append appends an entry that has its place. Each further attempt takes a new one.
func (l *lane) append(ctx context.Context, e Entry) (Entry, error) {
	began := time.Now()
	for delay := firstDelay; ; delay = min(2*delay, longestDelay) {
		stored, err := l.log.Append(ctx, e)
		if err == nil {
			l.keep(e.Topic, stored)
			return stored, nil
		}
		pause := l.config.Jitter(delay)
		if !errors.Is(err, ErrUnavailable) || time.Since(began)+pause > l.config.Patience || wait(ctx, pause) != nil {
			return Entry{}, err
		}
		e = l.place(e)
	}
}

// place gives the entry the writer's next number of its topic, and a place of now.
func (l *lane) place(e Entry) Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	tail := l.tails[e.Topic]
	e.Writer, e.N, e.Previous = l.name, tail.n+1, tail.at
	e.At = l.config.Now().UTC().Truncate(time.Microsecond)
	if next := l.last.Add(time.Microsecond); e.At.Before(next) {
		e.At = next
	}
	l.last = e.At
	return e
}

// keep remembers what the log has. It may be another writer's, whose clock is ahead: what comes
// next is placed after it all the same, unless that clock is wrong beyond measure.
func (l *lane) keep(topic stream.Topic, stored Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if stored.Writer == l.name && stored.N > l.tails[topic].n {
		l.tails[topic] = tail{stored.N, stored.At}
	}
	if stored.At.After(l.last) && stored.At.Before(l.config.Now().Add(Lateness)) {
		l.last = stored.At
	}
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
