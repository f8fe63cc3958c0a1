package publish

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"edgestream/functions/internal/history"
	"edgestream/functions/internal/stream"
)

// Deliver delivers parts, which are in the order of their queue, and returns the indexes of those that
// must come again: the first of a group that failed, and all of the group that come after it. Groups are
// delivered side by side. A slice is delivered page by page, and how far it got is kept, so that a part
// that comes again goes on where it was; one that has been delivered costs a read.
func (p *Publisher) Deliver(ctx context.Context, parts []Part) (failed []int) {
	var order []string
	groups := map[string][]int{}
	for i := range parts {
		g := parts[i].Group()
		if groups[g] == nil {
			order = append(order, g)
		}
		groups[g] = append(groups[g], i)
	}
	w := &work{Publisher: p}
	left := make([][]int, len(order))
	sideBySide(len(order), func(i int) { left[i] = w.group(ctx, parts, groups[order[i]]) })
	failed = slices.Concat(left...)
	slices.Sort(failed)
	w.tally.Records, w.tally.Failed = len(parts), len(failed)
	p.log(ctx, w.tally, w.cause.Load())
	p.Observe(w.tally)
	return failed
}

// work is one call of Deliver, and what happened in it.
type work struct {
	*Publisher
	cause atomic.Pointer[string]
	mu    sync.Mutex
	tally Tally
}

