package main

import (
	"time"
)

// eventName is what an event's payload says it is: its owner, and its number among the owner's.
type eventName struct {
	Owner string `json:"mark"`
	N     int    `json:"n"`
}

// writtenEvent is an event of one stream, and when it was begun to be written.
type writtenEvent struct {
	eventName
	at time.Time
}

// receipt is what came of one stream: to a client with ids over all of its connections, to a plain
// one on one of them.
type receipt struct {
	// from is since when events are due; zero: not yet.
	from time.Time
	// numbers and ids are what has come; newest is each owner's greatest number.
	numbers map[eventName]bool
	ids     map[string]bool
	newest  map[string]int
	sums
}

// sums are what is counted.
type sums struct {
	due, delivered, lost, disorder, twice, gaps int
}

func (t *sums) add(other sums) {
	t.due += other.due
	t.delivered += other.delivered
	t.lost += other.lost
	t.disorder += other.disorder
	t.twice += other.twice
	t.gaps += other.gaps
}

func newReceipt() *receipt {
	return &receipt{numbers: map[eventName]bool{}, ids: map[string]bool{}, newest: map[string]int{}}
}

// take takes what came, with its id if it has one, and reports whether it came in order. With ids, an
// event that has come under another id is none that the client could tell for a repetition.
func (r *receipt) take(e eventName, id string) bool {
	repeated := r.numbers[e]
	if id != "" {
		repeated = r.ids[id]
		r.ids[id] = true
	}
	if repeated {
		r.twice++
		return true
	}
	r.numbers[e] = true
	if e.N <= r.newest[e.Owner] {
		r.disorder++
		return false
	}
	r.newest[e.Owner] = e.N
	return true
}

// count is what the events that were written to the stream come to, and those that are missing. If
// the connection no longer stands, what is newer than all that came of its owner is not due.
func (r *receipt) count(written []writtenEvent, stands bool) (t sums, missing []writtenEvent) {
	t = r.sums
	for _, w := range written {
		if r.from.IsZero() || w.at.Before(r.from) || !stands && w.N > r.newest[w.Owner] {
			continue
		}
		t.due++
		if r.numbers[w.eventName] {
			t.delivered++
			continue
		}
		t.lost++
		missing = append(missing, w)
	}
	return t, missing
}
