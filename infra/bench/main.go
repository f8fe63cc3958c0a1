// Command bench measures Edgestream, each time as a ratio of two things in one run: a machine's
// speed drifts, a ratio drifts less.
//
//	go run ./infra/bench NAME [flags]
//
// Every benchmark prints a table for people and, last, one line of key=value for machines. It
// checks what it counts: a lost or reordered frame is a failure and not a smaller number.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"

	"edgestream/infra/arguments"
)

// benchmark is one measurement.
type benchmark struct {
	name, help string
	// define declares its flags and returns what runs it.
	define func(*flag.FlagSet) func(context.Context, io.Writer) error
}

var benchmarks = []benchmark{
	{"post", postHelp, definePost},
	{"init", initHelp, defineInit},
	{"sizes", sizesHelp, defineSizes},
	{"fanout", fanoutHelp, defineFanout},
	{"filters", filtersHelp, defineFilters},
	{"channels", channelsHelp, defineChannels},
	{"units", unitsHelp, defineUnits},
	{"cost", costHelp, defineCost},
	{"chaos", chaosHelp, defineChaos},
	{"versus", versusHelp, defineVersus},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out, errOut io.Writer) error {
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		usage(errOut)
		return flag.ErrHelp
	}
	i := slices.IndexFunc(benchmarks, func(b benchmark) bool { return b.name == args[0] })
	if i < 0 {
		return fmt.Errorf("there is no benchmark %q; --help lists them", args[0])
	}
	b := benchmarks[i]
	fs := flag.NewFlagSet(b.name, flag.ContinueOnError)
	do := b.define(fs)
	help := fmt.Sprintf("go run ./infra/bench %s [flags]\n\n%s\n\n", b.name, b.help)
	if err := arguments.Parse(fs, args[1:], errOut, help); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return fmt.Errorf("unknown argument %q; --help lists the flags", fs.Arg(0))
	}
	return do(ctx, out)
}

func usage(out io.Writer) {
	fmt.Fprintln(out, "go run ./infra/bench NAME [flags]; NAME --help says more.")
	for _, b := range benchmarks {
		first, _, _ := strings.Cut(b.help, "\n")
		fmt.Fprintf(out, "\n  %-8s %s", b.name, first)
	}
	fmt.Fprintln(out)
}

// atLeast refuses flags, by their names, whose number is smaller than least.
func atLeast(least int, given map[string]int) error {
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if given[name] < least {
			return fmt.Errorf("--%s %d: want %d or more", name, given[name], least)
		}
	}
	return nil
}

// table prints rows in columns, the first row as the head.
func table(out io.Writer, rows [][]string) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, row := range rows {
		fmt.Fprintln(w, strings.Join(row, "\t")+"\t")
	}
	w.Flush()
}
