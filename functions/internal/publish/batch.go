package publish

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"

	"edgestream/functions/internal/stream"
)

// batch is one call of Publish.
type batch struct {
	*Publisher
	changes  []change
	owners   map[string]*owner
	messages []message // in the order of the changes
	topics   []stream.Topic
	byTopic  map[stream.Topic][]int32 // the messages of each topic, ascending
	lanes    []lane
	cursors  []cursor
	logs
	channels
	places   places
	counts   counts
	health   health
	cause    atomic.Pointer[string]
	repeated bool // something may have been delivered before
	// twoWays says that what was may have gone through the queue, or here and would now go there.
	twoWays bool
	onwards []onward
}

type change struct {
	*stream.Change
	owner *owner
	// index is the change's place in the batch.
	index int32
	// poison is why the change has no messages.
	poison error
	// held says that it must not be posted, see hold.
	held bool
	// done says that all of it was delivered when the batch came before.
	done bool
	// last is when it was last delivered, in Unix nanoseconds, and audience for how many something was to be sent.
	last, audience atomic.Int64
}

// owner is what the changes of one owner share.
type owner struct {
	// failed is the index of its first change that failed; those after it are not delivered.
	failed atomic.Int32
	// onward is the first of its changes that goes on being posted here; nil: none.
	onward *change
}

// fail marks the change, and with it all later ones of its owner.
func (c *change) fail() {
	for {
		was := c.owner.failed.Load()
		if was <= c.index || c.owner.failed.CompareAndSwap(was, c.index) {
			return
		}
	}
}

// blocked reports whether an earlier change of the owner has failed.
func (c *change) blocked() bool { return c.owner.failed.Load() < c.index }

// message is a message of the batch. Messages of one change that say the same share their frames.
type message struct {
	*stream.Message
	change *change
	frames *frames
	// entry is one more than the index of its entry in a log, and index its place there; 0: its
	// topic is not kept.
	entry, index int32
	// subscriptions is how many there are, of a message that tells it.
	subscriptions int
	// cut says that it is not posted here: it goes through the queue, with its log, or it has been said.
	cut bool
}

// newBatch makes a batch of so many changes, which it is to take.
func (p *Publisher) newBatch(n int) *batch {
	return &batch{Publisher: p, changes: make([]change, n), owners: map[string]*owner{}, byTopic: map[stream.Topic][]int32{},
		places: newPlaces(p.Posts), repeated: !p.memory.empty()}
}

// take adds a change at its place.
func (b *batch) take(i int, of *stream.Change) *change {
	c := &b.changes[i]
	c.Change, c.index = of, int32(i)
	if c.owner = b.owners[c.Owner]; c.owner == nil {
		c.owner = &owner{}
		c.owner.failed.Store(math.MaxInt32)
		b.owners[c.Owner] = c.owner
	}
	return c
}

// plan finds out what is to be said, and to which topics.
func (p *Publisher) plan(ctx context.Context, changes []stream.Change) *batch {
	b := p.newBatch(len(changes))
	b.twoWays = b.repeated && b.Slices != nil
	changes, unknown := b.settle(ctx, changes)
	for i := range changes {
		c := b.take(i, &changes[i])
		if unknown[i] {
			c.hold()
			continue
		}
		var messages []stream.Message
		messages, c.poison = c.Messages()
		first := len(b.messages)
		b.add(c, messages)
		b.enrol(c, first)
	}
	return b
}

func (b *batch) add(c *change, messages []stream.Message) {
	var f *frames
	for i := range messages {
		m := &messages[i]
		if i == 0 || !sameContent(m, &messages[i-1]) {
			f = &frames{}
		}
		if m.Topic.OfApp() {
			if b.Members == nil {
				continue // channels are not wanted
			}
			b.any = true
		}
		if _, ok := b.byTopic[m.Topic]; !ok {
			b.topics = append(b.topics, m.Topic)
		}
		b.byTopic[m.Topic] = append(b.byTopic[m.Topic], int32(len(b.messages)))
		b.messages = append(b.messages, message{Message: m, change: c, frames: f})
	}
}

// reports is how many records are reported side by side.
const reports = 16

// reportPoison hands the records that do not fit to the reporter. One that cannot be handed over
// has failed: it must not be lost.
func (b *batch) reportPoison(ctx context.Context) {
	var wg sync.WaitGroup
	places := make(chan struct{}, reports)
	for i := range b.changes {
		c := &b.changes[i]
		if c.poison == nil {
			continue
		}
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			b.report(ctx, c)
		})
	}
	wg.Wait()
}

func (b *batch) report(ctx context.Context, c *change) {
	key := b.key(c, "poison", stream.Subscription{}, 0)
	if b.repeated && b.memory.has(key) {
		return
	}
	if err := b.Reporter.Report(ctx, c.Raw, c.poison.Error()); err != nil {
		b.blame("report", err)
		c.fail()
		return
	}
	b.counts.poison.Add(1)
	b.memory.add(key)
	b.Log.LogAttrs(ctx, slog.LevelError, "record does not fit", slog.String("event", c.EventID),
		slog.String("sequence", c.Sequence), slog.String("reason", c.poison.Error()))
}

// deliver runs the lanes. They are started in the order in which their topics are first spoken to.
func (b *batch) deliver(ctx context.Context) {
	posting, cancel := b.due(ctx)
	defer cancel()
	var wg sync.WaitGroup
	for i := range b.lanes {
		b.places.enter()
		wg.Add(1)
		go b.lanes[i].start(ctx, posting, &wg)
	}
	wg.Wait()
}

// again lists the sequence numbers of what must come again, in the batch's order.
func (b *batch) again() (sequences []string) {
	for i := range b.changes {
		if c := &b.changes[i]; c.index >= c.owner.failed.Load() {
			sequences = append(sequences, c.Sequence)
		}
	}
	return sequences
}

// remember keeps what was delivered, for when the failed changes come again and with them all
// that stood after the first of them.
func (b *batch) remember() {
	first := int32(math.MaxInt32)
	for i := range b.changes {
		first = min(first, b.changes[i].owner.failed.Load())
	}
	b.rememberFrom(first)
	for _, key := range b.told {
		b.memory.add(key)
	}
	for i := range b.changes {
		if c := &b.changes[i]; c.index >= first && !c.waits() {
			b.memory.add(b.doneKey(c))
		}
	}
}

// doneKey stands for all that a change says.
func (b *batch) doneKey(c *change) uint64 { return b.key(c, "done", stream.Subscription{}, 0) }

// rememberFrom keeps what was delivered of the changes from the first one on.
func (b *batch) rememberFrom(first int32) {
	for i := range b.lanes {
		b.lanes[i].remember(first)
	}
}

// blame keeps the first reason of a failure, for the batch's log line.
func (b *batch) blame(what string, err error) {
	text := fmt.Sprintf("%s: %v", what, err)
	b.cause.CompareAndSwap(nil, &text)
}
