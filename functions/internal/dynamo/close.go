package dynamo

import (
	"context"
	"slices"

	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/table"
)

// Close removes a connection with everything that it holds. A connection that is not there is no
// error: API Gateway may report a disconnect twice.
func (c *Connections) Close(ctx context.Context, connection stream.Connection) error {
	row, err := c.take(ctx, connection)
	if err != nil || row.Item == nil {
		return err
	}
	return c.removeMappings(ctx, connection, row.account(), row.topicKeys(connection))
}

// Forget removes the connection of a listener that turned out to be gone, with everything that it
// holds. The listener's own mapping is removed also if the connection's row is not there.
func (c *Connections) Forget(ctx context.Context, l stream.Listener) error {
	row, err := c.take(ctx, l.Connection)
	if err != nil {
		return err
	}
	keys := row.topicKeys(l.Connection)
	if topic := l.Topic(); !topic.IsAccount() {
		own := mappingKey(l.Connection, topic, l.Subscription.Key())
		if !slices.ContainsFunc(keys, func(k table.Item) bool { return sameKey(k, own) }) {
			keys = append(keys, own)
		}
	}
	return c.removeMappings(ctx, l.Connection, l.Account, keys)
}

func sameKey(a, b table.Item) bool {
	return a.Get("pk").Text == b.Get("pk").Text && a.Get("sk").Text == b.Get("sk").Text
}

// take deletes a connection's row and returns what it was.
func (c *Connections) take(ctx context.Context, connection stream.Connection) (connectionRow, error) {
	got, err := c.table.Call(ctx, "DeleteItem", table.Parameters{"Key": connectionKey(connection), "ReturnValues": "ALL_OLD"})
	return connectionRow{got.Row}, err
}

// topicKeys are the keys of the row's mappings outside of the account's row. Tombstones end by
// their time to live.
func (r connectionRow) topicKeys(connection stream.Connection) (keys []table.Item) {
	subscriptions, _ := r.split()
	for key, h := range subscriptions {
		if topic := r.owner().Topic(h.subscription(key)); !topic.IsAccount() {
			keys = append(keys, mappingKey(connection, topic, key))
		}
	}
	return keys
}

func (c *Connections) removeMappings(ctx context.Context, connection stream.Connection, account string, keys []table.Item) error {
	if account == "" { // an app's
		return c.table.DeleteAll(ctx, keys)
	}
	return table.Parallel(ctx, []func(context.Context) error{
		func(ctx context.Context) error { return c.dismiss(ctx, account, connection.ID) },
		func(ctx context.Context) error { return c.table.DeleteAll(ctx, keys) },
	})
}
