package dynamo

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"

	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/table"
)

// AppConnections are the connections of an app. They stand nowhere together, as an app is seldom turned
// off: every connection that is open is read, of whatever app or account.
func (c *Connections) AppConnections(ctx context.Context, app string) (all []stream.Connection, err error) {
	var mu sync.Mutex
	g, each := errgroup.WithContext(ctx)
	for n := range uint32(connectionKeys) {
		g.Go(func() error {
			return c.table.Query(each, table.Parameters{
				"KeyConditionExpression": "pk = :pk", "FilterExpression": "ap = :app",
				"ProjectionExpression": "sk", "ConsistentRead": true,
				"ExpressionAttributeValues": table.Item{{":pk", table.Text(connectionPartition(n))}, {":app", table.Text(app)}},
			}, func(rows []table.Item) {
				mu.Lock()
				defer mu.Unlock()
				for _, row := range rows {
					if connection, ok := splitConnectionKey(row.Get("sk").Text); ok {
						all = append(all, connection)
					}
				}
			})
		})
	}
	return all, g.Wait()
}
