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
	// withheld is the last change of which something was not delivered, though the connection could be
	withheld *change
	// given counts deliveries; from ended on they were not made, and neither were those in undone.
	given, ended int
	undone       []int
	// owed is the first place of what was not delivered to a client with ids; zero: none.
	owed time.Time
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
	// replay is the subscription's; kept by the twin.
	replay replay
	// watcher is who may filter the messages; nil: nobody.
	watcher *watcher
}

const none = -1

// delivery is one message for one subscription of the lane's connection.
type delivery struct {
	*message
	*cursor
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
	if i, ok := lanes[l.ID]; ok {
		b.lanes[i].add(n)
	} else {
		lanes[l.ID] = int32(len(b.lanes))
		b.lanes = append(b.lanes, lane{batch: b, connection: l.Connection, first: n, last: n, opened: l.Opened, ended: math.MaxInt})
	}
	if twin := &b.cursors[b.cursors[n].twin]; l.Replaying && twin.replay.of == nil {
		twin.replay.of = l
	}
}

// add gives the lane another cursor.
func (l *lane) add(n int32) {
	added := &l.cursors[n]
	for c := l.first; c != none; c = l.cursors[c].next {
		if l.cursors[c].listener.Subscription == added.listener.Subscription {
			added.twin = c
			break
		}
	}
	l.cursors[l.last].next = n
	l.last = n
	if added.listener.Opened.IsZero() {
		l.opened = time.Time{} // it has said something, so it is open
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
			return delivery{m, c, l.given - 1}, true
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
	l.handing = l.handedOver(posting)
	for d, ok := l.next(); ok && l.attempt(ctx, posting, d); d, ok = l.next() {
	}
	l.hand(posting)
}

// until is when the connection's token runs out; zero: never.
func (l *lane) until() time.Time { return l.cursors[l.first].listener.Until }

// over reports whether the token has run out.
func (l *lane) over() bool { return !l.until().IsZero() && !l.Now().Before(l.until()) }

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
	for d, ok := l.next(); ok; d, ok = l.next() {
		_, missing := slices.BinarySearch(l.undone, d.number)
		if made := !missing && d.number < l.ended || l.left(d); made && d.change.index >= first && !l.sent(d) {
			l.memory.add(l.keyOf(d))
			if l.Slices != nil {
				l.memory.add(l.directKey(d.change, l.segmentOf(d)))
			}
		}
	}
}
