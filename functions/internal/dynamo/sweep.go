package dynamo

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/sweep"
	"edgestream/functions/internal/table"
)

// progressFor is how long the progress of sweeps is known.
const progressFor = 24 * time.Hour

func progressKey() table.Item { return keyOf("sweep", "sweep") }

// Progress is up to where the table has been swept; the zero Progress if it is not known.
func (c *Connections) Progress(ctx context.Context) (p sweep.Progress, err error) {
	got, err := c.table.Call(ctx, "GetItem", table.Parameters{"Key": progressKey(), "ConsistentRead": true})
	if err != nil || got.Row == nil {
		return p, err
	}
	due, _ := got.Row.Get("n").Int()
	return sweep.Progress{Until: table.Millis(got.Row.Get("u")), Due: int(due)}, nil
}

// Advance stores progress, unless there is later progress already. Progress that is very much later
// is a mistake and is put right.
func (c *Connections) Advance(ctx context.Context, p sweep.Progress) error {
	at := table.Number(p.Until.UnixMilli())
	_, err := c.table.Call(ctx, "PutItem", table.Parameters{
		"Item":                      append(progressKey(), table.Field{"u", at}, table.Field{"n", table.Number(int64(p.Due))}, table.Expires(p.Until.Add(progressFor))),
		"ConditionExpression":       "attribute_not_exists(pk) OR u < :u OR u > :far",
		"ExpressionAttributeValues": table.Item{{":u", at}, {":far", table.Number(p.Until.Add(sweep.MaxWindow).UnixMilli())}},
	})
	return table.UnlessConflict(err)
}

// Opened returns the connections that connected within the window, each with one of its
// subscriptions. The reads are not consistent: they may miss what was written in the last seconds.
func (c *Connections) Opened(ctx context.Context, w sweep.Window) (sockets []sweep.Socket, err error) {
	var mu sync.Mutex
	g, each := errgroup.WithContext(ctx)
	for n := range uint32(connectionKeys) {
		g.Go(func() error {
			values := table.Item{{":pk", table.Text(connectionPartition(n))}, {":from", table.Text(after(w.From))}, {":to", table.Text(after(w.To))}}
			return c.read(each, false, values, func(rows []table.Item) {
				mu.Lock()
				defer mu.Unlock()
				sockets = append(sockets, socketsOf(rows)...)
			})
		})
	}
	return sockets, g.Wait()
}

// InReplay reports whether the socket's subscription is being served from History still.
func (c *Connections) InReplay(ctx context.Context, s sweep.Socket) (bool, error) {
	_, turn, err := c.Replaying(ctx, stream.Replay{Connection: s.Connection, Account: s.Account, Subscription: s.Subscription})
	return turn != 0, err
}

// after is before the sort keys of connections, and of expiries, that are of a later millisecond,
// and after all others.
func after(t time.Time) string { return fmt.Sprintf("%013d", t.UnixMilli()+1) }

// read calls page with every page of rows of the partition :pk whose sort keys are between :from
// and :to.
func (c *Connections) read(ctx context.Context, consistent bool, values table.Item, page func([]table.Item)) error {
	return c.table.Query(ctx, table.Parameters{
		"KeyConditionExpression":    "pk = :pk AND sk BETWEEN :from AND :to",
		"ExpressionAttributeValues": values, "ConsistentRead": consistent,
	}, page)
}

func socketsOf(rows []table.Item) (sockets []sweep.Socket) {
	for _, row := range rows {
		s, ok := connectionRow{row}.session()
		if !ok {
			continue
		}
		sockets = append(sockets, sweep.Socket{Session: s, Subscription: connectionRow{row}.first()})
	}
	return sockets
}

// first is the first of the row's subscriptions, by their keys; the zero Subscription if there is none.
func (r connectionRow) first() (sub stream.Subscription) {
	least := ""
	for _, e := range r.Get("s").Fields {
		if h := readHeld(e.Name, e.Fields); h.on && (least == "" || e.Name < least) {
			least, sub = e.Name, h.subscription(e.Name)
		}
	}
	return sub
}
