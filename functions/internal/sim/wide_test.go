package sim

import (
	"context"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"time"

	"edgestream/functions/internal/connectiontest"
	"edgestream/functions/internal/dynamo"
	"edgestream/functions/internal/lease"
	"edgestream/functions/internal/publish"
	"edgestream/functions/internal/stream"
)

// wide is the world of streams in which what more than a few hear of is cut into slices, and goes
// through a queue to deliver.
type wide struct {
	*streams
	opened *connectiontest.MemoryWide
	parts  *partQueue
	// most is how many listeners a topic may have that is not wide, and crowd how many accounts a change.
	most, crowd int
	// db has the row of the pace.
	db *database
	// paced says that all instances of deliver together keep a rate.
	paced bool
	// next is when the next post may be made that is paced.
	next time.Time
}

func newWide(w *world) *wide {
	s := &wide{streams: &streams{world: w}, opened: w.rows.memory.CutFrom(1), most: 1 + w.random.IntN(4), crowd: 1 + w.random.IntN(3), paced: w.chance(0.5)}
	s.parts = newPartQueue(s)
	return s
}

func (w *wide) begin() {
	w.streams.begin()
	w.parts.begin()
}

func (w *wide) publisher() *publisher {
	return w.newPublisher("publish", func(a *actor, c *publish.Config) { w.cut(a, c) })
}

// deliverer is a new instance of deliver.
func (w *wide) deliverer() *publisher {
	return w.newPublisher("deliver", func(a *actor, c *publish.Config) {
		w.cut(a, c)
		if c.Page = 2; w.paced {
			c.Pace, c.Posts = w.pace(a), 1 // lanes take their turns in an order that Go decides
		}
	})
}

func (w *wide) cut(a *actor, c *publish.Config) {
	c.Directory = cutTable{table{a}, w}
	c.Queue, c.Slices, c.Crowd = sender{a, w.parts}, sliceTable{table{a}, w}, w.crowd
}

func (w *wide) finish() {
	w.streams.finish()
	for _, m := range w.parts.messages {
		w.blame(mark{owner: m.Owner, records: []*record{m.record}}, "%s is still on the queue", m)
	}
	for _, s := range w.parts.segments {
		if w.opened.UnderWay(s) {
			w.fail("%s is still open", s)
		}
	}
}

// cutTable leaves wide topics out: each is one segment.
type cutTable struct {
	table
	wide *wide
}

func segmentOf(t stream.Topic) stream.Segment { return stream.Segment("topic#" + t.String()) }

// Listeners implements publish.Directory.
func (t cutTable) Listeners(ctx context.Context, topics []stream.Topic) (map[stream.Topic]stream.Audience, error) {
	return t.lookUp(ctx, topics, t.audience)
}

func (t cutTable) audience(ctx context.Context, topic stream.Topic) (stream.Audience, error) {
	found, err := t.table.audience(ctx, topic)
	if s := segmentOf(topic); !topic.IsAccount() && (len(found.Listeners) > t.wide.most || t.wide.opened.UnderWay(s)) {
		t.saw("a topic that is wide")
		found.Listeners, found.Wide = nil, []stream.Segment{s}
	}
	return found, err
}

// sliceTable are the open rows, and the listeners of slices.
type sliceTable struct {
	table
	wide *wide
}

var _ publish.Slices = sliceTable{}

func (t sliceTable) Open(ctx context.Context, s stream.Segment, event string, of []int) error {
	return t.call(ctx, "", fmt.Sprintf("opens %s of %s %v", s, event, of), func() error { return t.wide.opened.Open(ctx, s, event, of) })
}

func (t sliceTable) Opened(ctx context.Context, owners []string) (open map[string]bool, err error) {
	err = t.call(ctx, "", fmt.Sprintf("asks what of %v is open", owners), func() (err error) {
		open, err = t.wide.opened.Opened(ctx, owners)
		return err
	})
	return open, err
}

func (t sliceTable) OwnerSegment(owner string) stream.Segment {
	return t.wide.opened.OwnerSegment(owner)
}

func (t sliceTable) Segment(topic stream.Topic, _ string) stream.Segment { return segmentOf(topic) }

func (t sliceTable) Reached(ctx context.Context, s stream.Segment, event string, slice int) (after string, open bool, err error) {
	err = t.call(ctx, "", fmt.Sprintf("asks how far %s of %s got in %d", s, event, slice), func() (err error) {
		t.wide.parts.alone(t.actor, s, slice)
		after, open, err = t.wide.opened.Reached(ctx, s, event, slice)
		return err
	})
	return after, open, err
}

