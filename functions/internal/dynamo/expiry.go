package dynamo

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/sweep"
	"edgestream/functions/internal/table"
)

// An expiry stands in the partition of the minute in which the token runs out, under the time and
// the connection. Only sessions whose token runs out while they can be open have one.

// expiryMargin is how far in the future an expiry is put at the least, so that a sweep of the
// moment cannot have passed it.
const expiryMargin = 15 * time.Second

func expiryKey(e sweep.Expiry) table.Item {
	return keyOf(expiryPartition(e.At), fmt.Sprintf("%013d#%d#%s", e.At.UnixMilli(), e.ConnectedAt.UnixMilli(), e.ID))
}

func expiryPartition(at time.Time) string {
	return "until#" + strconv.FormatInt(at.Truncate(time.Minute).Unix()/60, 10)
}

// watch is the write that has a sweep end the session when its token runs out; none if that is
// longer than it can live.
func (c *Connections) watch(s stream.Session) (writes []func(context.Context) error) {
	if s.TokenExpires.IsZero() || s.TokenExpires.After(s.ConnectedAt.Add(lifetime)) {
		return nil
	}
	at := s.TokenExpires
	if least := c.now().Add(expiryMargin); at.Before(least) {
		at = least
	}
	row := append(expiryKey(sweep.Expiry{Connection: s.Connection, At: at}), table.Expires(at.Add(lifetime)))
	return append(writes, func(ctx context.Context) error { return c.table.Put(ctx, row) })
}

// Expiring returns the connections whose token runs out within the window, which is not long: each
// minute is a read.
func (c *Connections) Expiring(ctx context.Context, w sweep.Window) (expiries []sweep.Expiry, err error) {
	for at := w.From.Truncate(time.Minute); !at.After(w.To); at = at.Add(time.Minute) {
		values := table.Item{{":pk", table.Text(expiryPartition(at))}, {":from", table.Text(after(w.From))}, {":to", table.Text(after(w.To))}}
		err := c.read(ctx, true, values, func(rows []table.Item) {
			for _, row := range rows {
				if e, ok := expiryOf(row); ok {
					expiries = append(expiries, e)
				}
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return expiries, nil
}

func expiryOf(row table.Item) (sweep.Expiry, bool) {
	parts := strings.SplitN(row.Get("sk").Text, "#", 3)
	if len(parts) < 3 {
		return sweep.Expiry{}, false
	}
	at, err := strconv.ParseInt(parts[0], 10, 64)
	connected, err2 := strconv.ParseInt(parts[1], 10, 64)
	return sweep.Expiry{
		Connection: stream.Connection{ID: parts[2], ConnectedAt: time.UnixMilli(connected).UTC()},
		At:         time.UnixMilli(at).UTC(),
	}, err == nil && err2 == nil
}

// Settle forgets an expiry.
func (c *Connections) Settle(ctx context.Context, e sweep.Expiry) error {
	_, err := c.table.Call(ctx, "DeleteItem", table.Parameters{"Key": expiryKey(e)})
	return err
}
