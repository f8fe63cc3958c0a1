package dynamo

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"edgestream/functions/internal/stream"
)

// readsAtOnce bounds the requests of one call to Listeners that are in flight together.
const readsAtOnce = 16

// Listeners finds who listens to each of the topics, as of now: every subscription that was made
// before the call is there. Topics without listeners are left out; the order of listeners is
// that of their connections' hashes. Accounts are read a hundred at a time, so that a status to
// 10,000 followers costs 100 requests. EveryoneTopic reads every open connection.
//
// With an error, the topics that could be read are there, also those without listeners, and the
// others are not: what one throttled key holds up is not held up for all.
func (c *Connections) Listeners(ctx context.Context, topics []stream.Topic) (map[stream.Topic][]stream.Listener, error) {
	topics = distinct(topics)
	found := gathering{byTopic: map[stream.Topic][]stream.Listener{}, failed: map[stream.Topic]bool{}}
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
		case fits(accountKey(topic.ID)):
			accounts = append(accounts, topic)
		}
	}
	for batch := range slices.Chunk(accounts, readsPerBatch) {
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

// gathering collects listeners from several requests at once.
type gathering struct {
	mu      sync.Mutex
	byTopic map[stream.Topic][]stream.Listener
	failed  map[stream.Topic]bool
	errs    []error
}

func (g *gathering) fail(topics []stream.Topic, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.errs = append(g.errs, err)
	for _, topic := range topics {
		g.failed[topic] = true
	}
}

// result is what was found of the topics, and the first error.
func (g *gathering) result(topics []stream.Topic) (map[stream.Topic][]stream.Listener, error) {
	if len(g.errs) == 0 {
		return g.sorted(), nil
	}
	for _, topic := range topics {
		if g.failed[topic] {
			delete(g.byTopic, topic)
		} else if g.byTopic[topic] == nil {
			g.byTopic[topic] = []stream.Listener{}
		}
	}
	return g.sorted(), fmt.Errorf("listeners of %d of %d topics: %w", len(g.failed), len(topics), g.errs[0])
}

func (g *gathering) add(topic stream.Topic, listeners []stream.Listener) {
	if len(listeners) == 0 {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.byTopic[topic] = append(g.byTopic[topic], listeners...)
}

// sorted puts each topic's listeners into an order that does not depend on which answer came first.
func (g *gathering) sorted() map[stream.Topic][]stream.Listener {
	for _, listeners := range g.byTopic {
		slices.SortFunc(listeners, func(a, b stream.Listener) int {
			if a.ID == b.ID {
				return cmp.Or(strings.Compare(string(a.Stream), string(b.Stream)), strings.Compare(a.Param, b.Param))
			}
			return cmp.Or(cmp.Compare(hashOf(a.ID), hashOf(b.ID)), strings.Compare(a.ID, b.ID))
		})
	}
	return g.byTopic
}

// accounts reads the rows of up to a hundred accounts.
func (c *Connections) accounts(ctx context.Context, topics []stream.Topic, found *gathering) error {
	keys := make([]item, len(topics))
	for i, topic := range topics {
		keys[i] = accountKey(topic.ID)
	}
	return drain(ctx, keys, func(keys []item) ([]item, error) {
		got, err := c.table.call(ctx, "BatchGetItem", parameters{
			"RequestItems": map[string]any{c.table.name: map[string]any{"Keys": keys, "ConsistentRead": true}},
		})
		for _, row := range got.rows {
			account := strings.TrimPrefix(row.get("pk").text, "account#")
			found.add(stream.AccountTopic(account), c.accountListeners(account, row))
		}
		return got.left, err
	})
}

// topic reads the mappings of a topic, one read for each key that they are spread over.
func (c *Connections) topic(topic stream.Topic, found *gathering) (reads []read) {
	for _, pk := range topicPartitions(topic) {
		if len(pk) > maxPartitionKey {
			continue // nobody can have subscribed to it
		}
		reads = append(reads, read{[]stream.Topic{topic}, func(ctx context.Context) error {
			return c.query(ctx, "pk = :pk", item{{":pk", text(pk)}}, func(rows []item) {
				found.add(topic, c.mappings(rows))
			})
		}})
	}
	return reads
}

func (c *Connections) mappings(rows []item) (listeners []stream.Listener) {
	for _, row := range rows {
		id, key, ok := splitMappingKey(row.get("sk").text)
		h := readHeld(key, row)
		if !ok || !h.on || c.expired(row) {
			continue
		}
		connected := millis(row.get("c"))
		listeners = append(listeners, stream.Listener{
			Connection:   stream.Connection{ID: id, ConnectedAt: connected},
			Subscription: h.subscription(key),
			Account:      row.get("a").text,
			Opened:       openedAt(row, h.at, connected),
			Until:        seconds(row.get("u")),
		})
	}
	return listeners
}

// everyone reads the connections that can be open, one read for each of their keys.
func (c *Connections) everyone(topic stream.Topic, found *gathering) (reads []read) {
	since := text(fmt.Sprintf("%013d", c.now().Add(-lifetime).UnixMilli()))
	for n := range uint32(connectionKeys) {
		values := item{{":pk", text(connectionPartition(n))}, {":since", since}}
		reads = append(reads, read{[]stream.Topic{topic}, func(ctx context.Context) error {
			return c.query(ctx, "pk = :pk AND sk >= :since", values, func(rows []item) {
				found.add(topic, userListeners(rows))
			})
		}})
	}
	return reads
}

func userListeners(rows []item) (listeners []stream.Listener) {
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
		})
	}
	return listeners
}

// query calls page with every page of rows that the condition selects.
func (c *Connections) query(ctx context.Context, condition string, values item, page func([]item)) error {
	in := parameters{"KeyConditionExpression": condition, "ExpressionAttributeValues": values, "ConsistentRead": true}
	for {
		got, err := c.table.call(ctx, "Query", in)
		if err != nil {
			return err
		}
		page(got.rows)
		if len(got.more) == 0 {
			return nil
		}
		in["ExclusiveStartKey"] = got.more
	}
}