func (w *work) add(t Tally, cause *string) {
	if cause != nil {
		w.cause.CompareAndSwap(nil, cause)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tally = w.tally.plus(t)
}

// group delivers parts of one group and returns those that are left.
func (w *work) group(ctx context.Context, parts []Part, indexes []int) (left []int) {
	var last page
	for len(indexes) > 0 {
		run, after, err := w.nextRun(ctx, parts, indexes)
		if err != nil {
			w.Log.WarnContext(ctx, "part not begun", "group", parts[indexes[0]].Group(), "event", parts[indexes[0]].Event, "reason", err.Error())
			return indexes
		}
		n := max(len(run), 1) // none: the first has been delivered
		if len(run) > 0 && !w.run(ctx, run, after, &last) {
			return indexes
		}
		indexes = indexes[n:]
	}
	return nil
}

// nextRun is the parts from the first on that got equally far, so that their listeners can be read
// together; none if the first has been delivered.
func (p *Publisher) nextRun(ctx context.Context, parts []Part, indexes []int) (run []Part, after string, err error) {
	for _, i := range indexes {
		part := parts[i]
		at, open, err := p.Slices.Reached(ctx, part.Segment, part.Event, part.Slice)
		switch {
		case err != nil && len(run) == 0:
			return nil, "", err
		case err != nil || !open || len(run) > 0 && at != after:
			return run, after, nil
		}
		run, after = append(run, part), at
	}
	return run, after, nil
}

// run delivers parts of one group that got equally far.
func (w *work) run(ctx context.Context, run []Part, after string, last *page) bool {
	deliver := w.pages
	if run[0].Segment == w.Slices.OwnerSegment(run[0].Owner) {
		deliver = w.accounts
	}
	err := deliver(ctx, run, after, last)
	if err != nil {
		w.Log.WarnContext(ctx, "part not delivered", "group", run[0].Group(), "event", run[0].Event, "reason", err.Error())
	}
	return err == nil
}

// errUndelivered says that a batch has to come again; why stands in its own log line.
var errUndelivered = fmt.Errorf("%w: something was not delivered", stream.ErrUnavailable)

// accounts delivers what is said to accounts of a slice.
func (w *work) accounts(ctx context.Context, run []Part, _ string, _ *page) error {
	b, err := w.reopen(run)
	if err != nil {
		return err
	}
	b.admit(b.logAndLookUp(ctx, func() {})) // whatever is open: it is their turn
	if err := w.finish(ctx, b); err != nil {
		return err
	}
	return b.note(run, func(part Part) error { return w.Slices.Close(ctx, part.Segment, part.Event, part.Slice) })
}

// page is how much was said to the listeners of one, and how long it took.
type page struct {
	posts int
	took  time.Duration
}

// errNoTime says that a run goes on in another invocation.
var errNoTime = errors.New("no time for another page")

// pages delivers what is said to a topic's segment, from where it got; last is the group's page before. One
// that the invocation's end cuts short is repeated, if it goes on in another instance: so those before the
// end are smaller.
func (w *work) pages(ctx context.Context, run []Part, after string, last *page) error {
	for {
		began, size := time.Now(), w.fits(ctx, *last, len(run))
		if size == 0 {
			return errNoTime
		}
		b, err := w.reopen(run)
		if err != nil {
			return err
		}
		first := run[0]
		found, next, err := w.Slices.Page(ctx, b.topics[0], first.Segment, first.Slice, after, size)
		if err != nil {
			return err
		}
		b.admit(map[stream.Topic]stream.Audience{b.topics[0]: {Listeners: found}})
		if err := w.finish(ctx, b); err != nil {
			return err
		}
		if len(found) > 0 {
			*last = page{len(found) * len(run), time.Since(began)}
		}
		err = b.note(run, func(part Part) error {
			if next == "" {
				return w.Slices.Close(ctx, part.Segment, part.Event, part.Slice)
			}
			return w.Slices.Advance(ctx, part.Segment, part.Event, part.Slice, next)
		})
		if err != nil || next == "" {
			return err
		}
		after = next
	}
}

// least is how much time is left if a page is begun that is not the first.
const least = time.Second

// fits is how many listeners the next page may have, to whom so many parts are said, after the last one if
// there is one. 0: it is time to end.
func (p *Publisher) fits(ctx context.Context, last page, parts int) int {
	deadline, ok := ctx.Deadline()
	if !ok || last.posts == 0 {
		return p.Page
	}
	left := time.Until(deadline) - p.Margin
	if left < least {
		return 0
	}
	posts := 0.7 * float64(last.posts) * float64(left) / float64(max(last.took, time.Millisecond)) // not all take equally long
	return int(min(float64(p.Page), posts/float64(parts)))
}

// note has it noted for each part how far it got. What cannot be noted comes again, and this instance
// remembers what it has delivered of it.
func (b *batch) note(run []Part, do func(Part) error) error {
	for i, part := range run {
		if err := do(part); err != nil {
			b.rememberFrom(int32(i))
			return err
		}
	}
	return nil
}

// finish makes a batch's deliveries.
func (w *work) finish(ctx context.Context, b *batch) error {
	for i := range b.lanes {
		b.pace.expect(b.lanes[i].expects())
	}
	b.postAll(ctx)
	failed := b.again()
	if len(failed) > 0 {
		b.rememberFrom(0) // no part of the run is noted, so all of it comes again
	}
	w.add(b.result(len(failed)), b.cause.Load())
	if len(failed) > 0 {
		return errUndelivered
	}
	return nil
}

// expects is about how many posts the lane is going to make.
func (l *lane) expects() (n int) {
	for c := l.first; c != none; c = l.cursors[c].next {
		n += len(l.cursors[c].messages)
	}
	return n
}

// reopen makes a batch of parts of one group.
func (p *Publisher) reopen(run []Part) (*batch, error) {
	b := p.newBatch(len(run))
	for i, part := range run {
		c := b.take(i, &stream.Change{EventID: part.Event, Owner: part.Owner, Sequence: part.Sequence, At: part.At})
		messages, err := part.messages()
		if err != nil {
			return nil, err
		}
		first := len(b.messages)
		b.add(c, messages)
		if part.Entry != nil {
			b.reenter(c, *part.Entry, b.messages[first:])
		}
	}
	if len(b.topics) == 0 {
		return nil, ErrPart
	}
	return b, nil
}

// reenter says where the change's messages stand in the log of their topic.
func (b *batch) reenter(c *change, e Entry, of []message) {
	b.entries = append(b.entries, history.Entry{Topic: of[0].Topic, Record: c.EventID, At: e.At, Writer: e.Writer, N: e.N, Owner: c.Owner, Sequence: c.Sequence})
	b.logs.changes, b.errs = append(b.logs.changes, c), append(b.errs, nil)
	for i := range of {
		of[i].entry, of[i].index = int32(len(b.entries)), int32(i)
	}
}

// messages are the part's, one for each topic.
func (p Part) messages() (all []stream.Message, err error) {
	for _, s := range p.Said {
		m := stream.Message{Streams: s.Streams, Event: s.Event, Part: s.Part, Exact: s.Exact, Except: s.Except, User: s.User, Member: s.Member}
		if s.Payload != nil {
			m.Payload = []byte(*s.Payload)
		}
		for _, text := range s.Topics {
			topic, ok := stream.ParseTopic(text)
			if !ok {
				return nil, fmt.Errorf("%w: topic %q", ErrPart, text)
			}
			m.Topic = topic
			all = append(all, m)
		}
	}
	return all, nil
}
