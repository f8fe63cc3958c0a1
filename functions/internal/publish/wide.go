package publish

import (
	"context"

	"edgestream/functions/internal/stream"
)

// askOwners begins to find out which owners have something under way to their accounts. What it returns
// waits for the answer.
func (b *batch) askOwners(ctx context.Context) func() (open map[string]bool, err error) {
	var owners []string
	if b.Slices != nil {
		owners = b.ownersOfAccounts()
	}
	if len(owners) == 0 {
		return func() (map[string]bool, error) { return nil, nil }
	}
	type answer struct {
		open map[string]bool
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		ctx, cancel := b.until(ctx)
		defer cancel()
		open, err := b.Slices.Opened(ctx, owners)
		answers <- answer{open, err}
	}()
	return func() (map[string]bool, error) {
		a := <-answers
		return a.open, a.err
	}
}

// ownersOfAccounts are the owners of changes that accounts hear of.
func (b *batch) ownersOfAccounts() (owners []string) {
	seen := map[string]bool{}
	for i := range b.messages {
		if m := &b.messages[i]; m.Topic.IsAccount() && !seen[m.change.Owner] {
			seen[m.change.Owner] = true
			owners = append(owners, m.change.Owner)
		}
	}
	return owners
}

// cutDone leaves out changes that were done when the batch came before: what was posted then must not be
// said again because it would go through the queue now, nor the other way round.
func (b *batch) cutDone() {
	if b.Slices == nil || !b.repeated {
		return
	}
	for i := range b.messages {
		m := &b.messages[i]
		if m.change.done = m.change.done || b.memory.has(b.doneKey(m.change)); m.change.done && !m.Topic.OfApp() {
			m.cut = true
		}
	}
}

// cutCrowds takes the accounts of changes with more of them than one invocation should ask for out of the
// batch: they are not even looked up here.
func (b *batch) cutCrowds() {
	if b.Slices == nil {
		return
	}
	accounts := make([]int, len(b.changes))
	for i := range b.messages {
		if m := &b.messages[i]; m.Topic.IsAccount() {
			accounts[m.change.index]++
		}
	}
	crowded := map[string]bool{}
	for i, n := range accounts {
		if n > b.Crowd {
			crowded[b.changes[i].Owner] = true
		}
	}
	for i := range b.changes {
		if c := &b.changes[i]; crowded[c.Owner] {
			b.cutAccounts(c) // all of its owner, so that none overtakes another
		}
	}
	b.dropSilent()
}

// cutAccounts takes what the change says to accounts out of the batch.
func (b *batch) cutAccounts(c *change) {
	if b.Slices != nil && b.goesOn(c, b.Slices.OwnerSegment(c.Owner)) {
		c.owner.goesOn(c)
		return
	}
	for i := range b.messages {
		if m := &b.messages[i]; m.change == c && m.Topic.IsAccount() {
			m.cut = true
		}
	}
}

// dropSilent leaves out what was cut, and the topics to which nothing else is said.
func (b *batch) dropSilent() {
	left := b.topics[:0]
	for _, t := range b.topics {
		of := b.byTopic[t][:0]
		for _, n := range b.byTopic[t] {
			if !b.messages[n].cut {
				of = append(of, n)
			}
		}
		if b.byTopic[t] = of; len(of) > 0 || b.walks[t] != nil {
			left = append(left, t)
		} else {
			delete(b.byTopic, t)
		}
	}
	b.topics = left
}

// cutOpen takes the accounts of owners of whom something is still on the queue out of the batch: what
// comes later must not overtake it, in their logs neither.
func (b *batch) cutOpen(asked func() (open map[string]bool, err error)) {
	open, err := asked()
	if b.Slices == nil {
		return
	}
	if err != nil {
		b.blame("slices", err)
		b.failOwners(open)
	}
	for i := range b.changes {
		if c := &b.changes[i]; open[c.Owner] {
			b.cutAccounts(c)
		}
	}
	b.dropSilent()
}

// sendParts puts on the queue what is said to wide segments, and to accounts that were cut.
func (b *batch) sendParts(ctx context.Context, found map[stream.Topic]stream.Audience) {
	if b.Slices == nil {
		return
	}
	b.goOn(found)
	ctx, cancel := b.until(ctx)
	defer cancel()
	b.readOn(ctx)
	b.send(ctx, b.parts(found))
}

// failOwners has the changes come again of whose owners it is not known what is under way.
func (b *batch) failOwners(known map[string]bool) {
	for i := range b.messages {
		if m := &b.messages[i]; m.Topic.IsAccount() && !m.cut {
			if _, ok := known[m.change.Owner]; !ok {
				m.change.hold()
			}
		}
	}
}
