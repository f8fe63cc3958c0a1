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
)

// phase is what happened to the streams for a while, and what it took.
type phase struct {
	name   string
	events int
	outcome
	// streams were open for took.
	streams                 int
	took                    time.Duration
	runner, functions, read float64
}

// perHour scales what all streams took to one of them and an hour.
func (p phase) perHour(all float64) float64 {
	return all / float64(p.streams) / p.took.Hours()
}

// gauge reads what has been taken so far.
type gauge struct {
	stack *stack.Stack
	meter *meter
	n     int
}

// during measures what do takes.
func (g gauge) during(name string, events int, do func() (outcome, error)) (phase, error) {
	p := phase{name: name, events: events, streams: g.n}
	began, used := time.Now(), g.meter.usage()
	runner, functions := g.stack.CPU()
	var err error
	p.outcome, err = do()
	p.runner, p.functions = g.stack.CPU()
	p.runner, p.functions = p.runner-runner, p.functions-functions
	p.took = time.Since(began)
	p.read = g.meter.usage().since(used).of(func(u use) bool { return u.reads() && u.table == "History" }).units
	return p, err
}

// quiet is a run without schedules and demo accounts, whose functions would be in the figures.
var quiet = []string{"--schedule-every", "24h", "--demo=false"}

// fanoutStreams prints its tables and returns its figures; none if there was nothing to measure.
func fanoutStreams(ctx context.Context, out io.Writer, f fanoutFlags) (string, error) {
	m := newMeter()
	defer m.close()
	n := strconv.Itoa(f.sse)
	l, err := stack.Start(ctx, ".", append(quiet, "--stream-poll", f.poll.String(), "--dynamodb", m.metered.URL,
		"--streams", n, "--parameter", "MaxReaders="+n)...)
	if err != nil {
		return "", err
	}
	defer l.Stop()
	everyone := people{"bench", f.sse}
	if err := everyone.register(ctx, client(m.direct.URL)); err != nil {
		return "", err
	}
	crowd, err := everyone.read(ctx, l, "public", "")
	if err != nil {
		return "", err
	}
	defer crowd.leave()
	fmt.Fprintf(os.Stderr, "%d streams are open; nothing happens for %v, then %d statuses one by one, then %d at once\n", f.sse, f.idle, f.sseSingle, f.sseEvents)
	phases, err := streamPhases(ctx, crowd, gauge{l, m, f.sse}, f)
	if err != nil {
		return "", err
	}
	runner, functions := l.Memory()
	last := &phases[len(phases)-1].outcome
	last.add(crowd.rest(ctx))
	var failed error
	for _, p := range phases {
		failed = errors.Join(failed, p.verdict())
	}
	return reportStreams(out, phases, runner, functions/float64(f.sse)), failed
}

func streamPhases(ctx context.Context, c *crowd[*reader], g gauge, f fanoutFlags) (phases []phase, err error) {
	db := client(g.meter.direct.URL)
	for _, p := range []struct {
		name   string
		events int
		do     func() (outcome, error)
	}{
		{"idle", 0, func() (outcome, error) { return newOutcome(), wait(ctx, f.idle) }},
		{"one by one", f.sseSingle, func() (outcome, error) { return c.oneByOne(ctx, db, 0, f.sseSingle) }},
		{"at once", f.sseEvents, func() (outcome, error) { return c.publish(ctx, db, f.sseSingle, f.sseEvents) }},
	} {
		measured, err := g.during(p.name, p.events, p.do)
		if err != nil {
			return nil, err
		}
		phases = append(phases, measured)
	}
	return phases, nil
}

func reportStreams(out io.Writer, phases []phase, runner, each float64) string {
	idle, single, burst := phases[0], phases[1], phases[2]
	rows := [][]string{{""}, {"streams"}, {"seconds"}, {"events"}}
	for _, p := range phases {
		for i, cell := range []string{p.name, strconv.Itoa(p.streams), fmt.Sprintf("%.1f", p.took.Seconds()), strconv.Itoa(p.events)} {
			rows[i] = append(rows[i], cell)
		}
	}
	rows = append(rows, verdictRows(idle.outcome, single.outcome, burst.outcome)...)
	rows = append(rows, []string{"p50 ms", "", single.millis(50), burst.millis(50)}, []string{"p99 ms", "", single.millis(99), burst.millis(99)})
	for _, line := range []struct {
		name string
		of   func(phase) float64
	}{
		{"processor s of functions, a stream-hour", func(p phase) float64 { return p.functions }},
		{"processor s of runner, a stream-hour", func(p phase) float64 { return p.runner }},
		{"read units, a stream-hour", func(p phase) float64 { return p.read }},
	} {
		row := []string{line.name}
		for _, p := range phases {
			row = append(row, fmt.Sprintf("%.1f", p.perHour(line.of(p))))
		}
		rows = append(rows, row)
	}
	fmt.Fprintln(out)
	table(out, append(rows, []string{"memory of runner, MB", "", "", whole(runner)}, []string{"memory of functions, MB a stream", "", "", whole(each)}))
	read := idle.perHour(idle.read)
	reportPrices(out, read)
	return fmt.Sprintf("sse_p50_ms=%s sse_p99_ms=%s sse_lost=%d sse_extra=%d sse_disorder=%d sse_idle_cpu_s=%.1f sse_idle_read_units=%s sse_price_ratio_128mb=%s",
		single.millis(50), single.millis(99), single.lost+burst.lost, single.extra+burst.extra+idle.extra, single.disorder+burst.disorder,
		idle.perHour(idle.functions), whole(read), whole(streamHour(128, read).total()/socketHour().total()))
}

// reportPrices prints what an hour of a quiet stream costs beside a WebSocket's.
func reportPrices(out io.Writer, readUnits float64) {
	hours := []hour{streamHour(128, readUnits), streamHour(256, readUnits), streamHour(512, readUnits), socketHour()}
	rows := [][]string{{"an hour open and quiet, $ per thousand", "SSE, 128 MB", "SSE, 256 MB", "SSE, 512 MB", "WebSocket"},
		{"function or connection"}, {"requests"}, {"read units"}, {"in all"}, {"times a WebSocket's"}}
	for _, h := range hours {
		for i, dollars := range []float64{h.time, h.requests, h.reads, h.total()} {
			rows[i+1] = append(rows[i+1], fmt.Sprintf("%.4f", 1000*dollars))
		}
		rows[5] = append(rows[5], whole(h.total()/socketHour().total()))
	}
	fmt.Fprintln(out)
	table(out, rows)
	fmt.Fprintf(out, "us-east-1, arm64, on demand, prices of %s: $%.10f a GB-second, $%.2f a million invocations,\n"+
		"$%.3f a million read units, $%.2f a million connection-minutes; a response of %s minutes is an invocation.\n\n",
		priceDate, pricePerGBSecond, 1e6*pricePerInvocation, 1e6*pricePerReadUnit, 1e6*pricePerSocketMinute, whole(60/responsesPerHour))
}
