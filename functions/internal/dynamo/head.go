package dynamo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/table"
)

const (
	// A head is good for headFor, and is renewed when it has headAtLeast left or less: so it
	// outlives a connection that began with it, and is not written again within two hours.
	headFor     = 5 * time.Hour
	headAtLeast = 2*time.Hour + 30*time.Minute
	// clocks is by how much the clock of a publisher may be ahead: it may have stopped keeping a
	// log that much before the head's end.
	clocks = time.Minute
)

// head says that a topic is kept, and since and until when, in milliseconds. The zero head does not.
type head struct{ since, until int64 }

// readHead reads the head of an account's row, or of a row of its own.
func readHead(row table.Item) (h head) {
	k := row.Get("k").Fields
	h.since, _ = k.Get("s").Int()
	h.until, _ = k.Get("u").Int()
	return h
}

func (h head) live(now time.Time) bool { return now.UnixMilli() < h.until }

// headKey is the row that has the topic's head: one that a look-up of the topic reads anyway.
func headKey(topic stream.Topic) table.Item {
	if topic.IsAccount() {
		return accountKey(topic.ID)
	}
	return keyOf(topicPartitions(topic)[0], headSort)
}

// headSort is the sort key of heads. Those of mappings begin with a hash in hexadecimal.
const headSort = "!head"

// kept reports whether one of the rows is a live head.
func (c *Connections) kept(rows []table.Item) bool {
	for _, row := range rows {
		if row.Get("sk").Text == headSort {
			return readHead(row).live(c.now())
		}
	}
	return false
}

// Keep has the events of the topics logged from now on, for as long as a connection can live and
// longer, and returns since when they all have been: now, if one of them was not. It reads every
// topic's head, and writes a topic's head at most once in two hours. Whoever looks up a topic's
// audience after Keep has returned finds it Kept.
func (c *Connections) Keep(ctx context.Context, topics []stream.Topic) (since time.Time, err error) {
	if len(topics) == 0 {
		return time.Time{}, nil
	}
	heads := make([]head, len(topics))
	tasks := make([]func(context.Context) error, len(topics))
	for i, topic := range topics {
		tasks[i] = func(ctx context.Context) (err error) {
			heads[i], err = c.keep(ctx, headKey(topic))
			return err
		}
	}
	if err := table.Parallel(ctx, tasks); err != nil {
		return time.Time{}, fmt.Errorf("keep: %w", err)
	}
	for _, h := range heads {
		if at := time.UnixMilli(h.since).UTC(); at.After(since) {
			since = at
		}
	}
	return since, nil
}

// keep renews one head. What it reads may be old: a head that is there only grows.
func (c *Connections) keep(ctx context.Context, key table.Item) (head, error) {
	got, err := c.table.Call(ctx, "GetItem", table.Parameters{"Key": key, "ProjectionExpression": "k"})
	if err != nil {
		return head{}, err
	}
	row := got.Row
	for range table.Rounds {
		was, now := readHead(row), c.now()
		if was.live(now.Add(headAtLeast)) {
			return was, nil
		}
		next := head{since: now.UnixMilli(), until: now.Add(headFor).UnixMilli()}
		if was.live(now.Add(clocks)) {
			next.since = was.since
		}
		err = c.putHead(ctx, key, was, next)
		var lost *table.Conflict
		if !errors.As(err, &lost) {
			return next, err
		}
		row = lost.Row
	}
	return head{}, table.ErrContention
}

// putHead writes a head if the one before is as it was seen.
func (c *Connections) putHead(ctx context.Context, key table.Item, was, next head) error {
	condition, values := "attribute_not_exists(k)", table.Item{
		{":k", table.Map(table.Item{{"s", table.Number(next.since)}, {"u", table.Number(next.until)}})}, {":expires", c.accountExpires()},
	}
	if was != (head{}) {
		condition, values = "k.u = :until", append(values, table.Field{":until", table.Number(was.until)})
	}
	_, err := c.table.Call(ctx, "UpdateItem", table.Parameters{
		"Key":                                 key,
		"UpdateExpression":                    "SET k = :k, expiresAt = :expires",
		"ConditionExpression":                 condition,
		"ExpressionAttributeValues":           values,
		"ReturnValuesOnConditionCheckFailure": "ALL_OLD",
	})
	return err
}
