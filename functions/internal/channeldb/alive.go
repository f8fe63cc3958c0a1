package channeldb

import (
	"context"
	"fmt"
	"hash/fnv"
	"time"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/table"
)

// aliveKeys is over how many keys the connections are spread that are looked at for signs of life.
const aliveKeys = 16

func aliveKey(c stream.Connection) table.Item {
	h := fnv.New32a()
	h.Write([]byte(c.ID))
	return key(alivePartition(h.Sum32()%aliveKeys), stream.ConnectionKey(c))
}

func alivePartition(n uint32) string { return fmt.Sprintf("alive#%02x", n) }

// watched reports whether others see that the connection is there, so that it is looked at.
func watched(s pusher.Session) bool {
	if s.User.ID != "" {
		return true
	}
	for channel := range s.Channels {
		if pusher.Channel(channel).Presence() {
			return true
		}
	}
	return false
}

// watch has a connection looked at from now on.
func (c *Channels) watch(ctx context.Context, s stream.Session, at time.Time) error {
	_, err := c.connections.Call(ctx, "UpdateItem", table.Parameters{
		"Key": aliveKey(s.Connection), "UpdateExpression": "SET ap = :app, hd = :at, expiresAt = :expires",
		"ExpressionAttributeValues": table.Item{{":app", table.Text(s.App)}, {":at", table.Number(at.UnixMilli())}, {":expires", epoch(c.now().Add(stays))}},
	})
	return err
}

// unwatch ends that. The row is of no use without the connection's, and is not missed if it is gone.
func (c *Channels) unwatch(ctx context.Context, s pusher.Session) error {
	if !watched(s) {
		return nil // one that was left over is removed when the connection is found silent
	}
	_, err := c.connections.Call(ctx, "DeleteItem", table.Parameters{"Key": aliveKey(s.Connection)})
	return err
}

// Heard implements pusher.Connections.
func (c *Channels) Heard(ctx context.Context, connection stream.Connection, at time.Time) error {
	s, err := c.rows.AppSession(ctx, connection)
	if err != nil || !watched(s) {
		return err
	}
	_, err = c.connections.Call(ctx, "UpdateItem", table.Parameters{
		"Key": aliveKey(connection), "UpdateExpression": "SET hd = :at", "ConditionExpression": "hd < :at",
		"ExpressionAttributeValues": table.Item{{":at", table.Number(at.UnixMilli())}},
	})
	return table.UnlessConflict(err) // a later word is known
}
