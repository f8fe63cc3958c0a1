package main

import (
	"context"
	"edgestream/infra/stack"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/coder/websocket"
)

const unitsHelp = `DynamoDB read and write units, and Lambda invocations, of what clients and applications do.

Starts infra/local on an engine that counts consumed capacity, does each thing several times,
waits until all is quiet, and divides. An application's own write to Content is not in the
figures. The ratio is the units of one event with the most listeners over those of an event
with one, per listener: how far the cost of looking up is shared.`

type unitsFlags struct{ times, listeners int }

func defineUnits(fs *flag.FlagSet) func(context.Context, io.Writer) error {
	var f unitsFlags
	fs.IntVar(&f.times, "times", 20, "how often each thing is done")
	fs.IntVar(&f.listeners, "listeners", 1000, "the most listeners of an event")
	return func(ctx context.Context, out io.Writer) error { return units(ctx, out, f) }
}

// tally is what some doings cost together.
type tally struct {
	read, write float64
	invocations map[string]int
}

// ledger measures doings on one running stack.
type ledger struct {
	local *stack.Stack
	meter *meter
	db    *dynamodb.Client
	rows  [][]string
	// written counts the items, so that each has an id of its own.
	written int
}

func units(ctx context.Context, out io.Writer, f unitsFlags) error {
	m := newMeter()
	defer m.close()
	l, err := stack.Start(ctx, ".", "--dynamodb", m.metered.URL)
	if err != nil {
		return err
	}
	defer l.Stop()
	led := &ledger{local: l, meter: m, db: client(m.direct.URL), rows: [][]string{{"what", "read units", "write units", "invocations"}}}
	if err := putTokens(ctx, l, f.listeners); err != nil {
		return err
	}
	if err := led.sockets(ctx, f.times); err != nil {
		return err
	}
	ratio, err := led.events(ctx, f)
	if err != nil {
		return err
	}
	table(out, led.rows)
	fmt.Fprintf(out, "bench=units ratio=%.4f\n", ratio)
	return nil
}

// sockets measures what one connection costs, step by step.
func (l *ledger) sockets(ctx context.Context, times int) error {
	for _, query := range []string{"", "&stream=user", "&stream=public"} {
		name := "connect"
		if query != "" {
			name += " with " + strings.TrimPrefix(query, "&")
		}
		var open *crowd
		err := l.measure(ctx, name, times, "ConnectFunction", func() (err error) {
			open, err = l.dial(ctx, times, query)
			return err
		})
		if err != nil {
			return err
		}
		if query == "" {
			if err := l.messages(ctx, open, times); err != nil {
				return err
			}
		}
		if err := l.measure(ctx, "disconnect after "+name, times, "DisconnectFunction", func() error { open.leave(); return nil }); err != nil {
			return err
		}
	}
	return nil
}

func (l *ledger) dial(ctx context.Context, n int, query string) (*crowd, error) {
	return dialAll(ctx, n, func(i int) string {
		return strings.Replace(l.local.Edge, "http", "ws", 1) + fmt.Sprintf("/api/v1/streaming?access_token=bench%d%s", i, query)
	})
}

// join opens sockets and waits until their $connect has been counted, so that the next row is its own.
func (l *ledger) join(ctx context.Context, n int, query string) (*crowd, error) {
	before := l.local.Counts()["ConnectFunction"]
	c, err := l.dial(ctx, n, query)
	if err != nil {
		return nil, err
	}
	return c, l.wait(ctx, "ConnectFunction", before+n)
}

