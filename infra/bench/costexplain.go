package main

import (
	"fmt"
	"io"
)

// explain prints what makes the ratio better or worse, from the workloads as they are named.
func explain(out io.Writer, f figures) {
	wide, single := namedWorkloads[0].workload, namedWorkloads[1].workload
	rows := [][]string{{"listeners of the public stream", "an event", "API Gateway's part", "ratio of events", "with connection-minutes"}}
	for _, width := range []float64{100, 500, 1000, 3000, 10_000, 30_000, 100_000, 1_000_000} {
		w := wide
		w.width, w.connections = width, width
		e := eventAlone(w, f)
		rows = append(rows, []string{whole(width), fmt.Sprintf("$%.6f", e.all), fmt.Sprintf("$%.6f", e.floor), fmt.Sprintf("%.3f", e.all/e.floor), fmt.Sprintf("%.3f", billOf(w, f).ratio())})
	}
	fmt.Fprint(out, widthNote)
	table(out, rows)
	rows = [][]string{{"notifications an hour", "sessions of 5 min", "30 min", "120 min", "120 min, half of them offline", "120 min, with ids"}}
	for _, n := range []float64{0.1, 1, 4, 20, 60} {
		row := []string{fmt.Sprint(n)}
		for _, c := range []struct{ minutes, offline, ids float64 }{{minutes: 5}, {minutes: 30}, {minutes: 120}, {minutes: 120, offline: 1}, {minutes: 120, ids: 1}} {
			w := single
			w.notifications, w.minutes, w.offline, w.ids = n, c.minutes, c.offline, c.ids
			row = append(row, fmt.Sprintf("%.3f", billOf(w, f).ratio()))
		}
		rows = append(rows, row)
	}
	fmt.Fprint(out, sessionNote)
	table(out, rows)
}

const widthNote = `What an event to many costs by itself. Up to 500 listeners it is posted at once; from there on it goes through the
queue, in 16 parts, of which each is opened, looked up and closed whoever is in it: that is paid back by a few
thousand listeners. WideListeners says from where on; a feed with a few thousand listeners that delays nobody
else is cheaper with a larger one. Being connected adds what the note on notifications says: API Gateway ends each
connection after two hours, so each is written down and removed twelve times a day, and no number of listeners
pays that back, only more events.

`

const sessionNote = `
What the ratio of notifications depends on. To connect and leave costs four writes and two invocations, as much as
a quarter of an hour of being connected: short sessions cannot be near API Gateway's own price. A notification
takes two reads, and its batch an invocation and two lines of log, which are shared where there are many. With
event ids each is also kept in a log, twice because readers need an index, and costs several times its message.

`

// event is what an event costs, and API Gateway's part of it.
type event struct{ all, floor float64 }

// eventAlone is the difference between a month with events and one without, for each of them.
func eventAlone(w workload, f figures) event {
	with := billOf(w, f)
	n := w.said()
	w.events = 0
	without := billOf(w, f)
	// The messages after the first billion are cheaper: each at what they cost here on average.
	floor := (sum(with.floor) - sum(without.floor)) / n
	return event{all: floor + (sum(with.own)-sum(without.own))/n, floor: floor}
}
