package dynamo

import (
	"context"
	"edgestream/functions/internal/table"
)

// FiltersChanged has filters_changed published to the account's clients: the item that stands for
// its filters changes once for each record, by the id that the record has.
func (c *Content) FiltersChanged(ctx context.Context, account, record string) error {
	_, err := c.table.Call(ctx, "PutItem", table.Parameters{"Item": table.Item{
		{"owner", table.Text(account)}, {"id", table.Text("_filters")}, {"kind", table.Text("_filters")}, {"at", table.Text(record)},
	}})
	return err
}
