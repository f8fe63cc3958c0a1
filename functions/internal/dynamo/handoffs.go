package dynamo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"edgestream/functions/internal/awscall"
	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/table"
)

// Handoffs keeps for a short time where responses of server-sent events ended that ended as
// planned, so that the client's next request goes on there. Several of one client stand side by
// side, and each is taken once. It is safe for concurrent use.
type Handoffs struct {
	table table.Table
	now   func() time.Time
}

// NewHandoffs uses the Connections table, which has this name.
func NewHandoffs(client *awscall.Client, name string) *Handoffs {
	return &Handoffs{table: table.New(client, name), now: time.Now}
}

// Leave keeps the handoff until it is taken or its time is over. Left again, it is still one, also if it has been
// taken meanwhile.
func (h *Handoffs) Leave(ctx context.Context, o stream.Handoff) error {
	row := append(keyOf(handoffPartition(o.Client), sortable(o.Until)+"#"+o.Reader),
		table.Field{"p", table.Text(o.Position)}, table.Field{"l", table.Text(o.LastEvent)}, table.Field{"u", table.Number(o.Until.UnixMilli())}, table.Expires(o.Until))
	_, err := h.table.Call(ctx, "PutItem", table.Parameters{"Item": row, "ConditionExpression": "attribute_not_exists(pk)"})
	return table.UnlessConflict(err)
}

// Take takes and returns, for the reader, the position of the client's oldest handoff whose last
// event is this one, or, if lastEvent is empty, of its oldest; empty if there is none.
func (h *Handoffs) Take(ctx context.Context, client, lastEvent, reader string) (position string, err error) {
	got, err := h.table.Call(ctx, "Query", table.Parameters{
		"KeyConditionExpression": "pk = :pk AND sk >= :since", // rows outlive their time by days
		"ExpressionAttributeValues": table.Item{
			{":pk", table.Text(handoffPartition(client))}, {":since", table.Text(sortable(h.now().Add(-handoffReach)))},
		},
		"ConsistentRead": true,
	})
	if err != nil {
		return "", err
	}
	for _, row := range got.Rows {
		until, _ := row.Get("u").Int()
		if until < h.now().UnixMilli() || lastEvent != "" && row.Get("l").Text != lastEvent {
			continue
		}
		if taken, err := h.mark(ctx, row, reader); taken || err != nil {
			return row.Get("p").Text, err
		}
	}
	return "", nil
}

// mark is false if another reader has taken it, and true again if this one has: an answer may be
// lost and the call repeated.
func (h *Handoffs) mark(ctx context.Context, row table.Item, reader string) (bool, error) {
	_, err := h.table.Call(ctx, "UpdateItem", table.Parameters{
		"Key":                       keyOf(row.Get("pk").Text, row.Get("sk").Text),
		"UpdateExpression":          "SET t = :reader",
		"ConditionExpression":       "attribute_exists(pk) AND (attribute_not_exists(t) OR t = :reader)",
		"ExpressionAttributeValues": table.Item{{":reader", table.Text(reader)}},
	})
	var taken *table.Conflict
	if errors.As(err, &taken) {
		return false, nil
	}
	return err == nil, err
}

// handoffReach is more than how far back the time in a key can be of a handoff that still counts.
const handoffReach = 5 * time.Minute

// sortable is the time as texts that sort as times do.
func sortable(at time.Time) string { return fmt.Sprintf("%013d", at.UnixMilli()) }

func handoffPartition(client string) string { return "handoff#" + client }
