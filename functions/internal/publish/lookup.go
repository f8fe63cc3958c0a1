package publish

import (
	"context"

	"edgestream/functions/internal/stream"
)

// logAndLookUp appends to the logs that are kept and finds the audience of all topics, for each
// topic in this order: whoever comes back between the two reads the log before it is complete, and
// then must be found. Which topics are kept is known from the batches before; a topic that turns
// out to be kept only now is looked up once more after its log was written. No account's log is written
// before cut, which takes what must wait for the queue out of the batch, and waits for an answer itself.
func (b *batch) logAndLookUp(ctx context.Context, cut func()) map[stream.Topic]stream.Audience {
	for _, t := range b.topics {
		if t.IsAccount() && b.kept.has(t) {
			cut()
			break
		}
	}
	if len(b.topics) == 0 {
		cut()
		return nil
	}
	for _, t := range b.topics {
		if b.kept.has(t) {
			b.keep(t)
		}
	}
	b.record(ctx)
	found := b.lookUp(ctx, b.topics)
	cut()
	if late := b.lateKept(found); len(late) > 0 {
		b.record(ctx)
		for t, audience := range b.lookUp(ctx, late) {
			found[t] = audience
		}
	}
	return found
}

// lookUp finds who listens to the topics. The changes of one that could not be read have failed.
func (b *batch) lookUp(ctx context.Context, topics []stream.Topic) map[stream.Topic]stream.Audience {
	ctx, cancel := b.until(ctx)
	defer cancel()
	found, err := b.Directory.Listeners(ctx, topics)
	if err == nil {
		return found
	}
	b.blame("listeners", err)
	for _, t := range topics {
		if _, ok := found[t]; !ok {
			b.failTopic(t)
		}
	}
	return found
}

// lateKept notes which topics are kept, and returns those whose log the batch has not written.
func (b *batch) lateKept(found map[stream.Topic]stream.Audience) (late []stream.Topic) {
	for _, t := range b.topics {
		is := isKept(found[t])
		b.kept.set(t, is)
		if _, written := b.logs.last[t]; is && !written {
			b.keep(t)
			late = append(late, t)
		}
	}
	return late
}

// admit gives each connection its lane.
func (b *batch) admit(found map[stream.Topic]stream.Audience) {
	n := 0
	for _, audience := range found {
		n += len(audience.Listeners)
	}
	for i := range b.onwards {
		n += len(b.onwards[i].listeners)
	}
	lanes := make(map[string]int32, n)
	b.lanes, b.cursors = make([]lane, 0, n), make([]cursor, 0, n)
	for _, t := range b.topics {
		listeners := found[t].Listeners
		if b.walks[t] != nil {
			b.walked(lanes, t, listeners)
			continue
		}
		for i := range listeners {
			b.enter(lanes, &listeners[i], b.byTopic[t])
		}
	}
	for i := range b.onwards {
		for n := range b.onwards[i].listeners {
			b.enter(lanes, &b.onwards[i].listeners[n], b.onwards[i].messages)
		}
	}
}

// isKept reports whether the audience needs the topic's log. One with ids should always be said to.
func isKept(a stream.Audience) bool {
	if a.Kept {
		return true
	}
	for i := range a.Listeners {
		if l := &a.Listeners[i]; l.EventIDs || l.Replaying {
			return true
		}
	}
	return false
}

func (b *batch) failTopic(t stream.Topic) {
	for _, m := range b.byTopic[t] {
		b.messages[m].change.fail()
	}
	for _, m := range b.walks[t] {
		m.change.fail()
	}
	delete(b.walks, t)
}
