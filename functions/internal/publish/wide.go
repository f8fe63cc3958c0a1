package publish

import (
	"context"
	"hash/fnv"

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

// cutting is what one change says to one segment.
type cutting struct {
	change *change
	parts  []Part
}

// parts cuts what is to go through the queue, in the order of the changes.
func (b *batch) parts(found map[stream.Topic]stream.Audience) (all []cutting) {
	byChange := make([][]cutting, len(b.changes))
	for _, t := range b.topics {
		for _, s := range found[t].Wide {
			for _, of := range b.saidTo(t) {
				c := of[0].change
				if b.goesOn(c, s) {
					continue
				}
				byChange[c.index] = append(byChange[c.index], cutting{c, b.cutSegment(c, s, of)})
			}
		}
	}
	for i, of := range b.crowds() {
		if c := &b.changes[i]; len(of) > 0 {
			byChange[i] = append(byChange[i], cutting{c, b.cutCrowd(c, of)})
		}
	}
	for _, of := range byChange {
		all = append(all, of...)
	}
	return all
}

// saidTo are the messages to the topic, change by change.
func (b *batch) saidTo(t stream.Topic) (all [][]*message) {
	for _, n := range b.byTopic[t] {
		m := &b.messages[n]
		if last := len(all) - 1; last >= 0 && all[last][0].change == m.change {
			all[last] = append(all[last], m)
		} else {
			all = append(all, []*message{m})
		}
	}
	return all
}

// crowds are the messages to accounts that are to go through the queue, by the index of their change.
func (b *batch) crowds() map[int32][]*message {
	of := map[int32][]*message{}
	for i := range b.messages {
		if m := &b.messages[i]; m.cut && !m.change.done {
			of[m.change.index] = append(of[m.change.index], m)
		}
	}
	return of
}

// cutSegment are the parts of a topic's segment: the same for each slice.
func (b *batch) cutSegment(c *change, s stream.Segment, of []*message) (parts []Part) {
	p := c.part(s)
	for _, m := range of {
		p.say(m)
	}
	if m := of[0]; b.logged(m) {
		e := b.entries[m.entry-1]
		p.Entry = &Entry{At: e.At, Writer: e.Writer, N: e.N}
	}
	for n := range of[0].Topic.Slices() {
		p.Slice = n
		parts = append(parts, p)
	}
	return parts
}

// cutCrowd are the parts of an owner's accounts; a slice without any has none.
func (b *batch) cutCrowd(c *change, of []*message) (parts []Part) {
	s := b.Slices.OwnerSegment(c.Owner)
	slices := make([]Part, stream.Slices)
	for n := range slices {
		slices[n] = c.part(s)
		slices[n].Slice = n
	}
	for _, m := range of {
		slices[sliceOf(m.Topic.ID)].say(m)
	}
	for _, p := range slices {
		if len(p.Said) > 0 {
			parts = append(parts, p)
		}
	}
	return parts
}

// sliceOf is the slice that an account is always in.
func sliceOf(account string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(account))
	return h.Sum32() % stream.Slices
}

func (c *change) part(s stream.Segment) Part {
	return Part{Segment: s, Event: c.EventID, Owner: c.Owner, Sequence: c.Sequence, At: c.At}
}

// say adds the message, or its topic alone if the one before says the same.
func (p *Part) say(m *message) {
	said := Said{Topics: []string{m.Topic.String()}, Streams: m.Streams, Event: m.Event, Part: m.Message.Part,
		Exact: m.Exact, Except: m.Except, User: m.User, Member: m.Member}
	if m.Payload != nil {
		text := string(m.Payload)
		said.Payload = &text
	}
	if n := len(p.Said); n > 0 && p.Said[n-1].says(said) {
		p.Said[n-1].Topics = append(p.Said[n-1].Topics, said.Topics...)
		return
	}
	p.Said = append(p.Said, said)
}

// send opens what goes through the queue and puts it there, in the order of the changes. What is not
// there comes again, with all that its owner says later.
func (b *batch) send(ctx context.Context, all []cutting) {
	for len(all) > 0 {
		n := min(len(all), cuttingsAtOnce)
		b.sendSome(ctx, all[:n])
		all = all[n:]
	}
}

// cuttingsAtOnce is how many cuttings are opened and sent together: some hundred messages.
const cuttingsAtOnce = 32

func (b *batch) sendSome(ctx context.Context, all []cutting) {
	for i, of := range all {
		if of.change.behindOnward() {
			of.change.hold()
		}
		if b.repeated && b.memory.has(b.wholeKey(of.change, of.parts[0].Segment)) {
			all[i].parts = nil
		}
	}
	errs := make([]error, len(all))
	sideBySide(len(all), func(i int) { errs[i] = b.open(ctx, all[i]) })
	for i, err := range errs {
		if err != nil {
			b.unsent(all[i].change, err)
		}
	}
	b.sendAll(ctx, all)
}

// sendAll sends what is open. That is remembered, also if the change comes again: a slice that is not on the
// queue stays open, and with it the segment wide. If it is not, all has been delivered.
func (b *batch) sendAll(ctx context.Context, all []cutting) {
	var parts []Part
	var from []int
	whole := make([]bool, len(all))
	for i, of := range all {
		if len(of.parts) == 0 || of.change.waits() {
			continue
		}
		for range of.parts {
			from = append(from, i)
		}
		parts, whole[i] = append(parts, of.parts...), true
		b.told = append(b.told, b.wideKey(of.change, of.parts[0].Segment))
	}
	if len(parts) == 0 {
		return
	}
	for i, err := range b.Queue.Send(ctx, parts) {
		if err != nil {
			whole[from[i]] = false
			b.unsent(all[from[i]].change, err)
		}
	}
	for i, of := range all {
		if whole[i] {
			b.told = append(b.told, b.wholeKey(of.change, of.parts[0].Segment))
			b.counts.sent.Add(int64(len(of.parts)))
		}
	}
}

func (b *batch) open(ctx context.Context, of cutting) error {
	if len(of.parts) == 0 || of.change.waits() {
		return nil
	}
	slices := make([]int, len(of.parts))
	for i, p := range of.parts {
		slices[i] = p.Slice
	}
	return b.Slices.Open(ctx, of.parts[0].Segment, of.parts[0].Event, slices)
}

func (b *batch) unsent(c *change, err error) {
	b.blame("queue", err)
	c.fail()
}