func (t sliceTable) Advance(ctx context.Context, s stream.Segment, event string, slice int, after string) error {
	return t.call(ctx, "", fmt.Sprintf("notes that %s of %s got to %s in %d", s, event, after, slice), func() error {
		return t.wide.opened.Advance(ctx, s, event, slice, after)
	})
}

func (t sliceTable) Close(ctx context.Context, s stream.Segment, event string, slice int) error {
	return t.call(ctx, "", fmt.Sprintf("closes %s of %s in %d", s, event, slice), func() error { return t.wide.opened.Close(ctx, s, event, slice) })
}

// Page implements publish.Slices.
func (t sliceTable) Page(ctx context.Context, topic stream.Topic, s stream.Segment, slice int, after string, atMost int) (found []stream.Listener, next string, err error) {
	key := func(l stream.Listener) string { return l.ID + " " + l.Key() }
	err = t.call(ctx, "", fmt.Sprintf("reads %d of %s behind %q", slice, s, after), func() error {
		t.wide.parts.alone(t.actor, s, slice)
		found = slices.DeleteFunc(t.rows.listeners(topic), func(l stream.Listener) bool {
			return sliceOf(topic, l.ID) != slice || key(l) <= after
		})
		return nil
	})
	if len(found) > atMost {
		return found[:atMost], key(found[atMost-1]), err
	}
	return found, "", err
}

func (t sliceTable) Count(_ context.Context, topic stream.Topic) (int, error) {
	return len(t.rows.listeners(topic)), nil
}

func sliceOf(t stream.Topic, id string) int {
	h := fnv.New32a()
	h.Write([]byte(id))
	return int(h.Sum32()) % t.Slices()
}

// pace gives two hundred posts a second to all, by the real row.
func (w *wide) pace(a *actor) publish.Pace {
	if w.before {
		return pace{a, w}
	}
	if w.db == nil {
		w.db = newDatabase(w.world)
	}
	row := dynamo.NewPace(w.db.client(a), "Connections", 200)
	row.Clock(a.now)
	return row
}

// pace is the plainest row of one clock: seeds were kept with that.
type pace struct {
	*actor
	wide *wide
}

func (p pace) Reserve(ctx context.Context, n int) (from time.Time, spread time.Duration, err error) {
	err = p.do(ctx, operation{class: stores, what: fmt.Sprintf("reserves %d posts", n), about: func() mark { return mark{} }, effect: func() error {
		if now := time.Now(); p.wide.next.Before(now) {
			p.wide.next = now
		}
		from, spread = p.wide.next, time.Duration(n)*5*time.Millisecond
		p.wide.next = from.Add(spread)
		return nil
	}})
	return from, spread, err
}

// partQueue is the FIFO queue, and what Lambda does with it.
type partQueue struct {
	*wide
	messages []*queued
	// locked are the groups of which a batch is under way, and until when others wait that failed.
	locked map[string]bool
	// sent is when a part was put there, by group and event.
	sent     map[string]time.Time
	segments []stream.Segment
	// instance is the instance of deliver that an actor is.
	instance map[*actor]*publisher
}

// queued is a message of the queue.
type queued struct {
	publish.Part
	record *record
	tries  int
	last   *publisher
	// receipt is that of the last time that it was received, and hidden until when nobody else gets it.
	receipt string
	hidden  time.Time
}

func (m *queued) String() string { return fmt.Sprintf("%d for %s", m.record.number, m.Group()) }

const (
	deliverTimeout = time.Minute
	// maxReceives is the template's.
	maxReceives = 100
	deliverers  = 3
)

func newPartQueue(w *wide) *partQueue {
	return &partQueue{wide: w, locked: map[string]bool{}, sent: map[string]time.Time{}, instance: map[*actor]*publisher{}}
}

func (q *partQueue) begin() {
	for range deliverers {
		q.poll(nil)
	}
}

// sender puts parts on the queue, ten with a request.
type sender struct {
	*actor
	queue *partQueue
}

func (s sender) Send(ctx context.Context, parts []publish.Part) []error {
	errs := make([]error, len(parts))
	var failed error
	at := 0
	for batch := range slices.Chunk(parts, 10) {
		if failed == nil { // or what comes later would overtake it
			failed = s.do(ctx, operation{
				class: invokes, what: fmt.Sprintf("sends %d parts of %s…", len(batch), batch[0].Event), about: func() mark { return mark{} },
				effect: func() error { s.queue.put(batch); return nil },
			})
		}
		for range batch {
			errs[at] = failed
			at++
		}
	}
	return errs
}

