package main

import (
	"context"
	"edgestream/infra/stack"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/coder/websocket"
	"golang.org/x/sync/errgroup"
)

// greetings are how long connections took, from before their dial.
type greetings struct {
	// opened is until the socket was open, and established until its first frame.
	opened, established outcome
	worst               time.Duration
}

func newGreetings() *greetings { return &greetings{opened: newOutcome(), established: newOutcome()} }

func (g *greetings) add(one greeted) {
	g.opened.record(one.opened)
	g.established.record(one.established)
	g.established.delivered++
	g.worst = max(g.worst, one.established)
}

// within is an error if one took longer.
func (g *greetings) within(limit time.Duration) error {
	if g.worst > limit {
		return fmt.Errorf("a first connection waited %v for its first frame: at most %v", g.worst.Round(time.Millisecond), limit)
	}
	return nil
}

// ratio is how long the first frame takes over how long the socket takes to open.
func (g *greetings) ratio() float64 {
	return float64(g.established.latency.ValueAtPercentile(50)) / float64(g.opened.latency.ValueAtPercentile(50))
}

// greet opens connections one after the other.
func greet(ctx context.Context, l *stack.Stack, n int) (*greetings, error) {
	g := newGreetings()
	var closing errgroup.Group
	for range n {
		s, one, err := benchApp.connect(ctx, l)
		if err != nil {
			return nil, err
		}
		closing.Go(func() error { return s.Close(websocket.StatusNormalClosure, "") })
		g.add(one)
	}
	return g, closing.Wait()
}

// measureCold starts stacks, and opens one connection on each.
func measureCold(ctx context.Context, program *stack.Program, n int) (*greetings, error) {
	g := newGreetings()
	for i := range n {
		fmt.Fprintf(os.Stderr, "cold start %d of %d\n", i+1, n)
		one, err := greetCold(ctx, program)
		if err != nil {
			return nil, err
		}
		g.add(one)
	}
	return g, nil
}

func greetCold(ctx context.Context, program *stack.Program) (greeted, error) {
	l, err := program.Start(ctx, quiet...)
	if err != nil {
		return greeted{}, err
	}
	defer l.Stop()
	if err := benchApp.register(ctx, client(l.DynamoDB)); err != nil {
		return greeted{}, err
	}
	if len(l.Processes()) > 0 {
		return greeted{}, errors.New("a function runs before the first connection")
	}
	s, one, err := benchApp.connect(ctx, l)
	if err != nil {
		return one, err
	}
	return one, s.Close(websocket.StatusNormalClosure, "")
}

func reportGreetings(out io.Writer, cold, warm *greetings) string {
	rows := [][]string{{"first frame of a connection", "cold", "warm"}}
	for _, line := range []struct {
		name string
		of   func(*greetings) string
	}{
		{"connections", func(g *greetings) string { return strconv.Itoa(g.established.delivered) }},
		{"open, p50 ms", func(g *greetings) string { return g.opened.millis(50) }},
		{"established, p50 ms", func(g *greetings) string { return g.established.millis(50) }},
		{"established, p99 ms", func(g *greetings) string { return g.established.millis(99) }},
		{"established, worst ms", func(g *greetings) string { return g.established.millis(100) }},
		{"ratio, established over open", func(g *greetings) string { return two(g.ratio()) }},
	} {
		rows = append(rows, []string{line.name, line.of(cold), line.of(warm)})
	}
	fmt.Fprintln(out)
	table(out, rows)
	return fmt.Sprintf("cold_worst_ms=%s warm_p50_ms=%s warm_p99_ms=%s warm_greeting_ratio=%s",
		cold.established.millis(100), warm.established.millis(50), warm.established.millis(99), two(warm.ratio()))
}
