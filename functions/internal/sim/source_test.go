package sim

import (
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"edgestream/functions/internal/stream"
)

const (
	// publishTimeout and retries are those of the template.
	publishTimeout = time.Minute
	retries        = 30
	pollEvery      = 200 * time.Millisecond
	batchSize      = 100
)

// source is the stream of Content and what Lambda does with it: a poller per shard.
type source struct {
	*world
	// begins makes an instance of its function, and work has one do a batch.
	begins func() *publisher
	work   func(ctx context.Context, p *publisher, batch []*record) (failed []string)
	// open are the shards that take records.
	open []*shard
	all  []*shard
}

// shard has the records of some owners, in their order.
type shard struct {
	*source
	name    string
	records []*record
	// next is the first that has not been done.
	next   int
	closed bool
	// children take over when it is done.
	children []*shard
	// publisher is where its last batch went.
	publisher *publisher
	tries     int
}

func newSource(w *world, shards int) *source {
	return newSourceOf(w, shards, w.scene.publisher, func(ctx context.Context, p *publisher, batch []*record) []string {
		return p.Publish(ctx, changes(batch))
	})
}

func newSourceOf(w *world, shards int, begins func() *publisher, work func(context.Context, *publisher, []*record) []string) *source {
	s := &source{world: w, begins: begins, work: work}
	for range shards {
		s.open = append(s.open, s.begin())
	}
	for _, one := range s.open {
		one.poll()
	}
	return s
}

func (s *source) begin() *shard {
	one := &shard{source: s, name: fmt.Sprint("shard", len(s.all)+1)}
	s.all = append(s.all, one)
	return one
}

func (s *source) put(r *record) {
	h := fnv.New32a()
	h.Write([]byte(r.Owner))
	one := s.open[h.Sum32()%uint32(len(s.open))]
	for one.closed {
		one = one.children[h.Sum32()/7%uint32(len(one.children))]
	}
	one.records = append(one.records, r)
}

// split closes a shard. Its children are read when it has been read to its end.
func (s *source) split() {
	one := s.all[s.random.IntN(len(s.all))]
	if one.closed {
		return
	}
	one.closed, one.children = true, []*shard{s.begin(), s.begin()}
	s.note(mark{}, "%s is split", one.name)
	s.saw("a shard that is split")
}

// poll reads on, now and then after a long time.
func (s *shard) poll() {
	wait := pollEvery
	if !s.calm && s.chance(s.weather.lag) {
		s.saw("a poller that lags")
		wait = s.between(time.Second, 15*time.Second)
	}
	s.after(wait, func() {
		switch end := min(len(s.records), s.next+batchSize); {
		case end > s.next:
			s.hand(s.records[s.next:end], s.done)
		case s.closed:
			s.children[0].poll()
			s.children[1].poll()
		default:
			s.poll()
		}
	})
}

// done goes on behind the batch, unless it is brought a second time.
func (s *shard) done(batch []*record) {
	if !s.calm && s.chance(s.weather.twice) {
		s.note(markOf(batch), "%s: %s comes twice", s.name, numbers(batch))
		repeat(batch)
		s.saw("a batch that comes twice")
		s.hand(batch, s.done)
		return
	}
	for _, r := range batch {
		r.published = time.Now()
		r.settle()
	}
	s.next += len(batch)
	s.poll()
}

// repeat notes that the records may be posted by one who does not know what has been.
func repeat(batch []*record) {
	for _, r := range batch {
		r.repeated = true
	}
}

// hand hands a batch to an instance until it is done, and calls then.
func (s *shard) hand(batch []*record, then func([]*record)) {
	s.tries = 0
	s.attempt(batch, func() { then(batch) })
}

// attempt hands over a batch. What failed is brought again: from the lowest sequence number on, or, if
// the invocation failed, all of it in two halves.
func (s *shard) attempt(batch []*record, then func()) {
	p := s.instance(batch)
	s.note(markOf(batch), "%s: %s goes to %s", s.name, numbers(batch), p.name)
	var failed []string
	p.invoke(publishTimeout, func(ctx context.Context) error {
		failed = s.work(ctx, p, batch)
		return nil
	}, func(err error) {
		switch {
		case err != nil:
			repeat(batch)
			s.again(func() { s.halves(batch, then) })
		case len(failed) > 0:
			first := slices.IndexFunc(batch, func(r *record) bool { return slices.Contains(failed, r.Sequence) })
			s.saw("a batch that failed in part")
			s.note(markOf(batch), "%s: %s failed from %d on", p.name, numbers(batch), batch[first].number)
			s.again(func() { s.attempt(batch[first:], then) })
		default:
			s.note(markOf(batch), "%s: %s done", p.name, numbers(batch))
			then()
		}
	})
}

func (s *shard) halves(batch []*record, then func()) {
	s.saw("a batch in halves")
	half := len(batch) / 2
	if half == 0 {
		s.attempt(batch, then)
		return
	}
	s.attempt(batch[:half], func() { s.attempt(batch[half:], then) })
}

// again does it after a pause.
func (s *shard) again(do func()) {
	if s.tries++; s.tries > retries {
		s.fail("%s gave a batch up", s.name)
	}
	s.after(min(100*time.Millisecond<<min(s.tries, 6), 5*time.Second), do)
}

// instance is where the shard's next batch goes: where the one before went, if that lives.
func (s *shard) instance(batch []*record) *publisher {
	switch {
	case s.publisher == nil:
		s.publisher = s.begins()
	case s.publisher.dead.Load(), !s.calm && s.chance(s.weather.moves):
		s.saw("a shard that goes to another instance")
		s.publisher = s.begins()
		repeat(batch)
	}
	return s.publisher
}

func changes(batch []*record) []stream.Change {
	all := make([]stream.Change, len(batch))
	for i, r := range batch {
		all[i] = r.Change
	}
	return all
}

// numbers is the batch in a trace.
func numbers(batch []*record) string {
	if len(batch) == 1 {
		return fmt.Sprint(batch[0].number)
	}
	return fmt.Sprint(batch[0].number, "…", batch[len(batch)-1].number)
}