// put takes the parts that were not put there within five minutes.
func (q *partQueue) put(parts []publish.Part) {
	for _, p := range parts {
		id := p.Group() + " " + p.Event
		if at, again := q.sent[id]; again && time.Since(at) < 5*time.Minute {
			q.saw("a part that is sent again")
			continue
		}
		q.sent[id] = time.Now()
		i := slices.IndexFunc(q.records, func(r *record) bool { return r.EventID == p.Event })
		q.records[i].queued++
		q.messages = append(q.messages, &queued{Part: p, record: q.records[i]})
		if !slices.Contains(q.segments, p.Segment) {
			q.segments = append(q.segments, p.Segment)
		}
		q.saw("a part on the queue")
	}
}

// poll is one of Lambda's pollers, with the instance that it used last.
func (q *partQueue) poll(p *publisher) {
	wait := q.between(20*time.Millisecond, 200*time.Millisecond)
	if !q.calm && q.chance(q.weather.lag) {
		wait = q.between(time.Second, 5*time.Second)
	}
	q.after(wait, func() {
		batch := q.receive()
		switch {
		case len(batch) == 0:
			q.poll(p)
			return
		case p == nil || p.dead.Load() || !q.calm && q.chance(q.weather.moves):
			p = q.deliverer()
			q.instance[p.actor] = p
		}
		q.hand(p, batch)
	})
}

// receive is a batch of groups that nobody else has.
func (q *partQueue) receive() (batch []*queued) {
	mine, taken := map[string]bool{}, q.taken()
	for _, m := range q.messages {
		g := m.Group()
		if len(batch) < 10 && (mine[g] || !taken[g]) {
			q.locked[g], mine[g] = q.before, true
			batch = append(batch, m)
		}
	}
	for _, m := range batch {
		if !q.before {
			m.receipt, m.hidden = fmt.Sprint(m.record.number, ".", m.Group(), ".", m.tries), time.Now().Add(queueTimeout)
		}
	}
	return batch
}

// taken are the groups of which somebody has messages.
func (q *partQueue) taken() map[string]bool {
	taken := maps.Clone(q.locked)
	for _, m := range q.messages {
		if m.hidden.After(time.Now()) {
			taken[m.Group()] = true
		}
	}
	return taken
}

func (q *partQueue) hand(p *publisher, batch []*queued) {
	parts := make([]publish.Part, len(batch))
	for i, m := range batch {
		parts[i] = m.Part
		if m.last != nil && m.last != p {
			m.record.repeated = true // what the other one has posted of a page, this one does not know
		}
		if m.last, m.tries = p, m.tries+1; m.tries > maxReceives {
			q.fail("%s is given up", m)
		}
		q.note(mark{owner: m.Owner, records: []*record{m.record}}, "%s gets %s", p.name, m)
	}
	if !q.before {
		q.lend(p, batch)
		return
	}
	var failed []int
	p.invoke(deliverTimeout, func(ctx context.Context) error {
		failed = p.Deliver(ctx, parts)
		return nil
	}, func(err error) {
		if err != nil {
			q.after(q.between(time.Millisecond, lease.For), func() { q.giveBack(batch) })
		} else {
			q.take(batch, failed)
		}
		q.poll(p)
	})
}

// take removes what was delivered. What failed comes again after a pause, in its order.
func (q *partQueue) take(batch []*queued, failed []int) {
	var back []*queued
	for i, m := range batch {
		if slices.Contains(failed, i) {
			q.saw("a part that comes again")
			back = append(back, m)
			continue
		}
		q.messages = slices.DeleteFunc(q.messages, func(o *queued) bool { return o == m })
		m.record.queued--
		m.record.settle()
	}
	var done []*queued
	for _, m := range batch {
		if !slices.ContainsFunc(back, func(o *queued) bool { return o.Group() == m.Group() }) {
			done = append(done, m)
		}
	}
	q.giveBack(done)
	if len(back) > 0 {
		pause := min(time.Second<<min(back[0].tries, 5), lease.For)
		q.after(pause, func() { q.giveBack(back) })
	}
}

// giveBack lets others have the groups.
func (q *partQueue) giveBack(batch []*queued) {
	for _, m := range batch {
		delete(q.locked, m.Group())
	}
}
