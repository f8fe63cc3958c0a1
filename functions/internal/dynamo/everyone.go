package dynamo

import (
	"context"
	"fmt"
	"slices"

	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/table"
)

// everyone reads the connections that can be open, one read for each of their keys, and the head.
func (c *Connections) everyone(topic stream.Topic, found *gathering) []read {
	reads := []read{{[]stream.Topic{topic}, func(ctx context.Context) error {
		return c.segment(ctx, topic, topicPartitions(topic)[0], found)
	}}}
	for n := range uint32(connectionKeys) {
		reads = append(reads, read{[]stream.Topic{topic}, func(ctx context.Context) error {
			return c.online(ctx, topic, n, found)
		}})
	}
	return reads
}

// online reads the connections of one key.
func (c *Connections) online(ctx context.Context, topic stream.Topic, n uint32, found *gathering) error {
	values := table.Item{{":pk", table.Text(connectionPartition(n))}, {":since", table.Text(c.oldest())}}
	most := c.most(topic)
	var listeners []stream.Listener
	err := c.query(ctx, "pk = :pk AND sk >= :since", values, limitOf(most), func(rows []table.Item) bool {
		listeners = append(listeners, userListeners(rows)...)
		if most > 0 && len(listeners) > most {
			found.leaveOut(topic, len(listeners), everyoneSegment)
		}
		return found.isOut(topic)
	})
	if err == nil && !found.isOut(topic) {
		err = c.findReplaying(ctx, listeners)
	}
	found.add(topic, listeners, false)
	return err
}

// oldest is before the sort keys of connections that can be open.
func (c *Connections) oldest() string {
	return fmt.Sprintf("%013d", c.now().Add(-lifetime).UnixMilli())
}

func userListeners(rows []table.Item) (listeners []stream.Listener) {
	for _, row := range rows {
		s, ok := connectionRow{row}.session()
		h, known := connectionRow{row}.held(string(stream.User))
		if !ok || !known || !h.on {
			continue
		}
		listeners = append(listeners, stream.Listener{
			Connection:    s.Connection,
			Subscription:  stream.Subscription{Stream: stream.User},
			Account:       s.Account,
			Notifications: s.Scopes.Notifications(),
			Opened:        openedAt(row, h.at, s.ConnectedAt),
			Until:         s.TokenExpires,
			EventIDs:      s.EventIDs,
			Viewer:        s.Viewer,
		})
	}
	return listeners
}

// findReplaying asks the accounts' rows which of the user listeners with ids are being replayed. A
// listener that its account's row does not have, because it is being made or has just gone, counts
// as replaying: Defer says what it is.
func (c *Connections) findReplaying(ctx context.Context, listeners []stream.Listener) error {
	byAccount := map[string][]*stream.Listener{}
	var keys []table.Item
	for i := range listeners {
		l := &listeners[i]
		if !l.EventIDs {
			continue
		}
		l.Replaying = true
		if byAccount[l.Account] == nil {
			keys = append(keys, accountKey(l.Account))
		}
		byAccount[l.Account] = append(byAccount[l.Account], l)
	}
	for batch := range slices.Chunk(keys, table.ReadsPerBatch) {
		err := c.table.BatchGet(ctx, batch, func(row table.Item) {
			for _, l := range byAccount[accountOf(row)] {
				l.Replaying = accountStanding(row, *l) != live
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}
