package sqs

import (
	"container/list"
	"time"
)

// receive takes up to most messages and hides them for visibility. dead are
// those that have been received too often; they have left the queue.
func (q *queue) receive(most int, visibility time.Duration, now time.Time) (taken, dead []*entry) {
	for _, el := range q.receivable(now) {
		e := el.Value.(*entry)
		switch {
		case len(taken) == most:
			return taken, dead
		case q.settings.redrive != nil && e.receives >= q.settings.redrive.MaxReceiveCount:
			q.remove(el)
			dead = append(dead, e)
		default:
			q.take(e, visibility, now)
			taken = append(taken, e)
		}
	}
	return taken, dead
}

// receivable are the messages that can be received, in the order in which they
// are. Those past their retention are removed on the way.
func (q *queue) receivable(now time.Time) (ready []*list.Element) {
	retention := q.settings.seconds("MessageRetentionPeriod")
	var next *list.Element
	for el := q.entries.Front(); el != nil; el = next {
		next = el.Next()
		e := el.Value.(*entry)
		switch {
		case now.Sub(e.sent) >= retention:
			q.remove(el)
		case q.settings.fifo() || !now.Before(e.visible):
			ready = append(ready, el)
		}
	}
	if q.settings.fifo() {
		return byGroup(ready, now)
	}
	return ready
}

// byGroup are the messages of a FIFO queue that can be received: those of one
// group together, the group with the oldest message first. A message in flight
// keeps its whole group back, also what was sent before it; a delayed one what
// was sent after it. See
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html.
func byGroup(all []*list.Element, now time.Time) (ready []*list.Element) {
	type group struct {
		ready   []*list.Element
		flying  bool
		delayed bool
	}
	groups := map[string]*group{}
	var order []*group
	for _, el := range all {
		e := el.Value.(*entry)
		g := groups[e.GroupID]
		if g == nil {
			g = &group{}
			groups[e.GroupID], order = g, append(order, g)
		}
		hidden := now.Before(e.visible)
		g.flying = g.flying || hidden && e.receives > 0
		g.delayed = g.delayed || hidden
		if !g.delayed {
			g.ready = append(g.ready, el)
		}
	}
	for _, g := range order {
		if !g.flying {
			ready = append(ready, g.ready...)
		}
	}
	return ready
}
