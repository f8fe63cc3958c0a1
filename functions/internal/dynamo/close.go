package dynamo

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"edgestream/functions/internal/stream"
)

// Close removes a connection with everything that it holds. A connection that is not there is no
// error: API Gateway may report a disconnect twice.
func (c *Connections) Close(ctx context.Context, connection stream.Connection) error {
	row, err := c.take(ctx, connection)
	if err != nil || row.item == nil {
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
	if topic := l.Subscription.Topic(l.Account); !topic.IsAccount() {
		own := mappingKey(l.Connection, topic, l.Subscription.Key())
		if !slices.ContainsFunc(keys, func(k item) bool { return sameKey(k, own) }) {
			keys = append(keys, own)
		}
	}
	return c.removeMappings(ctx, l.Connection, l.Account, keys)
}

func sameKey(a, b item) bool {
	return a.get("pk").text == b.get("pk").text && a.get("sk").text == b.get("sk").text
}

// take deletes a connection's row and returns what it was.
func (c *Connections) take(ctx context.Context, connection stream.Connection) (connectionRow, error) {
	got, err := c.table.call(ctx, "DeleteItem", parameters{"Key": connectionKey(connection), "ReturnValues": "ALL_OLD"})
	return connectionRow{got.row}, err
}

// topicKeys are the keys of the row's mappings outside of the account's row. Tombstones end by
// their time to live.
func (r connectionRow) topicKeys(connection stream.Connection) (keys []item) {
	subscriptions, _ := r.split()
	for key, h := range subscriptions {
		if topic := h.subscription(key).Topic(r.account()); !topic.IsAccount() {
			keys = append(keys, mappingKey(connection, topic, key))
		}
	}
	return keys
}

func (c *Connections) removeMappings(ctx context.Context, connection stream.Connection, account string, keys []item) error {
	return parallel(ctx, []func(context.Context) error{
		func(ctx context.Context) error { return c.dismiss(ctx, account, connection.ID) },
		func(ctx context.Context) error { return c.deleteAll(ctx, keys) },
	})
}

const (
	writesPerBatch = 25
	readsPerBatch  = 100
	batchTries     = 6
)

// deleteAll deletes rows, which need not be there.
func (c *Connections) deleteAll(ctx context.Context, keys []item) error {
	g, ctx := errgroup.WithContext(ctx)
	for batch := range slices.Chunk(keys, writesPerBatch) {
		g.Go(func() error { return c.deleteBatch(ctx, batch) })
	}
	return g.Wait()
}

func (c *Connections) deleteBatch(ctx context.Context, keys []item) error {
	return drain(ctx, keys, func(keys []item) ([]item, error) {
		requests := make([]map[string]any, len(keys))
		for i, key := range keys {
			requests[i] = map[string]any{"DeleteRequest": map[string]any{"Key": key}}
		}
		got, err := c.table.call(ctx, "BatchWriteItem", parameters{"RequestItems": map[string]any{c.table.name: requests}})
		return got.left, err
	})
}

var errUnprocessed = errors.New("DynamoDB leaves keys unprocessed (is the table throttled?)")

// drain calls batch with the keys that are left, until none is. Keys are left by a throttled
// table, so it waits longer each time, with full jitter.
func drain(ctx context.Context, keys []item, batch func([]item) ([]item, error)) error {
	for try := range batchTries {
		left, err := batch(keys)
		if err != nil || len(left) == 0 {
			return err
		}
		keys = left
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(rand.N(25 * time.Millisecond << try)):
		}
	}
	return fmt.Errorf("%d keys: %w", len(keys), errUnprocessed)
}
