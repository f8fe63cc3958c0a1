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
	recovered time.Duration
}

// print prints it, and the error says that something was lost or out of order.
func (r report) print(out io.Writer) error {
	v := r.verdict
	all := v.withIDs
	all.add(v.plain)
	rows := [][]string{{"", "with ids", "plain", "all"}}
	for _, line := range []struct {
		name string
		of   [2]int
	}{
		{"clients", v.clients}, {"connections", v.connections}, {"due", [2]int{v.withIDs.due, v.plain.due}},
		{"delivered", [2]int{v.withIDs.delivered, v.plain.delivered}}, {"lost", [2]int{v.withIDs.lost, v.plain.lost}},
		{"out of order", [2]int{v.withIDs.disorder, v.plain.disorder}}, {"twice", [2]int{v.withIDs.twice, v.plain.twice}},
		{"gaps", [2]int{v.withIDs.gaps, v.plain.gaps}},
	} {
		rows = append(rows, []string{line.name, strconv.Itoa(line.of[0]), strconv.Itoa(line.of[1]), strconv.Itoa(line.of[0] + line.of[1])})
	}
	fmt.Fprintf(out, "%d events written\n", r.writer.total)
	table(out, rows)
	kills := r.printFaults(out)
	took := "never"
	if r.recovered > 0 {
		took = r.recovered.Round(time.Millisecond).String()
	}
	fmt.Fprintf(out, "recovered after the last fault: %s\n", took)
	for i, m := range v.faulty {
		if i == 5 {
			fmt.Fprintf(out, "and %d more\n", len(v.faulty)-i)
			break
		}
		r.explain(out, m)
	}
	fmt.Fprintf(out, "bench=chaos seed=%d written=%d due=%d delivered=%d lost=%d disorder=%d twice=%d gaps=%d kills=%d faults=%d deliver=%d recovery_ms=%d\n",
		r.flags.seed, r.writer.total, all.due, all.delivered, all.lost, all.disorder, all.twice, all.gaps,
		kills, r.apiFaults(), r.stage.Counts()["DeliverFunction"], r.recovered.Milliseconds())
	switch {
	case all.lost+all.disorder > 0:
		return fmt.Errorf("%d events lost, %d out of order, with seed %d", all.lost, all.disorder, r.flags.seed)
	case r.recovered == 0:
		return fmt.Errorf("not recovered %v after the last fault, with seed %d", r.flags.settle, r.flags.seed)
	}
	return nil
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
