package dynamo

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"edgestream/functions/internal/awscall"
	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/table"
)

const (
	slotPartition = "reader"
	// slotMargin is how long a slot is held after its reader must have ended.
	slotMargin = time.Minute
	// slotRounds is how often all the slots are looked at before they count as taken.
	slotRounds = 3
)

// Slots bounds how many responses of server-sent events are written at a time: each holds one
// execution of the function. A slot is a row that says until when it is held, so that one that was
// not given back is free again by itself. It is safe for concurrent use.
type Slots struct {
	table table.Table
	max   int
	now   func() time.Time
}

// NewSlots uses the Connections table, which has this name. At most max readers hold a slot.
func NewSlots(client *awscall.Client, name string, max int) *Slots {
	return &Slots{table: table.New(client, name), max: max, now: time.Now}
}

// Take takes a slot for the reader, until a minute after its end. stream.ErrTooManyReaders: there is
// none. With few readers it is one write: a slot is tried by chance before any is looked at.
func (s *Slots) Take(ctx context.Context, r stream.Reader) (slot int, err error) {
	if s.max == 0 {
		return 0, stream.ErrTooManyReaders
	}
	slot = rand.IntN(s.max)
	if taken, err := s.try(ctx, slot, r); taken || err != nil {
		return slot, err
	}
	for range slotRounds {
		free, err := s.free(ctx)
		if err != nil {
			return 0, err
		}
		for _, slot := range free {
			if taken, err := s.try(ctx, slot, r); taken || err != nil {
				return slot, err
			}
		}
		if len(free) == 0 {
			break
		}
	}
	return 0, stream.ErrTooManyReaders
}

// Free gives a slot back that the reader holds.
func (s *Slots) Free(ctx context.Context, slot int, r stream.Reader) error {
	_, err := s.table.Call(ctx, "DeleteItem", table.Parameters{
		"Key": slotKey(slot), "ConditionExpression": "o = :o", "ExpressionAttributeValues": table.Item{{":o", table.Text(r.ID)}},
	})
	return table.UnlessConflict(err)
}

func slotKey(slot int) table.Item { return keyOf(slotPartition, fmt.Sprintf("%06d", slot)) }

// try is also true for a slot that the reader holds already: the same call, whose answer was lost.
func (s *Slots) try(ctx context.Context, slot int, r stream.Reader) (bool, error) {
	until := r.Until.Add(slotMargin)
	_, err := s.table.Call(ctx, "PutItem", table.Parameters{
		"Item":                append(slotKey(slot), table.Field{"o", table.Text(r.ID)}, table.Field{"u", table.Number(until.UnixMilli())}, table.Expires(until)),
		"ConditionExpression": "attribute_not_exists(pk) OR u < :now OR o = :o",
		"ExpressionAttributeValues": table.Item{
			{":now", table.Number(s.now().UnixMilli())}, {":o", table.Text(r.ID)},
		},
	})
	var held *table.Conflict
	if errors.As(err, &held) {
		return false, nil
	}
	return err == nil, err
}

// free are the slots that nobody holds, in random order: those who look at the same time should
// not all try the same one first.
func (s *Slots) free(ctx context.Context) (slots []int, err error) {
	held, err := s.held(ctx)
	if err != nil {
		return nil, err
	}
	for _, slot := range rand.Perm(s.max) {
		if !held[slotKey(slot).Get("sk").Text] {
			slots = append(slots, slot)
		}
	}
	return slots, nil
}

// held are the sort keys of the slots that are held.
func (s *Slots) held(ctx context.Context) (map[string]bool, error) {
	held, now := map[string]bool{}, s.now().UnixMilli()
	in := table.Parameters{
		"KeyConditionExpression":    "pk = :pk",
		"ExpressionAttributeValues": table.Item{{":pk", table.Text(slotPartition)}},
		"ConsistentRead":            true, "ProjectionExpression": "sk, u",
	}
	for {
		got, err := s.table.Call(ctx, "Query", in)
		if err != nil {
			return nil, err
		}
		for _, row := range got.Rows {
			if until, _ := row.Get("u").Int(); until >= now {
				held[row.Get("sk").Text] = true
			}
		}
		if got.More == nil {
			return held, nil
		}
		in["ExclusiveStartKey"] = got.More
	}
}
