package main

import (
	"context"
	"edgestream/infra/stack"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"
)

const filtersHelp = `What filters and blocks cost: listeners to public of whom 0 %, 10 % and 100 % have some.

Starts infra/local with a DynamoDB in this process that counts, and opens N WebSocket connections
five times: of whom nobody filters, one in ten, nobody, everyone, nobody. Who filters has a row in
Accounts with 11 blocks, 10 mutes, 5 domains, 3 languages and 5 filters, of which one matches every
status; and blocks an account that every tenth status mentions. Statuses of one author are written,
first one, then M at once, and every frame is read: who filters must get nine of ten, each with its
match, the others all, with none. A lost, repeated, reordered or wrong frame fails the benchmark.

The ratio is deliveries per second over the mean of the rounds before and after, in which nobody
filters. Frames that who filters does not get are no deliveries. Reads of Accounts are those of the
first status, for whose listeners the rows are read, and of all M that follow: these must not grow
with M. What is read is kept for a minute, so if they take longer they are read again, and more
fails the benchmark.`

type filtersFlags struct {
	sockets, events int
	poll            time.Duration
}

func defineFilters(fs *flag.FlagSet) func(context.Context, io.Writer) error {
	var f filtersFlags
	fs.IntVar(&f.sockets, "sockets", 1000, "WebSocket connections")
	fs.IntVar(&f.events, "events", 100, "statuses to write at once")
	fs.DurationVar(&f.poll, "stream-poll", 250*time.Millisecond, "pause between two looks at the stream")
	return func(ctx context.Context, out io.Writer) error { return measureFilters(ctx, out, f) }
}

// mentionEvery is how often a status mentions the account that everyone blocks who filters.
const mentionEvery = 10

func mentions(status int) bool { return status%mentionEvery == mentionEvery-1 }

func mentioning(status int) item {
	if mentions(status) {
		return statusOf(status, 1000, blocked)
	}
	return statusItem(status)
}

// share is a round with so many of a hundred who filter.
type share struct {
	percent int
	// opening is the first status, outcome the others.
	opening outcome
	outcome
	// first and then are the reads of Accounts for these.
	first, then amount
}

func measureFilters(ctx context.Context, out io.Writer, f filtersFlags) error {
	if err := atLeast(1, map[string]int{"sockets": f.sockets, "events": f.events}); err != nil {
		return err
	}
	m := newMeter()
	defer m.close()
	l, err := stack.Start(ctx, ".", append(quiet, "--stream-poll", f.poll.String(), "--dynamodb", m.metered.URL)...)
	if err != nil {
		return err
	}
	defer l.Stop()
	led := &ledger{local: l, meter: m, db: client(m.direct.URL)}
	var shares []share
	var failed error
	for i, percent := range []int{0, 10, 0, 100, 0} {
		s, err := led.share(ctx, f, people{fmt.Sprintf("round%d", i), f.sockets}, percent)
		if err != nil {
			return err
		}
		shares = append(shares, s)
		failed = errors.Join(failed, s.verdict())
	}
	reportFilters(out, f, shares)
	return failed
}

// share opens sockets, of which the first so many in a hundred filter, and writes to them.
func (l *ledger) share(ctx context.Context, f filtersFlags, everyone people, percent int) (share, error) {
	s := share{percent: percent}
	few := people{everyone.name, everyone.n * percent / 100}
	if err := everyone.register(ctx, l.db); err != nil {
		return s, err
	}
	if err := few.filter(ctx, l.db, l.local); err != nil {
		return s, err
	}
	c, err := l.join(ctx, everyone, "&stream=public", nil)
	if err != nil {
		return s, err
	}
	fmt.Fprintf(os.Stderr, "%d sockets are open, %d of them filter; writing %d statuses\n", everyone.n, few.n, f.events)
	c.item = mentioning
	c.skips = func(n, status int) bool { return n < few.n && mentions(status) }
	c.fits = func(n int, payload []byte) bool { return annotated(payload) == (n < few.n) }
	if s.opening, s.first, err = l.deliver(ctx, c, 1); err != nil {
		return s, err
	}
	if s.outcome, s.then, err = l.deliver(ctx, c, f.events); err != nil {
		return s, err
	}
	return s, l.after(ctx, runs{"Disconnect": everyone.n}, func() error {
		s.add(c.rest(ctx))
		c.leave()
		return nil
	})
}

// deliver writes so many statuses more, and counts reads of Accounts meanwhile.
func (l *ledger) deliver(ctx context.Context, c *crowd[socket], events int) (outcome, amount, error) {
	before := l.meter.usage()
	// A round of numbers begins with one that mentions nobody.
	first := (l.written + mentionEvery - 1) / mentionEvery * mentionEvery
	l.written = first + events
	o, err := c.publish(ctx, l.db, first, events)
	return o, l.meter.usage().since(before).of(readsAccounts), err
}

// verdict is an error if a frame was not as it must be, or Accounts were read more than each minute.
func (s share) verdict() error {
	minutes := int((s.took + 5*time.Second) / time.Minute)
	var tooMuch error
	if allowed := minutes * s.first.requests; s.then.requests > allowed {
		tooMuch = fmt.Errorf("%d %%: Accounts were read %d times more for what followed the first status", s.percent, s.then.requests-allowed)
	}
	return errors.Join(s.opening.verdict(), s.outcome.verdict(), tooMuch)
}

func reportFilters(out io.Writer, f filtersFlags, shares []share) {
	ratio := func(i int) string { return two(2 * shares[i].rate() / (shares[i-1].rate() + shares[i+1].rate())) }
	rows := [][]string{{"listeners who filter"}, {"listeners"}, {"statuses"}}
	var outcomes []outcome
	for _, s := range shares {
		for i, cell := range []string{fmt.Sprintf("%d %%", s.percent), strconv.Itoa(f.sockets), strconv.Itoa(f.events)} {
			rows[i] = append(rows[i], cell)
		}
		outcomes = append(outcomes, s.outcome)
	}
	rows = append(rows, verdictRows(outcomes...)...)
	for _, line := range []struct {
		name string
		of   func(share) string
	}{
		{"with another payload", func(s share) string { return strconv.Itoa(s.wrong) }},
		{"p50 ms", func(s share) string { return s.millis(50) }},
		{"p99 ms", func(s share) string { return s.millis(99) }},
		{"deliveries per second", func(s share) string { return whole(s.rate()) }},
		{"reads of Accounts for the first status", func(s share) string { return strconv.Itoa(s.first.requests) }},
		{"their read units", func(s share) string { return whole(s.first.units) }},
		{"reads of Accounts for the others", func(s share) string { return strconv.Itoa(s.then.requests) }},
	} {
		row := []string{line.name}
		for _, s := range shares {
			row = append(row, line.of(s))
		}
		rows = append(rows, row)
	}
	table(out, append(rows, []string{"ratio", "", ratio(1), "", ratio(3), ""}))
	all := shares[3]
	fmt.Fprintf(out, "bench=filters ratio=%s ratio_10=%s deliveries_per_second=%s account_reads=%d account_reads_later=%d\n",
		ratio(3), ratio(1), whole(all.rate()), all.first.requests, all.then.requests)
}
