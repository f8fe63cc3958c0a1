package main

import (
	"context"
	"edgestream/infra/stack"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// runs is how often functions ran, by their logical ids without "Function".
type runs map[string]int

// tally is what some doings cost together.
type tally struct {
	read, write float64
	runs        runs
	// requests is how many there were to DynamoDB, cpu the functions' processor seconds, and logged the
	// bytes of the lines that they wrote.
	requests, logged int
	cpu              float64
}

// doing is something that is measured: one row of the table, or a part of one.
type doing struct {
	name string
	// times is how often do does it: figures are of one time.
	times int
	// runs is what it makes the functions do in all: it is over when they have. Their figure is all
	// that ran, whether or not it is here.
	runs runs
	// of says which requests to DynamoDB are in the figures; nil: all but the polls of readers.
	of func(use) bool
	do func() error
}

// ledger measures doings on one running stack.
type ledger struct {
	local *stack.Stack
	meter *meter
	// db is for the application's own writes and not counted.
	db   *dynamodb.Client
	rows [][]string
	// figures are the rows again, for the model of costs.
	figures map[string]unitCost
	notes   []string
	// written counts the items, so that each has an id of its own.
	written int
}

// record measures a doing and adds a row.
func (l *ledger) record(ctx context.Context, d doing) (tally, error) {
	t, err := l.measure(ctx, d)
	if err != nil {
		return t, fmt.Errorf("%s: %w", d.name, err)
	}
	l.row(d.name, t, d.times)
	fmt.Fprintln(os.Stderr, d.name)
	return t, nil
}

// measure does it, and waits until the functions have run and nothing more happens.
func (l *ledger) measure(ctx context.Context, d doing) (t tally, err error) {
	if d.of == nil {
		d.of = allButPolls
	}
	used, ran, lines := l.meter.usage(), l.ran(), len(l.local.Lines())
	_, cpu := l.local.CPU()
	if err := d.do(); err != nil {
		return t, err
	}
	if err := l.until(ctx, ran, d.runs); err != nil {
		return t, err
	}
	spent := l.meter.usage().since(used)
	t.read, t.write = spent.split(d.of)
	t.requests = spent.of(d.of).requests
	for _, line := range l.local.Lines()[lines:] {
		t.logged += len(line.Text) + 1
	}
	_, now := l.local.CPU()
	t.cpu = now - cpu
	t.runs = runs{}
	for name, n := range l.ran() {
		t.runs[name] = n - ran[name]
	}
	return t, nil
}

func (l *ledger) row(name string, t tally, times int) {
	n := float64(times)
	l.figures[name] = t.unitCost(times)
	l.rows = append(l.rows, []string{name, two(t.read / n), two(t.write / n), t.runs.each(times)})
}

// note is printed below the table.
func (l *ledger) note(format string, values ...any) {
	l.notes = append(l.notes, fmt.Sprintf(format, values...))
}

// ran is how often each function has run.
func (l *ledger) ran() runs {
	all := runs{}
	for name, n := range l.local.Counts() {
		all[strings.TrimSuffix(name, "Function")] = n
	}
	return all
}

// until waits until functions have run so often more than before.
func (l *ledger) until(ctx context.Context, before, more runs) error {
	return poll(ctx, func() string {
		ran := l.ran()
		for name, n := range more {
			if got := ran[name] - before[name]; got < n {
				return fmt.Sprintf("%s ran %d times of %d", name, got, n)
			}
		}
		return ""
	})
}

// after does something that is not measured, and waits until functions have run so often.
func (l *ledger) after(ctx context.Context, more runs, do func() error) error {
	before := l.ran()
	if err := do(); err != nil {
		return err
	}
	return l.until(ctx, before, more)
}

// each lists which functions ran how often per doing.
func (r runs) each(times int) string {
	var parts []string
	for name, n := range r {
		if n > 0 {
			parts = append(parts, strconv.FormatFloat(float64(n)/float64(times), 'f', -1, 64)+" "+name)
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}