// messages measures subscribing and unsubscribing on open connections.
func (l *ledger) messages(ctx context.Context, c *crowd, times int) error {
	for _, stream := range []string{`"user"`, `"public"`, `"hashtag","tag":"Foo"`} {
		for _, kind := range []string{"subscribe", "unsubscribe"} {
			message := fmt.Sprintf(`{"type":%q,"stream":%s}`, kind, stream)
			name := kind + " " + strings.Trim(strings.Split(stream, ",")[0], `"`)
			err := l.measure(ctx, name, times, "SubscribeFunction", func() error { return c.say(ctx, message) })
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *crowd) say(ctx context.Context, message string) error {
	for _, s := range c.sockets {
		if err := s.Write(ctx, websocket.MessageText, []byte(message)); err != nil {
			return err
		}
	}
	return nil
}

// events measures one event with 1, 10 and the most listeners, and one notification.
func (l *ledger) events(ctx context.Context, f unitsFlags) (ratio float64, err error) {
	var each []float64
	for _, n := range slices.Compact([]int{1, min(10, f.listeners), f.listeners}) {
		c, err := l.join(ctx, n, "&stream=public")
		if err != nil {
			return 0, err
		}
		t, err := l.event(ctx, c, fmt.Sprintf("public status, %d listeners", n), statusItem)
		if err != nil {
			return 0, err
		}
		each = append(each, (t.read+t.write)/float64(n))
		if err := l.settle(ctx, c); err != nil {
			return 0, err
		}
	}
	c, err := l.join(ctx, 1, "&stream=user")
	if err != nil {
		return 0, err
	}
	if _, err = l.event(ctx, c, "notification, 1 listener", notificationItem); err != nil {
		return 0, err
	}
	return each[len(each)-1] / each[0], l.settle(ctx, c)
}

func notificationItem(i int) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{"owner": text("bench-0"), "id": text(fmt.Sprintf("notification#%d", i)), "kind": text("notification"),
		"payload": text(fmt.Sprintf(`{"id":"%d","type":"follow","account":{"id":"1","acct":"alice"}}`, i))}
}

// event writes one item, past the meter, and waits for its frame on every socket.
func (l *ledger) event(ctx context.Context, c *crowd, name string, item func(int) map[string]types.AttributeValue) (tally, error) {
	var t tally
	err := l.account(ctx, name, 1, "PublishFunction", 1, &t, func() error {
		l.written++
		if err := putItem(ctx, l.db, "Content", item(l.written)); err != nil {
			return err
		}
		if o := c.count(ctx, 1); o.lost > 0 {
			return fmt.Errorf("%s: %d frames lost", name, o.lost)
		}
		return nil
	})
	return t, err
}

// settle closes the sockets and waits for their $disconnect, so that the next row is its own.
func (l *ledger) settle(ctx context.Context, c *crowd) error {
	before := l.local.Counts()["DisconnectFunction"]
	c.leave()
	return l.wait(ctx, "DisconnectFunction", before+len(c.sockets))
}

func (l *ledger) measure(ctx context.Context, name string, times int, function string, do func() error) error {
	var t tally
	return l.account(ctx, name, times, function, times, &t, do)
}

// account does something, waits until the function has run so often more, and adds a row.
func (l *ledger) account(ctx context.Context, name string, times int, function string, runs int, t *tally, do func() error) error {
	before := l.local.Counts()
	read, write := l.meter.units()
	if err := do(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := l.wait(ctx, function, before[function]+runs); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	t.read, t.write = l.meter.units()
	t.read, t.write, t.invocations = t.read-read, t.write-write, l.local.Counts()
	n := float64(times)
	l.rows = append(l.rows, []string{name, two(t.read / n), two(t.write / n), since(before, t.invocations, times)})
	fmt.Fprintln(os.Stderr, name)
	return nil
}

// wait polls until a function has run n times.
func (l *ledger) wait(ctx context.Context, function string, n int) error {
	ctx, cancel := context.WithTimeout(ctx, silence)
	defer cancel()
	for l.local.Counts()[function] < n {
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s ran %d times of %d", function, l.local.Counts()[function], n)
		case <-time.After(10 * time.Millisecond):
		}
	}
	return nil
}

// since lists which functions ran how often per doing.
func since(before, after map[string]int, times int) string {
	var parts []string
	for name, n := range after {
		if d := n - before[name]; d > 0 {
			parts = append(parts, strconv.FormatFloat(float64(d)/float64(times), 'f', -1, 64)+" "+strings.TrimSuffix(name, "Function"))
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}
