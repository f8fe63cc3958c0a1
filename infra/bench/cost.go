package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math"
	"slices"
)

const costHelp = `What a month costs, beside what API Gateway itself charges, and beside two servers.

A model, without network and without a stack: it multiplies what things use by AWS's prices, which
stand in infra/bench/prices.go with their date. What things use is measured: infra/bench/measured.json
has it, and the command that measures it again. How long a function runs on AWS is worked out from
its processor time here and the calls that it waits for: 4 ms each, or for several made side by side.

The floor is what API Gateway itself charges for these messages and connection-minutes. The ratio is of
everything that Edgestream uses (Lambda, DynamoDB, SQS, logs, metrics, alarms, and API Gateway) over the
floor; 1.03 for wide and 1.50 for notifications are this project's own targets. The application's writes
to Content, keep-alives to quiet connections and what leaves for the internet have lines of their own,
outside it. Traces and access logs are off, as they are if nobody asks for them.

The servers are at least two, as many as the flags say are needed at the busiest time, with a Redis and
a network load balancer. What leaves for the internet and the application's own database are on neither
side, nor is anybody's time. A workload is one of those named. For one of your own, name the nearest with
--workload, and say with flags what is different: its connections, width, events and so on. Without
--workload all are shown, each with the flags that make it, and then what the ratio depends on.`

type costFlags struct {
	name, figures string
	given         *[]change
	servers
}

func defineCost(fs *flag.FlagSet) func(context.Context, io.Writer) error {
	f := costFlags{servers: defaultServers}
	fs.StringVar(&f.name, "workload", "", "`name` of the one to show: "+workloadNames()+"; empty: all, as they are")
	fs.StringVar(&f.figures, "figures", "", "a file that units --write has written; empty: the committed one")
	fs.Float64Var(&f.sockets, "server-sockets", f.sockets, "how many sockets one server holds")
	fs.Float64Var(&f.posts, "server-posts", f.posts, "how many messages it sends in a second")
	fs.Float64Var(&f.peak, "peak", f.peak, "how many times the average there is at the busiest time")
	f.given = quantities(fs)
	return func(_ context.Context, out io.Writer) error { return cost(out, f) }
}

func cost(out io.Writer, f costFlags) error {
	figures, err := readFigures(f.figures)
	if err != nil {
		return err
	}
	shown, err := choose(f.name, *f.given)
	if err != nil {
		return err
	}
	if f.sockets <= 0 || f.posts <= 0 || f.peak < 1 {
		return fmt.Errorf("servers hold and send something, and --peak is at least 1")
	}
	fmt.Fprint(out, floorNote)
	last := "bench=cost"
	for _, w := range shown {
		b := billOf(w.workload, figures)
		show(out, w, b, figures)
		compare(out, w.workload, b, f.servers, figures)
		last += fmt.Sprintf(" %[1]s_ratio=%.4[2]f %[1]s_dollars=%.2[3]f", w.name, b.ratio(), b.total())
	}
	if f.name == "" {
		explain(out, figures)
		fmt.Fprintln(out)
	}
	fmt.Fprintf(out, "Prices of %s, us-east-1; figures measured by %s.\n%s\n", priceDate, figures.Command, last)
	return nil
}

const floorNote = `The floor is what API Gateway itself charges for these messages and connections: the first two lines of a
bill. The ratio is all of the bill over the floor.

`

// show prints the bill.
func show(out io.Writer, w named, b bill, f figures) {
	floor := sum(b.floor)
	fmt.Fprintf(out, "%s\n\n", w.heading())
	fmt.Fprint(out, w.mind())
	rows := [][]string{{"service", "what", "a month", "dollars", "of the floor"}}
	for _, l := range slices.Concat(b.floor, b.own) {
		rows = append(rows, []string{l.service, l.what, amountOf(l.times), two(l.dollars), percent(l.dollars / floor)})
	}
	rows = append(rows, []string{"", "all of it", "", two(floor + sum(b.own)), percent(b.ratio())})
	for _, l := range b.outside {
		rows = append(rows, []string{l.service, l.what + " (outside)", amountOf(l.times), two(l.dollars), ""})
	}
	table(out, rows)
	fmt.Fprintf(out, "\nRatio to the floor, API Gateway's own $%.2f: %.3f%s.\n", floor, b.ratio(), against(b.ratio(), w.target))
	sessions, events, sweep := causes(w.workload, f)
	fmt.Fprintf(out, "With $1.00 for every million messages, also after the first billion: %.3f. What is beside it: connecting and leaving %s,\n"+
		"events %s, the sweep %s, and what is paid whatever happens.\n", b.listRatio(), percent(sessions/floor), percent(events/floor), percent(sweep/floor))
	if b.posts > widePace {
		fmt.Fprintf(out, "That is %s messages a second on average: more than WidePostsPerSecond is by default, and to be raised with API Gateway's quota.\n", whole(b.posts))
	}
}

func against(ratio, target float64) string {
	switch {
	case target == 0:
		return ""
	case ratio <= target:
		return fmt.Sprintf(", within this project's own target of %.2f", target)
	}
	return fmt.Sprintf(", above this project's own target of %.2f", target)
}

// amountOf is a number with decimals if it is small.
func amountOf(n float64) string {
	if n < 100 && n != math.Trunc(n) {
		return two(n)
	}
	return whole(n)
}

func percent(x float64) string { return fmt.Sprintf("%.2f %%", 100*x) }

// compare prints what servers would cost, and from where on they are cheaper.
func compare(out io.Writer, w workload, b bill, s servers, f figures) {
	ours, theirs := b.total(), s.month(w)
	fmt.Fprintf(out, "%.0f servers with a socket server, a Redis and a balancer: $%.2f a month, beside $%.2f. ", s.count(w), theirs, ours)
	switch {
	case theirs < ours:
		fmt.Fprintf(out, "Here servers cost less, by %.1f times.\n", ours/theirs)
	default:
		fmt.Fprintf(out, "Here Edgestream costs less, by %.1f times.\n", theirs/ours)
	}
	switch at := s.breakEven(w, f); {
	case at == 0:
		fmt.Fprint(out, "Servers cost less however few are connected.\n\n")
	case math.IsInf(at, 1):
		fmt.Fprint(out, "Servers cost more however many are connected.\n\n")
	default:
		fmt.Fprintf(out, "Break-even: with fewer than %s connections of this kind Edgestream costs less, with more servers do.\n\n", whole(at))
	}
}
