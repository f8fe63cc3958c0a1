package dynamo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"edgestream/functions/internal/awscall"
	"edgestream/functions/internal/stream"
)

// Handoffs keeps for a short time where responses of server-sent events ended that ended as
// planned, so that the client's next request goes on there. Several of one client stand side by
// side, and each is taken once. It is safe for concurrent use.
type Handoffs struct {
	table table
	now   func() time.Time
}

// NewHandoffs uses the Connections table, which has this name.
func NewHandoffs(client *awscall.Client, table string) *Handoffs {
	return &Handoffs{table: tableOf(client, table), now: time.Now}
}

// Leave keeps the handoff until it is taken or its time is over.
func (h *Handoffs) Leave(ctx context.Context, o stream.Handoff) error {
	row := append(keyOf(handoffPartition(o.Client), sortable(h.now())+"#"+o.Reader),
		field{"p", text(o.Position)}, field{"l", text(o.LastEvent)}, field{"u", number(o.Until.UnixMilli())}, expires(o.Until))
	_, err := h.table.call(ctx, "PutItem", parameters{"Item": row})
	return err
}

// Take takes and returns, for the reader, the position of the client's oldest handoff whose last
// event is this one, or, if lastEvent is empty, of its oldest; empty if there is none.
func (h *Handoffs) Take(ctx context.Context, client, lastEvent, reader string) (position string, err error) {
	got, err := h.table.call(ctx, "Query", parameters{
		"KeyConditionExpression": "pk = :pk AND sk >= :since", // rows outlive their time by days
		"ExpressionAttributeValues": item{
			{":pk", text(handoffPartition(client))}, {":since", text(sortable(h.now().Add(-handoffReach)))},
		},
		"ConsistentRead": true,
	})
	if err != nil {
		return "", err
	}
	for _, row := range got.rows {
		until, _ := row.get("u").int()
		if until < h.now().UnixMilli() || lastEvent != "" && row.get("l").text != lastEvent {
			continue
		}
		if taken, err := h.mark(ctx, row, reader); taken || err != nil {
			return row.get("p").text, err
		}
	}
	return "", nil
}

// mark is false if another reader has taken it, and true again if this one has: an answer may be
// lost and the call repeated.
func (h *Handoffs) mark(ctx context.Context, row item, reader string) (bool, error) {
	_, err := h.table.call(ctx, "UpdateItem", parameters{
		"Key":                       keyOf(row.get("pk").text, row.get("sk").text),
		"UpdateExpression":          "SET t = :reader",
		"ConditionExpression":       "attribute_exists(pk) AND (attribute_not_exists(t) OR t = :reader)",
		"ExpressionAttributeValues": item{{":reader", text(reader)}},
	})
	var taken *conflict
	if errors.As(err, &taken) {
		return false, nil
	}
	return err == nil, err
}

// handoffReach is how far back a handoff that still counts may have been left.
const handoffReach = 5 * time.Minute

// sortable is the time as texts that sort as times do.
func sortable(at time.Time) string { return fmt.Sprintf("%013d", at.UnixMilli()) }

func handoffPartition(client string) string { return "handoff#" + client }
