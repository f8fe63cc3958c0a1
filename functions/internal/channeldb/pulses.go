package channeldb

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"edgestream/functions/internal/awscall"
	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/sweep"
	"edgestream/functions/internal/table"
)

// Pulses implements sweep.Pulses: when connections are looked at that others see as present. A row
// stays where it is and is written when the client has spoken, which puts the look off by itself; a
// run reads all of the rows. Moving them from minute to minute would cost two writes for each, and
// each minute. It is safe for concurrent use.
type Pulses struct{ table table.Table }

// NewPulses uses the Connections table, which has this name.
func NewPulses(client *awscall.Client, name string) *Pulses { return &Pulses{table.New(client, name)} }

// Meter has every call's consumed capacity reported, for measurements. Call it before any use;
// report is called by many goroutines at once.
func (p *Pulses) Meter(report func(table.Units)) { p.table.Meter(report) }

// Due implements sweep.Pulses. The reads are not consistent: they may miss what was written in the
// last seconds.
func (p *Pulses) Due(ctx context.Context, w sweep.Window) (due []sweep.Pulse, err error) {
	var mu sync.Mutex
	g, each := errgroup.WithContext(ctx)
	for n := range uint32(aliveKeys) {
		g.Go(func() error {
			return p.table.Query(each, table.Parameters{
				"KeyConditionExpression":    "pk = :pk",
				"ExpressionAttributeValues": table.Item{{":pk", table.Text(alivePartition(n))}},
			}, func(rows []table.Item) {
				mu.Lock()
				defer mu.Unlock()
				for _, row := range rows {
					if pulse, ok := pulseOf(row); ok && !pulse.At.After(w.To) {
						due = append(due, pulse)
					}
				}
			})
		})
	}
	return due, g.Wait()
}

// pulseOf reads a row. A client that has spoken since it was asked is not looked at before it has been
// quiet again.
func pulseOf(row table.Item) (sweep.Pulse, bool) {
	connection, ok := stream.ParseConnectionKey(row.Get("sk").Text)
	p := sweep.Pulse{Connection: connection, Heard: table.Millis(row.Get("hd"))}
	p.At = p.Heard.Add(sweep.Quiet)
	if asked := table.Millis(row.Get("pg")); asked.After(p.Heard) {
		p.Asked, p.At = asked, table.Millis(row.Get("du"))
	}
	return p, ok
}

// Move implements sweep.Pulses. What the client has said meanwhile counts.
func (p *Pulses) Move(ctx context.Context, pulse sweep.Pulse, to, asked time.Time) error {
	update, values := "SET du = :to REMOVE pg", table.Item{{":to", table.Number(to.UnixMilli())}}
	if !asked.IsZero() {
		update, values = "SET du = :to, pg = :asked", append(values, table.Field{":asked", table.Number(asked.UnixMilli())})
	}
	_, err := p.table.Call(ctx, "UpdateItem", table.Parameters{
		"Key": aliveKey(pulse.Connection), "UpdateExpression": update, "ConditionExpression": "attribute_exists(pk)",
		"ExpressionAttributeValues": values,
	})
	return table.UnlessConflict(err)
}

// Forget implements sweep.Pulses.
func (p *Pulses) Forget(ctx context.Context, pulse sweep.Pulse) error {
	_, err := p.table.Call(ctx, "DeleteItem", table.Parameters{"Key": aliveKey(pulse.Connection)})
	return err
}
