package sim

import (
	"context"
	"fmt"
	"slices"
	"time"

	"edgestream/functions/internal/lease"
	"edgestream/functions/internal/publish"
	"edgestream/functions/internal/stream"
)

// queueTimeout is for how long the queue itself keeps from others what was received: the template's.
const queueTimeout = 90 * time.Second

// holding is the queue as one instance of deliver asks it for its messages.
type holding struct {
	*publisher
	queue *partQueue
}

// Hold implements lease.Queue.
func (h holding) Hold(ctx context.Context, receipts []string, d time.Duration) (held []bool, err error) {
	held = slices.Repeat([]bool{true}, len(receipts))
	err = h.do(ctx, operation{
		class: invokes, what: fmt.Sprintf("holds %v", receipts), about: func() mark { return mark{} },
		effect: func() error {
			for i, r := range receipts {
				held[i] = h.queue.hide(r, d)
			}
			return nil
		},
	})
	if err == nil {
		h.holds.Store(true)
	}
	return held, err
}

// hide keeps the message from others, if it is still that of the receipt.
func (q *partQueue) hide(receipt string, d time.Duration) bool {
	for _, m := range q.messages {
		if m.receipt == receipt && m.hidden.After(time.Now()) {
			m.hidden = time.Now().Add(d)
			return true
		}
	}
	q.saw("a message that another instance has got")
	return false
}

// lies is how long a batch lies with Lambda before it is handed to an instance.
func (q *partQueue) lies() time.Duration {
	if q.calm || !q.chance(q.weather.lag) {
		return 0
	}
	if q.chance(0.5) {
		return q.between(time.Second, 20*time.Second)
	}
	q.saw("a batch that lies with Lambda for longer than the queue keeps it")
	return queueTimeout + q.between(0, 2*time.Second)
}

// lend hands a batch to an instance, which holds it while it delivers. Of an instance that dies others get it
// when that is over.
func (q *partQueue) lend(p *publisher, batch []*queued) {
	receipts := make([]string, len(batch))
	for i, m := range batch {
		receipts[i] = m.receipt
	}
	q.after(q.lies(), func() {
		again := make([]bool, len(batch))
		p.holds.Store(false)
		p.invoke(deliverTimeout, func(ctx context.Context) error {
			p.deliverHeld(ctx, q.asked(p), batch, receipts, again)
			return nil
		}, func(err error) {
			if err == nil {
				q.settle(batch, receipts, again)
			}
			q.poll(p)
		})
	})
}

// asked is the queue as the instance asks it, or a mutant of that.
func (q *partQueue) asked(p *publisher) lease.Queue {
	if q.hold != nil {
		return q.hold(holding{p, q})
	}
	return holding{p, q}
}

// deliverHeld delivers what is the instance's, and says what must come again: what is not and follows it, too.
func (p *publisher) deliverHeld(ctx context.Context, queue lease.Queue, batch []*queued, receipts []string, again []bool) {
	mine, held, release := lease.Holder{Queue: queue, Log: p.actor.world.log}.Hold(ctx, receipts)
	defer release()
	var parts []publish.Part
	var of []int
	stuck := map[string]bool{}
	for i, m := range batch {
		g := m.Group()
		stuck[g] = stuck[g] || !mine[i]
		if again[i] = stuck[g]; !stuck[g] {
			parts, of = append(parts, m.Part), append(of, i)
		}
	}
	if len(parts) == 0 {
		return
	}
	for _, i := range p.Deliver(held, parts) {
		again[of[i]] = true
	}
}

// settle removes what was delivered, and has come again what was not, after a pause. What another instance has
// got since is that one's.
func (q *partQueue) settle(batch []*queued, receipts []string, again []bool) {
	for i, m := range batch {
		switch {
		case m.receipt != receipts[i] || !m.hidden.After(time.Now()):
			q.saw("a part that was another's in the end")
		case again[i]:
			q.saw("a part that comes again")
			m.hidden = time.Now().Add(min(time.Second<<min(m.tries, 5), lease.For))
		default:
			q.messages = slices.DeleteFunc(q.messages, func(o *queued) bool { return o == m })
			m.record.queued--
			m.record.settle()
		}
	}
}

// alone checks that nobody else has a group that the instance delivers. One that could not ask the queue does not
// know for how long it has it.
func (q *partQueue) alone(a *actor, s stream.Segment, slice int) {
	if a.kind != "deliver" {
		return
	}
	for _, m := range q.messages {
		if m.Segment == s && m.Slice == slice && m.last != nil && m.last.actor != a && !m.last.dead.Load() && m.hidden.After(time.Now()) && q.instance[a].holds.Load() {
			q.blame(mark{owner: m.Owner, records: []*record{m.record}}, "%s delivers %s, which %s has", a.name, m, m.last.name)
		}
	}
}
