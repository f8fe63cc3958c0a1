package main

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// total is everything that came, of all turns.
func (c *contestant) total() outcome {
	total := newOutcome()
	for _, t := range c.turns {
		total.add(t.single)
		total.add(t.burst)
	}
	return total
}

func (c *contestant) singles() outcome { return c.merged(func(t turn) outcome { return t.single }) }
func (c *contestant) bursts() outcome  { return c.merged(func(t turn) outcome { return t.burst }) }

// merged adds up one part of all turns.
func (c *contestant) merged(part func(turn) outcome) outcome {
	total := newOutcome()
	for _, t := range c.turns {
		total.add(part(t))
	}
	return total
}

// each is a figure of every turn; there is at least one.
func (c *contestant) each(of func(turn) float64) (values []float64) {
	for _, t := range c.turns {
		values = append(values, of(t))
	}
	return values
}

func (t turn) idleMemory() float64   { return t.idle }
func (t turn) socketMemory() float64 { return t.kilobytes }

// overRounds is the median of a's deliveries per second and core over b's, of the rounds that both
// have a turn in.
func overRounds(a, b *contestant) (ratio float64, ok bool) {
	if a == nil || b == nil {
		return 0, false
	}
	var ratios []float64
	for _, one := range a.turns {
		for _, other := range b.turns {
			if one.round == other.round {
				ratios = append(ratios, one.perCore()/other.perCore())
			}
		}
	}
	if len(ratios) == 0 {
		return 0, false
	}
	return median(ratios), true
}

func reportVersus(out io.Writer, all []*contestant, f versusFlags) {
	fmt.Fprintf(out, "%d sockets, %d events of %d bytes at once and %d one by one, %d rounds in turns; %d processors, %s/%s; Edgestream's stream polled every %v\n",
		f.sockets, f.events, len(statusText(0)), f.single, f.rounds, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, f.poll)
	var ran []*contestant
	for _, c := range all {
		switch {
		case c.failed != nil:
			fmt.Fprintf(out, "%s: left out: %v\n", c.name, c.failed)
		default:
			fmt.Fprintf(out, "%s: %s\n", c.name, c.version)
		}
		if len(c.turns) > 0 {
			ran = append(ran, c)
		}
	}
	fmt.Fprintln(out)
	table(out, versusRows(ran))
	fmt.Fprintln(out)
	fmt.Fprintln(out, strings.Join(append([]string{"bench=versus"}, versusFigures(out, ran)...), " "))
}

func versusRows(ran []*contestant) [][]string {
	rows := [][]string{{""}}
	for _, c := range ran {
		rows[0] = append(rows[0], c.name)
	}
	for _, line := range []struct {
		name string
		of   func(c *contestant) string
	}{
		{"turns", func(c *contestant) string { return strconv.Itoa(len(c.turns)) }},
		{"delivered", func(c *contestant) string { return strconv.Itoa(c.total().delivered) }},
		{"lost", func(c *contestant) string { return strconv.Itoa(c.total().lost) }},
		{"twice", func(c *contestant) string { return strconv.Itoa(c.total().extra) }},
		{"out of order", func(c *contestant) string { return strconv.Itoa(c.total().disorder) }},
		{"deliveries per second and core", func(c *contestant) string { return whole(median(c.each(turn.perCore))) }},
		{"least and most of a turn", func(c *contestant) string {
			all := c.each(turn.perCore)
			return whole(slices.Min(all)) + " to " + whole(slices.Max(all))
		}},
		{"deliveries per second", func(c *contestant) string { return whole(c.bursts().rate()) }},
		{"one by one, p50 ms", func(c *contestant) string { return c.singles().millis(50) }},
		{"one by one, p99 ms", func(c *contestant) string { return c.singles().millis(99) }},
		{"at once, p50 ms", func(c *contestant) string { return c.bursts().millis(50) }},
		{"at once, p99 ms", func(c *contestant) string { return c.bursts().millis(99) }},
		{"memory with no socket, MB", func(c *contestant) string { return whole(median(c.each(turn.idleMemory))) }},
		{"memory of a connection, KB", func(c *contestant) string { return whole(median(c.each(turn.socketMemory))) }},
	} {
		row := []string{line.name}
		for _, c := range ran {
			row = append(row, line.of(c))
		}
		rows = append(rows, row)
	}
	return rows
}

// versusFigures prints the ratios and returns the figures for machines.
func versusFigures(out io.Writer, ran []*contestant) (figures []string) {
	by := map[string]*contestant{}
	for _, c := range ran {
		by[c.id] = c
	}
	if ratio, ok := overRounds(by[oursID], by[offlineID]); ok {
		fmt.Fprintf(out, "Edgestream makes %s times serverless-offline's deliveries per second and core.\n", two(ratio))
		figures = append(figures, "ratio="+two(ratio))
	}
	if ratio, ok := overRounds(by[sockudoID], by[channelsID]); ok {
		fmt.Fprintf(out, "Sockudo makes %s times Edgestream's: it writes to its own sockets, where API Gateway has an HTTP request for each delivery.\n", two(ratio))
		figures = append(figures, "sockudo_ratio="+two(ratio))
	}
	for _, c := range ran {
		name := strings.ReplaceAll(c.id, "-", "_")
		o := c.total()
		figures = append(figures, name+"_per_core="+whole(median(c.each(turn.perCore))), name+"_p50_ms="+c.singles().millis(50), name+"_p99_ms="+c.singles().millis(99),
			name+"_connection_kb="+whole(median(c.each(turn.socketMemory))), fmt.Sprintf("%s_lost=%d", name, o.lost))
	}
	return figures
}
