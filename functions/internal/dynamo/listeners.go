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

// together runs tasks side by side, a bounded number at a time, and returns the first error.
func together(ctx context.Context, tasks []func(context.Context) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(readsAtOnce)
	for _, task := range tasks {
		g.Go(func() error { return task(ctx) })
	}
	return g.Wait()
}

// Listeners finds who listens to each of the topics, as of now: every subscription that was made
// before the call is there. Topics without listeners are left out; the order of listeners is
// that of their connections' hashes. Accounts are read a hundred at a time, so that a status to
// 10,000 followers costs 100 requests. EveryoneTopic reads every open connection.
func (c *Connections) Listeners(ctx context.Context, topics []stream.Topic) (map[stream.Topic][]stream.Listener, error) {
	found := gathering{byTopic: map[stream.Topic][]stream.Listener{}}
	accounts, tasks := []string{}, []func(context.Context) error{}
	for _, topic := range distinct(topics) {
		switch {
		case topic.IsAccount():
			if fits(accountKey(topic.ID)) {
				accounts = append(accounts, topic.ID)
			}
		case topic.IsEveryone():
			tasks = append(tasks, c.everyone(topic, &found)...)
		default:
			tasks = append(tasks, c.topic(topic, &found)...)
		}
	}
	for batch := range slices.Chunk(accounts, readsPerBatch) {
		tasks = append(tasks, func(ctx context.Context) error { return c.accounts(ctx, batch, &found) })
	}
	if err := together(ctx, tasks); err != nil {
		return nil, err
	}
	return found.sorted(), nil
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
func (c *Connections) accounts(ctx context.Context, ids []string, found *gathering) error {
	keys := make([]item, len(ids))
	for i, id := range ids {
		keys[i] = accountKey(id)
	}
	return c.drain(ctx, keys, func(keys []item) ([]item, error) {
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

// topic reads the mappings of a topic, one task for each key that they are spread over.
func (c *Connections) topic(topic stream.Topic, found *gathering) (tasks []func(context.Context) error) {
	for _, pk := range topicPartitions(topic) {
		if len(pk) > maxPartitionKey {
			continue // nobody can have subscribed to it
		}
		tasks = append(tasks, func(ctx context.Context) error {
			return c.query(ctx, "pk = :pk", item{{":pk", text(pk)}}, func(rows []item) {
				found.add(topic, c.mappings(rows))
			})
		})
	}
	return tasks
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
			Young:        h.at <= connected.UnixMilli(),
			Until:        seconds(row.get("u")),
		})
	}
	return listeners
}

// everyone reads the connections that can be open, one task for each of their keys.
func (c *Connections) everyone(topic stream.Topic, found *gathering) (tasks []func(context.Context) error) {
	since := text(fmt.Sprintf("%013d", c.now().Add(-lifetime).UnixMilli()))
	for n := range uint32(connectionKeys) {
		values := item{{":pk", text(connectionPartition(n))}, {":since", since}}
		tasks = append(tasks, func(ctx context.Context) error {
			return c.query(ctx, "pk = :pk AND sk >= :since", values, func(rows []item) {
				found.add(topic, userListeners(rows))
			})
		})
	}
	return tasks
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
			Young:         h.at <= s.ConnectedAt.UnixMilli(),
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
