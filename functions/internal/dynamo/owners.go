package dynamo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"

	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/table"
)

// The accounts of an owner's changes have no partition that is looked up anyway. So there is one row for
// each owner that lists the events that are open, with the time until which they may be. Its size is
// bounded: an owner with very many is taken for open until the last of them would have ended.

const (
	ownerPrefix = "owner#"
	listSort    = "!open"
	// maxListed is how many open events an owner's row lists: some 20 KB.
	maxListed = 400
)

// OwnerSegment is the segment of the accounts that an owner's changes go to.
func (*Slices) OwnerSegment(owner string) stream.Segment {
	if len(ownerPrefix+owner) > table.MaxPartitionKey {
		owner = digest(owner)
	}
	return stream.Segment(ownerPrefix + owner)
}

// Segment is the segment in which the connection is found under the topic, which is not an account's.
func (*Slices) Segment(topic stream.Topic, connection string) stream.Segment {
	return stream.Segment(mappingPartition(topic, connection))
}

func isOwners(s stream.Segment) bool { return strings.HasPrefix(string(s), ownerPrefix) }

// digest stands for a text that may be long.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:16])
}

func listKey(s stream.Segment) table.Item { return keyOf(string(s), listSort) }

func listName(event string) string { return "@" + digest(event) }

// Opened reports which of the owners' segments have something under way. With an error, the owners that
// are in the map were read. One read for each owner, a hundred in a call.
func (s *Slices) Opened(ctx context.Context, owners []string) (map[string]bool, error) {
	open, bySegment := map[string]bool{}, map[string][]string{}
	var keys []table.Item
	for _, owner := range owners {
		segment := s.OwnerSegment(owner)
		if bySegment[string(segment)] == nil {
			keys = append(keys, listKey(segment))
		}
		bySegment[string(segment)] = append(bySegment[string(segment)], owner)
	}
	for batch := range slices.Chunk(keys, table.ReadsPerBatch) {
		listed := map[string]bool{}
		err := s.c.table.BatchGet(ctx, batch, func(row table.Item) { listed[row.Get("pk").Text] = listsOpen(row, s.c.now()) })
		if err != nil {
			return open, err
		}
		for _, key := range batch {
			segment := key.Get("pk").Text
			for _, owner := range bySegment[segment] {
				open[owner] = listed[segment]
			}
		}
	}
	return open, nil
}

// listsOpen reports whether an event may be open still, or more than are listed.
func listsOpen(row table.Item, now time.Time) bool {
	return slices.ContainsFunc(row, func(f table.Field) bool {
		until, ok := f.Int()
		return ok && (f.Name == "u" || strings.HasPrefix(f.Name, "@")) && until > now.UnixMilli()
	})
}

// list adds an event to those that are open of an owner. Other segments have no list.
func (s *Slices) list(ctx context.Context, segment stream.Segment, event string) error {
	if !isOwners(segment) {
		return nil
	}
	_, err := s.c.table.Call(ctx, "UpdateItem", table.Parameters{
		"Key":                      listKey(segment),
		"UpdateExpression":         "SET #e = :until, n = if_not_exists(n, :zero) + :one, expiresAt = :expires",
		"ConditionExpression":      "attribute_not_exists(#e) AND (attribute_not_exists(n) OR n < :most)",
		"ExpressionAttributeNames": map[string]string{"#e": listName(event)},
		"ExpressionAttributeValues": append(s.listed(),
			table.Field{":zero", table.Number(0)}, table.Field{":one", table.Number(1)}, table.Field{":most", table.Number(maxListed)}),
		"ReturnValuesOnConditionCheckFailure": "ALL_OLD",
	})
	var lost *table.Conflict
	if !errors.As(err, &lost) || lost.Row.Get(listName(event)).Given() {
		return table.UnlessConflict(err)
	}
	_, err = s.c.table.Call(ctx, "UpdateItem", table.Parameters{
		"Key": listKey(segment), "UpdateExpression": "SET u = :until, expiresAt = :expires", "ExpressionAttributeValues": s.listed(),
	})
	return err
}

func (s *Slices) listed() table.Item {
	return table.Item{{":until", table.Number(s.c.now().Add(openFor).UnixMilli())}, {":expires", s.openUntil()}}
}

// unlist removes what list has added.
func (s *Slices) unlist(ctx context.Context, segment stream.Segment, event string) error {
	if !isOwners(segment) {
		return nil
	}
	_, err := s.c.table.Call(ctx, "UpdateItem", table.Parameters{
		"Key": listKey(segment), "UpdateExpression": "REMOVE #e SET n = n - :one", "ConditionExpression": "attribute_exists(#e)",
		"ExpressionAttributeNames":  map[string]string{"#e": listName(event)},
		"ExpressionAttributeValues": table.Item{{":one", table.Number(1)}},
	})
	return table.UnlessConflict(err)
}
