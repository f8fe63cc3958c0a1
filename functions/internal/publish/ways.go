package publish

import (
	"context"

	"edgestream/functions/internal/stream"
)

// A change that failed comes again, and by then a segment to which it goes may have become wide, or narrow.
// What it says there keeps to the way that it went before, or who has got it would get it twice: what went
// through the queue is not posted here, and what was posted to some is posted to the others here. Nothing is
// overtaken by that: what its owner said before it is out, since the change did not wait for it, and what
// the owner says later waits.

// onward is what goes on being posted here though its segment is wide.
type onward struct {
	topic     stream.Topic
	segment   stream.Segment
	messages  []int32
	listeners []stream.Listener
}

// wideKey stands for what the change says to the segment being sent to the queue, and wholeKey for all of it
// being there.
func (p *Publisher) wideKey(c *change, s stream.Segment) uint64 {
	return p.key(c, "wide", stream.Subscription{Param: string(s)}, 0)
}

func (p *Publisher) wholeKey(c *change, s stream.Segment) uint64 {
	return p.key(c, "whole", stream.Subscription{Param: string(s)}, 0)
}

func (p *Publisher) directKey(c *change, s stream.Segment) uint64 {
	return p.key(c, "direct", stream.Subscription{Param: string(s)}, 0)
}

// segmentOf is the segment that the delivery would go through.
func (l *lane) segmentOf(d delivery) stream.Segment {
	if d.Topic.IsAccount() {
		return l.Slices.OwnerSegment(d.change.Owner)
	}
	return l.Slices.Segment(d.Topic, l.connection.ID)
}

// sent reports whether the delivery went through the queue when the batch came before.
func (l *lane) sent(d delivery) bool {
	return l.twoWays && l.memory.has(l.wideKey(d.change, l.segmentOf(d)))
}

// goesOn reports whether some of what the change says to the segment was posted here before.
func (b *batch) goesOn(c *change, s stream.Segment) bool {
	return b.twoWays && b.memory.has(b.directKey(c, s))
}

// goOn finds what goes on being posted here, and holds what its owners say later through the queue.
func (b *batch) goOn(found map[stream.Topic]stream.Audience) {
	if !b.twoWays {
		return
	}
	for _, t := range b.topics {
		for _, s := range found[t].Wide {
			o := onward{topic: t, segment: s}
			for _, n := range b.byTopic[t] {
				if m := &b.messages[n]; b.goesOn(m.change, s) {
					o.messages = append(o.messages, n)
					m.change.owner.goesOn(m.change)
				}
			}
			if len(o.messages) > 0 {
				b.onwards = append(b.onwards, o)
			}
		}
	}
}

// goesOn notes the first change of the owner that does.
func (o *owner) goesOn(c *change) {
	if o.onward == nil || c.index < o.onward.index {
		o.onward = c
	}
}

// behindOnward reports whether the change must wait for one of its owner that goes on being posted here.
func (c *change) behindOnward() bool { return c.owner.onward != nil && c.owner.onward.index < c.index }

// readOn reads who is left to be posted to.
func (b *batch) readOn(ctx context.Context) {
	ctx, cancel := b.until(ctx)
	defer cancel()
	errs := make([]error, len(b.onwards))
	sideBySide(len(b.onwards), func(i int) {
		o := &b.onwards[i]
		for slice := range o.topic.Slices() {
			for after, more := "", true; more && errs[i] == nil; more = after != "" {
				var page []stream.Listener
				page, after, errs[i] = b.Slices.Page(ctx, o.topic, o.segment, slice, after, b.Page)
				o.listeners = append(o.listeners, page...)
			}
		}
	})
	for i, err := range errs {
		if err == nil {
			continue
		}
		b.blame("listeners", err)
		for _, n := range b.onwards[i].messages {
			b.messages[n].change.fail()
		}
	}
}
