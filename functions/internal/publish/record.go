package publish

import (
	"context"
	"errors"

	"edgestream/functions/internal/history"
	"edgestream/functions/internal/stream"
)

// logs are what a batch says to the topics whose logs are kept.
type logs struct {
	// last are these topics, with one more than the index of the topic's last entry; nil without any.
	last    map[stream.Topic]int32
	entries []history.Entry
	changes []*change // of each entry
	errs    []error   // why each entry is not in its log
}

// unwritten is the entry of a message that belongs into a log and was not given to it.
const unwritten = -1

func (g *logs) keep(t stream.Topic) {
	if g.last == nil {
		g.last = map[stream.Topic]int32{}
	}
	g.last[t] = 0
}

// record appends what is not yet there to the logs that are kept, before anything is posted: a
// frame's id is the one of its entry, and what is left to a replay must be where it reads. A change
// that waits for an earlier one of its owner waits here too.
func (b *batch) record(ctx context.Context) {
	if len(b.logs.last) == 0 {
		return
	}
	first := len(b.entries)
	for i := range b.messages {
		b.enlist(&b.messages[i], first)
	}
	if len(b.entries) == first {
		return
	}
	ctx, cancel := b.until(ctx)
	defer cancel()
	ctx, end := context.WithTimeout(ctx, b.Appending)
	defer end()
	stored, errs := b.Recorder.Append(ctx, b.entries[first:])
	copy(b.entries[first:], stored)
	b.errs = append(b.errs, errs...)
	for i, err := range errs {
		b.recorded(b.logs.changes[first+i], err)
	}
}

func (b *batch) recorded(c *change, err error) {
	switch {
	case err == nil:
		b.counts.recorded.Add(1)
	case errors.Is(err, history.ErrTooLarge):
		b.counts.tooLarge.Add(1)
		b.blame("history", err)
	default:
		b.blame("history", err)
		c.fail()
	}
}

// enlist puts the message into its change's entry for its topic, if the topic is kept. Entries
// before the first have been appended.
func (b *batch) enlist(m *message, first int) {
	last, kept := b.logs.last[m.Topic]
	switch {
	case !kept || m.cut || m.entry != 0 && int(m.entry) <= first:
		return
	case m.change.blocked() || m.change.held:
		m.entry = unwritten
		return
	case last == 0 || b.logs.changes[last-1] != m.change:
		c := m.change
		b.entries = append(b.entries, history.Entry{Topic: m.Topic, Record: c.EventID, Owner: c.Owner, Sequence: c.Sequence})
		b.logs.changes = append(b.logs.changes, c)
		last = int32(len(b.entries))
		b.logs.last[m.Topic] = last
	}
	e := &b.entries[last-1]
	m.entry, m.index = last, int32(len(e.Messages))
	e.Messages = append(e.Messages, *m.Message)
}

// logged reports whether the message is in a log.
func (b *batch) logged(m *message) bool { return m.entry > 0 && b.errs[m.entry-1] == nil }

// late reports whether the message has been in its log for so long that a replay may have begun
// behind it: what failed for that long is posted whatever reads the log.
func (b *batch) late(m *message) bool {
	return m.entry > 0 && b.logged(m) && b.Now().Sub(b.entries[m.entry-1].At) > history.Delivery
}

// identified reports whether the delivery's frame can have an id. What comes so late may stand before all
// logs of the subscription were kept, and behind such an id nobody could go on (history.Resumer).
func (b *batch) identified(d delivery) bool {
	return b.logged(d.message) && (!b.late(d.message) || len(d.listener.Logs(d.listener.Account)) == 1)
}

// missing reports whether the message should be in a log and is not yet. One that no log can take
// is posted all the same, without an id.
func (b *batch) missing(m *message) bool {
	return m.entry == unwritten || m.entry > 0 && b.errs[m.entry-1] != nil && !errors.Is(b.errs[m.entry-1], history.ErrTooLarge)
}

// id is what the message has as its id for the listener. It must be logged.
func (b *batch) id(m *message, l *stream.Listener) string {
	return history.Bound{Subscription: l.Subscription, Account: l.Account}.EventID(b.entries[m.entry-1], int(m.index))
}
