package history_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"edgestream/functions/internal/history"
	"edgestream/functions/internal/historytest"
	"edgestream/functions/internal/stream"
)

// faulty is a log whose appends take a while and can fail, each time as outcome says.
type faulty struct {
	*historytest.Memory
	takes   time.Duration
	outcome func(e history.Entry, try int) outcome

	mu       sync.Mutex
	tries    map[string]int
	inFlight map[stream.Topic]int
	most     int
	wg       sync.WaitGroup
}

type outcome int

const (
	appends outcome = iota
	fails           // and writes nothing
	writesAndFails
	failsAndWritesLater
	tooLarge
	breaks // for good, without a word whether it can be repeated
)

func newFaulty(o func(e history.Entry, try int) outcome) *faulty {
	return &faulty{Memory: historytest.NewMemory(), takes: time.Millisecond, outcome: o, tries: map[string]int{}, inFlight: map[stream.Topic]int{}}
}

func (f *faulty) Append(ctx context.Context, e history.Entry) (history.Entry, error) {
	o := f.begin(e)
	defer f.end(e)
	time.Sleep(f.takes)
	switch o {
	case fails:
		return history.Entry{}, history.ErrUnavailable
	case writesAndFails:
		_, _ = f.Memory.Append(ctx, e)
		return history.Entry{}, history.ErrUnavailable
	case failsAndWritesLater:
		f.wg.Go(func() {
			time.Sleep(2 * time.Second)
			_, _ = f.Memory.Append(context.Background(), e)
		})
		return history.Entry{}, history.ErrUnavailable
	case tooLarge:
		return history.Entry{}, history.ErrTooLarge
	case breaks:
		return history.Entry{}, errors.New("broken")
	}
	return f.Memory.Append(ctx, e)
}

func (f *faulty) begin(e history.Entry) outcome {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.inFlight[stream.Topic{}]++
	f.inFlight[e.Topic]++
	f.most = max(f.most, f.inFlight[stream.Topic{}])
	f.tries[e.Record]++
	if f.outcome == nil {
		return appends
	}
	return f.outcome(e, f.tries[e.Record])
}

func (f *faulty) end(e history.Entry) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.inFlight[stream.Topic{}]--
	f.inFlight[e.Topic]--
}

func record(owner string, sequence int, topics ...stream.Topic) (entries []history.Entry) {
	for _, topic := range topics {
		entries = append(entries, history.Entry{
			Topic: topic, Record: fmt.Sprintf("%s#%d", owner, sequence), Owner: owner, Sequence: fmt.Sprint(100 + sequence),
			Messages: []stream.Message{{Topic: topic, Streams: []stream.Name{stream.Public}, Event: "update", Payload: []byte("{}")}},
		})
	}
	return entries
}

func noError(t testing.TB, errs []error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

var public = stream.PublicTopic()
