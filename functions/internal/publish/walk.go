package publish

import (
	"context"
	"maps"
	"math"
	"slices"
	"sync"

	"edgestream/functions/internal/stream"
)

// address moves the messages of an account's items to the channel of the app; without an app, to nowhere.
func (b *batch) address(account, app string) {
	from := stream.ItemsTopic(account)
	moved := b.byTopic[from]
	delete(b.byTopic, from)
	b.topics = slices.DeleteFunc(b.topics, func(t stream.Topic) bool { return t == from })
	if app == "" {
		return
	}
	to := stream.ChannelTopic(app, stream.ItemsChannel(account))
	if _, ok := b.byTopic[to]; !ok {
		b.topics = append(b.topics, to)
	}
	for _, n := range moved {
		b.messages[n].Topic = to
	}
	b.byTopic[to] = append(b.byTopic[to], moved...)
	slices.Sort(b.byTopic[to])
}

// maxIndex is behind every message.
const maxIndex = math.MaxInt32

// span is how long a connection listens to a channel: to the messages from one index to another.
type span struct {
	stream.Listener
	from, to int32
}

// spans are who listens to a channel, and from when to when: those who were found, as those who come
// and go in this batch correct it. A mapping that is there although its connection comes only now was
// written when the batch came before.
func spans(found []stream.Listener, walk []membership) []span {
	all := make([]span, 0, len(found)+len(walk))
	open := map[string]int{} // the span of a connection that listens
	first := map[string]bool{}
	for _, m := range walk {
		if _, ok := first[m.Session.ID]; !ok {
			first[m.Session.ID] = m.Joined
		}
	}
	for _, l := range found {
		if !first[l.ID] {
			open[l.ID] = len(all)
			all = append(all, span{l, 0, maxIndex})
		}
	}
	for _, m := range walk {
		if i, ok := open[m.Session.ID]; ok {
			all[i].to = m.at
			delete(open, m.Session.ID)
		}
		if m.Joined {
			open[m.Session.ID] = len(all)
			all = append(all, span{listenerOf(m.Membership), m.at, maxIndex})
		}
	}
	return all
}

func listenerOf(m stream.Membership) stream.Listener {
	return stream.Listener{Connection: m.Session.Connection, Subscription: m.Subscription, App: m.Session.App}
}

// within are those of the messages that stand in the span.
func (s *span) within(messages []int32) []int32 {
	from, _ := slices.BinarySearch(messages, s.from)
	to, _ := slices.BinarySearch(messages, s.to)
	return messages[from:max(from, to)]
}

// walked gives those their lanes who listen to a channel that people come to and go from.
func (b *batch) walked(lanes map[string]int32, t stream.Topic, found []stream.Listener) {
	all := spans(found, b.walks[t])
	for i := range all {
		b.enter(lanes, &all[i].Listener, all[i].within(b.byTopic[t]))
	}
}

// join has those be found who come. Who cannot be is not told of it, and comes again: also who leaves
// and comes back, from the first time on, because the batch may end in between.
func (b *batch) join(ctx context.Context) {
	b.remap(ctx, true, b.Members.Joined, func(walk []membership) {
		for _, m := range walk {
			if m.Joined {
				m.change.hold()
			}
		}
	})
}

// part has those not be found any more who have gone, once all was posted that they were to hear.
func (b *batch) part(ctx context.Context) {
	b.remap(ctx, false, b.Members.Left, func(walk []membership) {
		for _, m := range final(walk, false) {
			m.change.fail()
		}
	})
}

// remap changes the mappings of who came, or of who is gone, channel by channel.
func (b *batch) remap(ctx context.Context, joined bool, do func(context.Context, []stream.Membership) error, failed func(walk []membership)) {
	var walks [][]membership
	var all [][]stream.Membership
	for _, walk := range b.walks {
		if last := final(walk, joined); len(last) > 0 {
			walks, all = append(walks, walk), append(all, plainly(last))
		}
	}
	errs := make([]error, len(all))
	sideBySide(len(all), func(i int) { errs[i] = do(ctx, all[i]) })
	for i, err := range errs {
		if err != nil {
			b.blame("mappings", err)
			failed(walks[i])
		}
	}
}

// final is the last time that each connection came, or left if it has not come back; of those whose
// change has not failed.
func final(walk []membership, joined bool) []membership {
	last := map[string]int{}
	for i, m := range walk {
		if !joined || m.Joined && !m.change.waits() {
			last[m.Session.ID] = i
		}
	}
	var all []membership
	for _, i := range slices.Sorted(maps.Values(last)) {
		if m := walk[i]; m.Joined == joined && !m.change.waits() {
			all = append(all, m)
		}
	}
	return all
}

func plainly(all []membership) []stream.Membership {
	plain := make([]stream.Membership, len(all))
	for i, m := range all {
		plain[i] = m.Membership
	}
	return plain
}

// requests is how many requests for channels are made side by side.
const requests = 32

func sideBySide(n int, do func(i int)) {
	var wg sync.WaitGroup
	places := make(chan struct{}, requests)
	for i := range n {
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			do(i)
		})
	}
	wg.Wait()
}
