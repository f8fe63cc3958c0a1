package dynamo

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/table"
)

// readsAtOnce bounds the requests of one call to Listeners that are in flight together.
const readsAtOnce = 16

// Listeners finds who listens to each of the topics, as of now: every subscription that was made
// before the call is there. Whether a topic is kept is known from the same reads, see Keep. Topics
// that are not kept and have no listeners are left out; the order of listeners is that of their
// connections' hashes. Accounts are read a hundred at a time, so that a status to 10,000 followers
// costs 100 requests. EveryoneTopic reads every open connection, and the account's row of those
// with ids, which alone knows whether the user stream is being replayed. Wide segments are left out,
// see CutFrom.
//
// With an error, the topics that could be read are there, also those without listeners, and the
// others are not: what one throttled key holds up is not held up for all.
func (c *Connections) Listeners(ctx context.Context, topics []stream.Topic) (map[stream.Topic]stream.Audience, error) {
	topics = distinct(topics)
	found := gathering{byTopic: map[stream.Topic]stream.Audience{}, failed: map[stream.Topic]bool{}, cut: c.cut, out: map[stream.Topic]int{}}
	var g errgroup.Group
	g.SetLimit(readsAtOnce)
	for _, r := range c.reads(topics, &found) {
		g.Go(func() error {
			if err := r.run(ctx); err != nil {
				found.fail(r.topics, err)
			}
			return nil
		})
	}
	_ = g.Wait() // the errors are gathered: none of them ends the other reads
	return found.result(topics)
}

// read is one of the requests, or chains of requests, that a look-up consists of.
type read struct {
	topics []stream.Topic
	run    func(context.Context) error
}

func (c *Connections) reads(topics []stream.Topic, found *gathering) (all []read) {
	var accounts []stream.Topic
	for _, topic := range topics {
		switch {
		case topic.IsEveryone():
			all = append(all, c.everyone(topic, found)...)
		case !topic.IsAccount():
			all = append(all, c.topic(topic, found)...)
		case table.Fits(accountKey(topic.ID)):
			accounts = append(accounts, topic)
		}
	}
	for batch := range slices.Chunk(accounts, table.ReadsPerBatch) {
		all = append(all, read{batch, func(ctx context.Context) error { return c.accounts(ctx, batch, found) }})
	}
	return all
}

func distinct(topics []stream.Topic) []stream.Topic {
	seen := make(map[stream.Topic]bool, len(topics))
	return slices.DeleteFunc(slices.Clone(topics), func(t stream.Topic) bool {
		again := seen[t] || t == stream.Topic{}
		seen[t] = true
		return again
	})
}

// accounts reads the rows of up to a hundred accounts.
func (c *Connections) accounts(ctx context.Context, topics []stream.Topic, found *gathering) error {
	keys := make([]table.Item, len(topics))
	for i, topic := range topics {
		keys[i] = accountKey(topic.ID)
	}
	return c.table.BatchGet(ctx, keys, func(row table.Item) {
		account := accountOf(row)
		found.add(stream.AccountTopic(account), c.accountListeners(account, row), readHead(row).live(c.now()))
	})
}

// topic reads the mappings of a topic, one read for each key that they are spread over.
func (c *Connections) topic(topic stream.Topic, found *gathering) (reads []read) {
	for _, pk := range topicPartitions(topic) {
		if len(pk) > table.MaxPartitionKey {
			continue // nobody can have subscribed to it
		}
		reads = append(reads, read{[]stream.Topic{topic}, func(ctx context.Context) error {
			return c.segment(ctx, topic, pk, found)
		}})
	}
	return reads
}

func (c *Connections) mappings(rows []table.Item) (listeners []stream.Listener) {
	for _, row := range rows {
		if l, ok := c.mapped(row); ok {
			listeners = append(listeners, l)
		}
	}
	return listeners
}

// mapped is the listener of a mapping; false if the row is a tombstone, too old or no mapping.
func (c *Connections) mapped(row table.Item) (stream.Listener, bool) {
	id, key, ok := splitMappingKey(row.Get("sk").Text)
	h := readHeld(key, row)
	if !ok || !h.on || c.expired(row) {
		return stream.Listener{}, false
	}
	connected := table.Millis(row.Get("c"))
	l := stream.Listener{
		Connection:   stream.Connection{ID: id, ConnectedAt: connected},
		Subscription: h.subscription(key),
		Account:      row.Get("a").Text,
		App:          row.Get("ap").Text,
		Opened:       openedAt(row, h.at, connected),
		Until:        table.Seconds(row.Get("u")),
		EventIDs:     row.Get("e").Flag,
		Viewer:       row.Get("f").Text,
		Replaying:    row.Get("g").Given(),
	}
	l.Since = beganAt(row.Get("g"), l.Connection)
	return l, true
}

// query calls page with pages of rows that the condition selects, of at most so many rows if that is
// not 0, until page has enough.
func (c *Connections) query(ctx context.Context, condition string, values table.Item, limit int, page func([]table.Item) (enough bool)) error {
	in := table.Parameters{"KeyConditionExpression": condition, "ExpressionAttributeValues": values, "ConsistentRead": true}
	if limit > 0 {
		in["Limit"] = limit
	}
	for {
		got, err := c.table.Call(ctx, "Query", in)
		if err != nil || page(got.Rows) || len(got.More) == 0 {
			return err
		}
		in["ExclusiveStartKey"] = got.More
	}
}
