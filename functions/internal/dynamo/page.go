package dynamo

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/table"
)

// Page returns the next listeners of the topic in the slice, see publish.Slices, as Listeners would have
// given them. It reads atMost rows, so it may find fewer, or none, where there are more to come. A read
// for each 4 KB, which some forty rows have; of EveryoneTopic also one for each account with ids.
func (s *Slices) Page(ctx context.Context, topic stream.Topic, segment stream.Segment, slice int, after string, atMost int) (found []stream.Listener, next string, err error) {
	if topic.IsEveryone() {
		return s.everyonePage(ctx, slice, after, atMost)
	}
	in := table.Parameters{
		"KeyConditionExpression":    "pk = :pk AND sk BETWEEN :from AND :to",
		"ExpressionAttributeValues": append(rangeOf(topic, slice), table.Field{":pk", table.Text(string(segment))}),
		"ConsistentRead":            true, "Limit": atMost,
	}
	if after != "" {
		in["ExclusiveStartKey"] = keyOf(string(segment), after)
	}
	got, err := s.c.table.Call(ctx, "Query", in)
	return s.c.mappings(got.Rows), got.More.Get("sk").Text, err
}

// rangeOf is where the sort keys of the slice's mappings are: they begin with the hash, whose first digit
// says the slice.
func rangeOf(topic stream.Topic, slice int) table.Item {
	digits := stream.Slices / topic.Slices()
	return table.Item{
		{":from", table.Text(fmt.Sprintf("%x", slice*digits))},
		{":to", table.Text(fmt.Sprintf("%x~", (slice+1)*digits-1))}, // behind every digit
	}
}

// everyonePage reads connections by the time at which they were made, which moves on meanwhile.
func (s *Slices) everyonePage(ctx context.Context, slice int, after string, atMost int) (found []stream.Listener, next string, err error) {
	got, err := s.c.table.Call(ctx, "Query", table.Parameters{
		"KeyConditionExpression":    "pk = :pk AND sk > :after",
		"ExpressionAttributeValues": table.Item{{":pk", table.Text(connectionPartition(uint32(slice)))}, {":after", table.Text(max(after, s.c.oldest()))}},
		"ConsistentRead":            true, "Limit": atMost,
	})
	if err != nil {
		return nil, "", err
	}
	found = userListeners(got.Rows)
	return found, got.More.Get("sk").Text, s.c.findReplaying(ctx, found)
}

// Count is how many listen to the topic, a connection that subscribes to several of its streams as often. A
// read for each 4 KB of mappings; none is transferred.
func (s *Slices) Count(ctx context.Context, topic stream.Topic) (n int, err error) {
	if topic.IsAccount() {
		found, err := s.c.Listeners(ctx, []stream.Topic{topic})
		return len(found[topic].Listeners), err
	}
	queries := s.counts(topic)
	counted := make([]int, len(queries))
	g, each := errgroup.WithContext(ctx)
	g.SetLimit(readsAtOnce)
	for i, in := range queries {
		g.Go(func() (err error) {
			counted[i], err = s.count(each, in)
			return err
		})
	}
	err = g.Wait()
	for _, of := range counted {
		n += of
	}
	return n, err
}

// counts are the queries, one for each key, that select the topic's listeners.
func (s *Slices) counts(topic stream.Topic) (queries []table.Parameters) {
	if topic.IsEveryone() {
		for n := range uint32(connectionKeys) {
			queries = append(queries, table.Parameters{
				"KeyConditionExpression":    "pk = :pk AND sk > :since",
				"FilterExpression":          "attribute_exists(s.#user) AND attribute_not_exists(s.#user.off)",
				"ExpressionAttributeNames":  map[string]string{"#user": string(stream.User)},
				"ExpressionAttributeValues": table.Item{{":pk", table.Text(connectionPartition(n))}, {":since", table.Text(s.c.oldest())}},
			})
		}
		return queries
	}
	for _, pk := range topicPartitions(topic) {
		if len(pk) > table.MaxPartitionKey {
			continue
		}
		queries = append(queries, table.Parameters{
			"KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last",
			"FilterExpression":       "attribute_not_exists(off) AND (attribute_not_exists(expiresAt) OR expiresAt > :now)",
			"ExpressionAttributeValues": table.Item{
				{":pk", table.Text(pk)}, {":first", table.Text("0")}, {":last", table.Text("g")}, {":now", table.Number(s.c.now().Unix())},
			},
		})
	}
	return queries
}

func (s *Slices) count(ctx context.Context, in table.Parameters) (n int, err error) {
	in["Select"], in["ConsistentRead"] = "COUNT", true
	for {
		got, err := s.c.table.Call(ctx, "Query", in)
		if err != nil {
			return n, err
		}
		n += got.Count
		if len(got.More) == 0 {
			return n, nil
		}
		in["ExclusiveStartKey"] = got.More
	}
}
