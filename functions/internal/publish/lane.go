package publish

import (
	"context"
	"math"
	"slices"
	"sync"
	"time"

	"edgestream/functions/internal/stream"
)

// lane delivers what is for one connection, one frame after the other.
type lane struct {
	*batch
	connection  stream.Connection
	first, last int32 // its cursors, linked
	// opened is when $connect wrote all that is known of the connection, so that it may
	// not be open yet. Any other subscription was made over the open socket.
	opened  time.Time
	handing bool // to the greeter
	parked  []parked
	trouble trouble
	failed  *owner // whose delivery failed here
	// given counts deliveries; from ended on they were not made, and neither were those in undone.
	given, ended int
	undone       []int
}

// cursor walks the messages of one topic for one subscription.
type cursor struct {
	listener *stream.Listener
	messages []int32
	at       int
	next     int32 // the lane's next cursor, or none
	// twin is the lane's first cursor of the same subscription, found under another topic
	// (everyone, and the account's own): together they hear one message per part.
	twin int32
	// heard is one more than the last message that the subscription got; kept by the twin.
	heard int32
}

const none = -1

// delivery is one message for one subscription of the lane's connection.
type delivery struct {
	*message
	listener *stream.Listener
	// number counts the lane's deliveries.
	number int
}

// enter adds the listener to the lane of its connection if any of the messages is for it.
func (b *batch) enter(lanes map[string]int32, l *stream.Listener, messages []int32) {
	if !slices.ContainsFunc(messages, func(m int32) bool { return b.messages[m].For(*l) }) {
		return
	}
	b.counts.listeners.Add(1)
	n := int32(len(b.cursors))
	b.cursors = append(b.cursors, cursor{listener: l, messages: messages, next: none, twin: n})
	i, ok := lanes[l.ID]
	if !ok {
		lanes[l.ID] = int32(len(b.lanes))
		b.lanes = append(b.lanes, lane{batch: b, connection: l.Connection, first: n, last: n, opened: l.Opened, ended: math.MaxInt})
		return
	}
	lane := &b.lanes[i]
	for c := lane.first; c != none; c = b.cursors[c].next {
		if b.cursors[c].listener.Subscription == l.Subscription {
			b.cursors[n].twin = c
			break
		}
	}
	b.cursors[lane.last].next = n
	lane.last = n
	if l.Opened.IsZero() {
		lane.opened = time.Time{} // it has said something, so it is open
	}
}

// next is the lane's next delivery in the batch's order.
func (l *lane) next() (d delivery, ok bool) {
	for {
		c := l.earliest()
		if c == nil {
			return delivery{}, false
		}
		n := c.messages[c.at]
		c.at++
		if m := &l.messages[n]; m.For(*c.listener) && l.hear(c, n) {
			l.given++
			return delivery{m, c.listener, l.given - 1}, true
		}
	}
}

// earliest is the cursor whose next message stands first in the batch.
func (l *lane) earliest() (first *cursor) {
	for i := l.first; i != none; i = l.cursors[i].next {
		c := &l.cursors[i]
		if c.at < len(c.messages) && (first == nil || c.messages[c.at] < first.messages[first.at]) {
			first = c
		}
	}
	return first
}

// hear reports whether the message is the first of its part for the subscription.
func (l *lane) hear(c *cursor, n int32) bool {
	twin := &l.cursors[c.twin]
	if twin.heard > 0 {
		last, m := &l.messages[twin.heard-1], &l.messages[n]
		if last.change == m.change && last.Part == m.Part {
			return false
		}
	}
	twin.heard = n + 1
	return true
}

// start runs the lane, whose place has been taken. One goroutine per lane, with no closure.
func (l *lane) start(ctx, posting context.Context, wg *sync.WaitGroup) {
	defer wg.Done()
	defer l.places.leave()
	l.run(ctx, posting)
}

// run makes the lane's deliveries, while the second context lasts.
func (l *lane) run(ctx, posting context.Context) {
	l.handing = l.handedOver(time.Now())
	for d, ok := l.next(); ok && l.attempt(ctx, posting, d); d, ok = l.next() {
	}
	l.hand(posting)
}

// attempt makes one delivery and reports whether the lane goes on.
func (l *lane) attempt(ctx, posting context.Context, d delivery) bool {
	switch {
	case d.change.blocked() || d.change.owner == l.failed:
		l.undone = append(l.undone, d.number)
		return true
	case l.expired(d) || l.repeated && l.memory.has(l.keyOf(d)):
		return true
	}
	frame := d.frames.get(d.listener.Subscription, d.Message, l.Encode)
	switch {
	case frame == nil:
		return true
	case l.handing:
		l.park(d, frame)
		return true
	}
	return l.settle(ctx, posting, d, frame, l.post(posting, frame))
}

// settle does what the outcome of a post asks for.
func (l *lane) settle(ctx, posting context.Context, d delivery, frame []byte, o outcome) bool {
	switch o {
	case delivered:
		l.counts.deliveries.Add(1)
		d.change.last.Store(time.Now().UnixNano())
	case tooLarge:
		l.counts.tooLarge.Add(1)
	case notOpen:
		l.handing = true
		l.park(d, frame)
	case gone:
		l.counts.gone.Add(1)
		l.forget(ctx)
		return false
	case tooSlow:
		l.counts.closed.Add(1)
		l.Log.InfoContext(ctx, "connection closed as too slow", "connection", l.connection.ID)
		l.forget(ctx)
		return false
	case failed:
		return l.fail(posting, d)
	}
	return true
}

// fail marks the delivery's change. The lane goes on with other owners, unless there is no time
// left or another owner has failed before.
func (l *lane) fail(posting context.Context, d delivery) bool {
	d.change.fail()
	if l.failed == nil && posting.Err() == nil {
		l.failed = d.change.owner
		l.undone = append(l.undone, d.number)
		return true
	}
	l.ended = d.number
	for rest, ok := l.next(); ok; rest, ok = l.next() {
		rest.change.fail()
	}
	return false
}

// forget removes the connection's mappings. If that fails, a later event or the sweep does it.
func (l *lane) forget(ctx context.Context) {
	if err := l.Directory.Forget(ctx, *l.cursors[l.first].listener); err != nil {
		l.Log.WarnContext(ctx, "connection not forgotten", "connection", l.connection.ID, "reason", err.Error())
	}
}

// expired reports whether the token of the subscription has run out.
func (l *lane) expired(d delivery) bool {
	return !d.listener.Until.IsZero() && !time.Now().Before(d.listener.Until)
}

func (l *lane) keyOf(d delivery) uint64 {
	return l.key(d.change, l.connection.ID, d.listener.Subscription, d.Part)
}

// remember walks the lane once more and keeps what was done of the changes from the first one on.
func (l *lane) remember(first int32) {
	slices.Sort(l.undone)
	for c := l.first; c != none; c = l.cursors[c].next {
		l.cursors[c].at, l.cursors[c].heard = 0, 0
	}
	l.given = 0
	for d, ok := l.next(); ok && d.number < l.ended; d, ok = l.next() {
		if _, missing := slices.BinarySearch(l.undone, d.number); !missing && d.change.index >= first {
			l.memory.add(l.keyOf(d))
		}
	}
}
