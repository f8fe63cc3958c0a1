package publish

import (
	"context"

	"edgestream/functions/internal/stream"
)

// lookUp finds the audience of all topics, gives each connection its lane, and notes which topics'
// logs are kept.
func (b *batch) lookUp(ctx context.Context) {
	if len(b.topics) == 0 {
		return
	}
	ctx, cancel := b.until(ctx)
	defer cancel()
	found, err := b.Directory.Listeners(ctx, b.topics)
	if err != nil {
		b.blame("listeners", err)
	}
	n := 0
	for _, audience := range found {
		n += len(audience.Listeners)
	}
	lanes := make(map[string]int32, n)
	b.lanes, b.cursors = make([]lane, 0, n), make([]cursor, 0, n)
	for _, t := range b.topics {
		audience, ok := found[t]
		if !ok && err != nil {
			b.failTopic(t)
		}
		for i := range audience.Listeners {
			b.enter(lanes, &audience.Listeners[i], b.byTopic[t])
		}
		if isKept(audience) {
			b.keep(t)
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
}
