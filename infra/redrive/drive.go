package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"
)

// drive is one run of the command.
type drive struct {
	options
	*account
	out io.Writer

	readers map[string]string // the function of each stream
	brought map[string]string // of each event that was published again, by its id, the message it was in
	done    map[string]bool   // ids of messages that --apply has done
	failed  int               // how many it could not do
}

// errUnmended says that a message came back, or could not be done.
var errUnmended = errors.New("not all of it is mended")

// run receives what there is, says what it is, and does what is to be done.
func (d *drive) run(ctx context.Context) (err error) {
	d.readers, d.brought, d.done = map[string]string{}, map[string]string{}, map[string]bool{}
	letters, err := d.receive(ctx, d.queueURL, d.most, d.wait)
	deleted := map[string]bool{}
	defer func() {
		if failed := d.releaseAll(context.WithoutCancel(ctx), letters, deleted); failed != nil {
			err = errors.Join(err, failed)
		}
	}()
	if err != nil {
		return err
	}
	chosen := d.choose(letters)
	fmt.Fprintf(d.out, "%s: %s\n", d.queueURL, counted(len(letters), len(chosen)))
	for _, m := range chosen {
		done, err := d.handle(ctx, m)
		if err != nil {
			return err
		}
		deleted[m.id] = done
	}
	return d.conclude(ctx, letters, len(chosen))
}

func counted(all, chosen int) string {
	text := fmt.Sprintf("%d message(s)", all)
	if chosen < all {
		text += fmt.Sprintf(", %d of them chosen", chosen)
	}
	return text
}

// choose are the messages that are wanted, in the order of their stream as far as it is known.
func (d *drive) choose(letters []letter) (chosen []*message) {
	for _, l := range letters {
		if m := read(l); d.wants(m) {
			chosen = append(chosen, m)
		}
	}
	slices.SortStableFunc(chosen, func(a, b *message) int {
		x, y := a.first(), b.first()
		return cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y))
	})
	return chosen
}

// handle shows one message and does what is to be done about it; true: it is not on the queue any more. One
// of which it cannot be found out what is to be done can be discarded.
func (d *drive) handle(ctx context.Context, m *message) (done bool, err error) {
	j, err := d.judge(ctx, m)
	switch {
	case ctx.Err() != nil:
		return false, ctx.Err()
	case err != nil: // of this message alone: the table may be gone
		j = &judged{message: m, why: "what has become of it could not be read: " + err.Error()}
		d.failed++
	}
	d.show(j)
	switch {
	case d.discard:
		fmt.Fprintln(d.out, "  discarded")
	case !d.apply || j.verdict == keep:
		return false, nil
	default:
		if err := d.do(ctx, j); err != nil {
			d.failed++
			fmt.Fprintf(d.out, "  not done, and kept: %v\n", err)
			return false, ctx.Err()
		}
		d.done[m.id] = true
		fmt.Fprintln(d.out, "  done")
	}
	return true, d.delete(ctx, d.queueURL, m.letter)
}

func (d *drive) do(ctx context.Context, j *judged) error {
	switch j.verdict {
	case back:
		return d.sendBack(ctx, j.source, j.letter)
	case publish:
		return d.publish(ctx, j)
	case forgo:
		return d.forgo(ctx, j)
	}
	return nil
}

// forgo shows a dead letter to the function of the queue that it was on, by whose attributes it knows it.
func (d *drive) forgo(ctx context.Context, j *judged) (err error) {
	function := d.function
	if function == "" {
		if function, err = d.reader(ctx, j.source); err != nil {
			return err
		}
	}
	return d.invoke(ctx, function, []json.RawMessage{j.letter.asEvent(j.source)})
}

// publish gives the records to their function, and what their items have become meanwhile.
func (d *drive) publish(ctx context.Context, j *judged) error {
	function, err := d.functionOf(ctx, j)
	if err != nil {
		return err
	}
	for records := j.fresh; len(records) > 0; {
		if err := d.invoke(ctx, function, raw(records)); err != nil {
			return err
		}
		for _, r := range records {
			d.brought[r.EventID] = j.id
		}
		if records, err = d.overtaken(ctx, records); err != nil {
			return err
		}
	}
	return nil
}

func (d *drive) functionOf(ctx context.Context, j *judged) (name string, err error) {
	if name = cmp.Or(d.function, j.function); name != "" {
		return name, nil
	}
	stream := j.fresh[0].Stream
	if d.readers[stream] == "" {
		d.readers[stream], err = d.reader(ctx, stream)
	}
	return d.readers[stream], err
}

// overtaken are records of what items have become while they were being published: the function
// may have told that before it told what is older.
func (d *drive) overtaken(ctx context.Context, records []record) (newer []record, err error) {
	newest := map[string]record{}
	for _, r := range records {
		newest[r.key()] = r
	}
	for _, key := range slices.Sorted(maps.Keys(newest)) {
		r := newest[key]
		now, err := d.get(ctx, &r)
		if err != nil {
			return nil, err
		}
		if !same(now, r.DynamoDB.New) {
			fmt.Fprintln(d.out, "  the item has changed just now: published as it is")
			newer = append(newer, r.followed(now))
		}
	}
	return newer, nil
}

// followed is a record of the item's change from what the record says to what it is now.
func (r record) followed(now item) record {
	next := r
	next.EventID = r.EventID + "-since"
	next.DynamoDB.Old, next.DynamoDB.New = r.DynamoDB.New, now
	next.DynamoDB.Created = float64(time.Now().Unix())
	switch {
	case now == nil:
		next.EventName = "REMOVE"
	case r.DynamoDB.New == nil:
		next.EventName = "INSERT"
	default:
		next.EventName = "MODIFY"
	}
	change := map[string]any{"ApproximateCreationDateTime": next.DynamoDB.Created, "Keys": r.DynamoDB.Keys,
		"SequenceNumber": r.DynamoDB.Sequence, "StreamViewType": r.DynamoDB.View}
	for name, image := range map[string]item{"OldImage": next.DynamoDB.Old, "NewImage": now} {
		if image != nil {
			change[name] = image
		}
	}
	next.raw, _ = json.Marshal(map[string]any{"eventID": next.EventID, "eventName": next.EventName, "eventVersion": "1.1",
		"eventSource": "aws:dynamodb", "eventSourceARN": r.Stream, "dynamodb": change})
	return next
}
