package publish

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"edgestream/functions/internal/stream"
)

const (
	// crowd is how many subscriptions a channel has at the most whose every change is told.
	crowd = 100
	// countPause is how long nothing is told of a larger one's.
	countPause = 5 * time.Second
)

// counted remembers when larger channels were told how many they are, for countPause.
type counted struct {
	mu sync.Mutex
	at map[stream.Topic]lastTold
}

// lastTold is when a channel was last told, and whether it was asked for that it is again.
type lastTold struct {
	at    time.Time
	again bool
}

// due reports whether the channel is to be told now. If it is not, it reports after which pause it is to
// be counted again; zero: that was asked for.
func (c *counted) due(t stream.Topic, now time.Time) (is bool, again time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	last, ok := c.at[t]
	if left := countPause - now.Sub(last.at); ok && left > 0 {
		if last.again {
			return false, 0
		}
		c.at[t] = lastTold{last.at, true}
		return false, (left + time.Second - 1).Truncate(time.Second)
	}
	if c.at == nil {
		c.at = map[stream.Topic]lastTold{}
	}
	for old, last := range c.at {
		if now.Sub(last.at) >= countPause {
			delete(c.at, old)
		}
	}
	c.at[t] = lastTold{at: now}
	return true, 0
}

// count finds out how many subscriptions the channels have that are to be told. A batch tells each
// once, with its last message.
func (b *batch) count(ctx context.Context, found map[stream.Topic]stream.Audience) {
	for _, t := range b.topics {
		if !t.OfApp() {
			continue
		}
		last := b.foldCounts(t)
		audience, ok := found[t]
		if last == nil || last.change.waits() && !ok {
			continue
		}
		n := len(audience.Listeners)
		if walk := b.walks[t]; walk != nil {
			n = listening(spans(audience.Listeners, walk))
		}
		wide := b.Slices != nil && len(audience.Wide) > 0
		if (wide || n > crowd) && b.Hooks != nil && b.postponed(ctx, t, last.change) {
			b.dropCounts(t)
			continue
		}
		if wide {
			var err error
			if n, err = b.Slices.Count(ctx, t); err != nil {
				b.blame("count", err)
				last.change.hold()
				continue
			}
		}
		last.Payload, last.frames = fmt.Appendf(nil, `{"subscription_count":%d}`, n), &frames{}
		last.subscriptions = n
	}
}

// postponed reports whether the channel is told later.
func (b *batch) postponed(ctx context.Context, t stream.Topic, c *change) bool {
	is, again := b.counted.due(t, time.Now())
	if again == 0 {
		return !is
	}
	app, channel, _ := t.Channel()
	if err := b.Hooks.Recount(ctx, app, channel, again); err != nil {
		b.counted.forget(t)
		b.blame("recount", err)
		c.hold()
	}
	return true
}

// forget lets the channel be told at once.
func (c *counted) forget(t stream.Topic) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.at, t)
}

// foldCounts leaves the last of the messages that tell the topic how many there are, and returns it.
func (b *batch) foldCounts(t stream.Topic) (last *message) {
	all := b.byTopic[t]
	if !slices.ContainsFunc(all, b.isCount) {
		return nil
	}
	at := int32(-1)
	for _, n := range all {
		if b.isCount(n) {
			at = n
		}
	}
	b.byTopic[t] = slices.DeleteFunc(all, func(n int32) bool { return n != at && b.isCount(n) })
	return &b.messages[at]
}

func (b *batch) dropCounts(t stream.Topic) {
	b.byTopic[t] = slices.DeleteFunc(b.byTopic[t], b.isCount)
}

func (b *batch) isCount(n int32) bool { return b.messages[n].Event == stream.EventCount }

// listening is how many listen to the end.
func listening(all []span) (n int) {
	for i := range all {
		if all[i].to == maxIndex {
			n++
		}
	}
	return n
}
