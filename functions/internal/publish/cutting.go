package publish

import (
	"hash/fnv"

	"edgestream/functions/internal/stream"
)

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
