package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// report is what a run came to.
type report struct {
	flags     chaosFlags
	stage     *chaosStage
	clients   *chaosClients
	writer    *chaosWriter
	accidents *accidents
	verdict   verdict
	left      leftovers
	course
}

// sseTwice is how much came twice to who reads server-sent events with ids, to whom nothing may.
func (v verdict) sseTwice() int { return v.of[readerWithIDs].twice }

// print prints it, and the error says that something was lost or out of order.
func (r report) print(out io.Writer) error {
	all := r.verdict.all()
	if r.interrupted {
		fmt.Fprintf(out, "interrupted after %v\n", r.lasted.Round(time.Second))
	}
	fmt.Fprintf(out, "%d events written\n", r.writer.total)
	table(out, r.verdict.rows())
	kills := r.printFaults(out)
	took := "never"
	if r.recovered > 0 {
		took = r.recovered.Round(time.Millisecond).String()
	}
	fmt.Fprintf(out, "recovered after the last fault: %s\n", took)
	r.left.print(out)
	r.explainAll(out)
	fmt.Fprintf(out, "bench=chaos seed=%d written=%d due=%d delivered=%d lost=%d disorder=%d twice=%d gaps=%d sse_twice=%d lost_with_greet=%d kills=%d faults=%d deliver=%d failures=%d recovery_ms=%d\n",
		r.flags.seed, r.writer.total, all.due, all.delivered, all.lost, all.disorder, all.twice, all.gaps, r.verdict.sseTwice(), all.greet,
		kills, r.apiFaults(), r.stage.Counts()["DeliverFunction"], r.left.total(), r.recovered.Milliseconds())
	switch {
	case all.lost+all.disorder > 0:
		return fmt.Errorf("%d events lost, %d out of order, with seed %d", all.lost, all.disorder, r.flags.seed)
	case r.verdict.sseTwice() > 0:
		return fmt.Errorf("%d events twice to readers with ids, with seed %d", r.verdict.sseTwice(), r.flags.seed)
	case r.recovered == 0:
		return fmt.Errorf("not recovered after the last fault, with seed %d", r.flags.seed)
	}
	return nil
}

// rows are a table with a column for each kind of client that there was.
func (v verdict) rows() [][]string {
	columns, all := []string{""}, []kindSums{}
	for kind, t := range v.of {
		if t.clients > 0 {
			columns, all = append(columns, chaosKind(kind).String()), append(all, t)
		}
	}
	rows, all := [][]string{append(columns, "all")}, append(all, v.all())
	for _, line := range []struct {
		name string
		of   func(kindSums) int
	}{
		{"clients", func(t kindSums) int { return t.clients }}, {"connections", func(t kindSums) int { return t.connections }},
		{"due", func(t kindSums) int { return t.due }}, {"delivered", func(t kindSums) int { return t.delivered }},
		{"lost", func(t kindSums) int { return t.lost }},
		{"lost with greet", func(t kindSums) int { return t.greet }}, {"out of order", func(t kindSums) int { return t.disorder }},
		{"twice", func(t kindSums) int { return t.twice }}, {"gaps", func(t kindSums) int { return t.gaps }},
	} {
		row := []string{line.name}
		for _, t := range all {
			row = append(row, strconv.Itoa(line.of(t)))
		}
		rows = append(rows, row)
	}
	return rows
}

// explained is how many misfortunes are explained at length.
const explained = 5

func (r report) explainAll(out io.Writer) {
	faulty := r.verdict.faulty
	for _, m := range faulty[:min(explained, len(faulty))] {
		r.explain(out, m)
	}
	if n := len(faulty) - explained; n > 0 {
		fmt.Fprintf(out, "and %d more\n", n)
	}
}

// printFaults prints what was survived, and returns how many functions were killed.
func (r report) printFaults(out io.Writer) (kills int) {
	counts := r.accidents.counts()
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		if strings.HasPrefix(name, "kill ") {
			kills += counts[name]
		}
		fmt.Fprintf(out, "%6d %s\n", counts[name], name)
	}
	for _, f := range apiFaults {
		fmt.Fprintf(out, "%6d @connections: %s\n", r.stage.callbacks.counts[f.name], f.name)
	}
	runs := r.stage.Counts()
	fmt.Fprint(out, "ran:")
	for _, name := range slices.Sorted(maps.Keys(runs)) {
		fmt.Fprintf(out, " %s %d", strings.TrimSuffix(name, "Function"), runs[name])
	}
	fmt.Fprintln(out)
	return kills
}

func (r report) apiFaults() (n int) {
	for _, count := range r.stage.callbacks.counts {
		n += count
	}
	return n
}

const (
	// before and after are how far from an event what is printed of the time lies.
	before, after = 2 * time.Second, 15 * time.Second
	// atMost is how many lines of each kind are printed.
	atMost = 80
)

// explain prints what is known of an event that is lost or out of order.
func (r report) explain(out io.Writer, m misfortune) {
	fmt.Fprintf(out, "\n%s: client %s, stream %s, event %d of %s, at %s\n", m.what, m.client.name, m.stream, m.N, m.Owner, m.at.Format(clock))
	from, to := m.at.Add(-before), m.at.Add(after)
	var trace []string
	m.client.mu.Lock()
	for _, t := range m.client.trace {
		if t.at.After(from) && t.at.Before(to) {
			trace = append(trace, t.at.Format(clock)+" "+t.line)
		}
	}
	m.client.mu.Unlock()
	var posts []string
	connections := map[string]bool{}
	for _, p := range r.stage.callbacks.of(m.eventName) {
		posts = append(posts, p.String())
		connections[p.connection] = true
	}
	excerpt(out, "the client:", trace)
	excerpt(out, "accidents:", strings.Split(r.accidents.between(from, to), "\n"))
	excerpt(out, "posts of the event:", posts)
	excerpt(out, "functions about it and these connections:", r.lines(m, connections))
}

// lines are what functions wrote about an owner or a connection.
func (r report) lines(m misfortune, connections map[string]bool) (found []string) {
	for _, l := range r.stage.Lines() {
		about := strings.Contains(l.Text, m.Owner+"/") || strings.Contains(l.Text, `"`+m.Owner+`"`)
		for id := range connections {
			about = about || strings.Contains(l.Text, id)
		}
		if about {
			found = append(found, l.Function+" "+l.Text)
		}
	}
	return found
}

// excerpt prints the last lines of those that there are.
func excerpt(out io.Writer, head string, lines []string) {
	fmt.Fprintln(out, " ", head)
	for _, line := range lines[max(0, len(lines)-atMost):] {
		fmt.Fprintln(out, "   ", line)
	}
}
