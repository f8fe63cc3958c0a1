package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// verdict is what is to be done about a message.
type verdict int

const (
	keep    verdict = iota // nothing can be done
	publish                // its records go to their function again
	drop                   // there is nothing left to do
	back                   // it goes to the queue that it was on
	forgo                  // that queue's function is to let go of it
)

// judged is a message with what is to be done about it.
type judged struct {
	*message
	verdict verdict
	why     string
	fresh   []record // what is to be published
	stale   int      // records whose items are not what they say any more
}

// judge finds out what can be done, and changes nothing. An error is one of AWS's.
func (a *account) judge(ctx context.Context, m *message) (*judged, error) {
	j := &judged{message: m}
	switch {
	case m.still != "":
		j.why = m.still
		return j, nil
	case strings.HasSuffix(m.source, ".fifo"):
		j.verdict, j.why = forgo, "have its function let go of it, and delete it: its group has gone on without it, and it would come behind what is newer"
		return j, nil
	case m.source != "":
		j.verdict, j.why = back, "send it there again"
		return j, nil
	case m.place != nil:
		records, err := a.readPlace(ctx, m.place)
		if errors.Is(err, errTrimmed) {
			j.why = err.Error()
			return j, nil
		}
		if err != nil {
			return nil, err
		}
		m.records = records
	}
	return j, a.sift(ctx, j)
}

// sift keeps the records of items that still are what the last record of theirs says.
func (a *account) sift(ctx context.Context, j *judged) error {
	newest := map[string]*record{}
	for i := range j.records {
		newest[j.records[i].key()] = &j.records[i]
	}
	holds := map[string]bool{}
	for key, r := range newest {
		if r.EventName != "REMOVE" && r.DynamoDB.New == nil {
			j.why = "a record says nothing of its item (the stream has no new images): have the application write the items again"
			return nil
		}
		now, err := a.get(ctx, r)
		if err != nil {
			return err
		}
		holds[key] = same(now, r.DynamoDB.New)
	}
	for _, r := range j.records {
		if holds[r.key()] {
			if j.place == nil {
				r = r.renamed(r.EventID + "-" + j.id)
			}
			j.fresh = append(j.fresh, r)
		}
	}
	j.stale = len(j.records) - len(j.fresh)
	j.explain()
	return nil
}

func (j *judged) explain() {
	switch n := len(j.fresh); {
	case n == 0:
		j.verdict, j.why = drop, "delete the message: the item has changed since, which has a record of its own"
	case j.place == nil:
		j.verdict, j.why = publish, "publish it again: the item is as the record says. It comes back if the functions are as they were"
	default:
		j.verdict, j.why = publish, fmt.Sprintf("publish %d record(s) again", n)
		if j.stale > 0 {
			j.why += fmt.Sprintf("; %d are of items that have changed since", j.stale)
		}
	}
}

// get reads the record's item as it is now; nil if there is none.
func (a *account) get(ctx context.Context, r *record) (item, error) {
	var answer struct{ Item item }
	err := a.call(ctx, tableAPI, "GetItem", map[string]any{"TableName": r.table(), "Key": r.DynamoDB.Keys, "ConsistentRead": true}, &answer)
	return answer.Item, err
}
