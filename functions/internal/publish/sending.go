package publish

import "context"

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
