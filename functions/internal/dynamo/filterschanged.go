package dynamo

import "context"

// FiltersChanged has filters_changed published to the account's clients: the item that stands for
// its filters changes once for each record, by the id that the record has.
func (c *Content) FiltersChanged(ctx context.Context, account, record string) error {
	_, err := c.table.call(ctx, "PutItem", parameters{"Item": item{
		{"owner", text(account)}, {"id", text("_filters")}, {"kind", text("_filters")}, {"at", text(record)},
	}})
	return err
}
