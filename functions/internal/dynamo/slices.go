package dynamo

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/table"
)

// openFor is how long something may be under way to a segment, from when it was opened: longer than the
// queue keeps it.
const openFor = 4 * time.Hour

// Slices is what is under way to wide segments, and their listeners, slice by slice. It is safe for
// concurrent use. What a call costs is said in reads of up to 4 KB, which are strongly consistent, and
// writes of up to 1 KB; an open row is larger where its slices got to long keys.
type Slices struct{ c *Connections }

// Slices are those of the table.
func (c *Connections) Slices() *Slices { return &Slices{c} }

// An open row stands in its segment's partition before everything but the head, so that whoever looks a
// topic up sees it first. For each slice it has the text where it got to, or false if it is closed: a
// slice that is closed stays so, whoever opens it again. The row is removed with its last slice. What
// it was is then known from another one, in a partition that nobody queries.

const openPrefix = "!wide#"

func openKey(s stream.Segment, event string) table.Item {
	if len(openPrefix+event) > table.MaxSortKey {
		event = digest(event)
	}
	return keyOf(string(s), openPrefix+event)
}

// closedKey is where it stands which slices of the event have been closed when there was none left.
func closedKey(s stream.Segment, event string) table.Item {
	return keyOf("closed#"+digest(string(s)+"\n"+event), "closed")
}

func sliceName(slice int) string { return fmt.Sprintf("s%d", slice) }

// closedIn are the names of the row's slices that are closed.
func closedIn(row table.Item) (names []string) {
	for _, f := range row {
		if f.Kind == table.IsBool {
			names = append(names, f.Name)
		}
	}
	return names
}

// anyOpen reports whether one of the row's slices is open.
func (c *Connections) anyOpen(row table.Item) bool {
	for slice := range stream.Slices {
		if row.Get(sliceName(slice)).Kind == table.IsString {
			return !c.expired(row)
		}
	}
	return false
}

// underWay reports whether one of the rows is an open one.
func (c *Connections) underWay(rows []table.Item) bool {
	for _, row := range rows {
		if strings.HasPrefix(row.Get("sk").Text, openPrefix) && c.anyOpen(row) {
			return true
		}
	}
	return false
}

// Open has look-ups of the segment find it wide until each of these slices of the event has been closed.
// What has been opened before stays as it is, also if it has been closed meanwhile. One write and one
// read, or one write if something of the event is open already; one write more for an owner's segment.
func (s *Slices) Open(ctx context.Context, segment stream.Segment, event string, slices []int) error {
	if len(slices) == 0 {
		return nil
	}
	if err := s.list(ctx, segment, event); err != nil {
		return err
	}
	sets := make([]string, len(slices))
	for i, slice := range slices {
		sets[i] = fmt.Sprintf("%[1]s = if_not_exists(%[1]s, :begin)", sliceName(slice))
	}
	got, err := s.c.table.Call(ctx, "UpdateItem", table.Parameters{
		"Key":                       openKey(segment, event),
		"UpdateExpression":          "SET expiresAt = :expires, " + strings.Join(sets, ", "),
		"ExpressionAttributeValues": table.Item{{":begin", table.Text("")}, {":expires", s.openUntil()}},
		"ReturnValues":              "ALL_OLD",
	})
	switch {
	case err != nil:
		return err
	case got.Row == nil:
		return s.recall(ctx, segment, event)
	case !s.c.anyOpen(got.Row): // whoever closed it may not have come to its end
		return s.settle(ctx, segment, event)
	}
	return nil
}

func (s *Slices) openUntil() table.Value { return table.Number(s.c.now().Add(openFor).Unix()) }

// recall closes those slices of a new row that an earlier one of the event had.
func (s *Slices) recall(ctx context.Context, segment stream.Segment, event string) error {
	got, err := s.c.table.Call(ctx, "GetItem", table.Parameters{"Key": closedKey(segment, event), "ConsistentRead": true})
	if err != nil || got.Row == nil {
		return err
	}
	if err := s.close(ctx, openKey(segment, event), closedIn(got.Row)); err != nil {
		return err
	}
	return s.settle(ctx, segment, event)
}

// close marks slices as closed, in a row that is made if there is none.
func (s *Slices) close(ctx context.Context, key table.Item, names []string) error {
	sets := ""
	for _, name := range names {
		sets += ", " + name + " = :closed"
	}
	_, err := s.c.table.Call(ctx, "UpdateItem", table.Parameters{
		"Key": key, "UpdateExpression": "SET expiresAt = if_not_exists(expiresAt, :expires)" + sets,
		"ExpressionAttributeValues": table.Item{{":closed", table.Flag(false)}, {":expires", s.openUntil()}},
	})
	return err
}

// Reached is how far a slice of the event has been delivered, see publish.Slices. Of a slice that is
// closed it ends what a Close may not have come to. One read.
func (s *Slices) Reached(ctx context.Context, segment stream.Segment, event string, slice int) (after string, open bool, err error) {
	got, err := s.c.table.Call(ctx, "GetItem", table.Parameters{"Key": openKey(segment, event), "ConsistentRead": true})
	switch {
	case err != nil || got.Row == nil:
		return "", false, err
	case !s.c.anyOpen(got.Row):
		return "", false, s.remove(ctx, segment, event, got.Row)
	}
	at := got.Row.Get(sliceName(slice))
	return at.Text, at.Kind == table.IsString, nil
}

// Advance has Reached return after, unless the slice is closed. One write.
func (s *Slices) Advance(ctx context.Context, segment stream.Segment, event string, slice int, after string) error {
	name := sliceName(slice)
	_, err := s.c.table.Call(ctx, "UpdateItem", table.Parameters{
		"Key": openKey(segment, event), "UpdateExpression": "SET " + name + " = :after",
		"ConditionExpression":       "attribute_type(" + name + ", :text)",
		"ExpressionAttributeValues": table.Item{{":after", table.Text(after)}, {":text", table.Text(string(table.IsString))}},
	})
	return table.UnlessConflict(err)
}

// Close says that the slice of the event has been delivered. What is not open may be closed. One write;
// for the last slice of an event two more, and for that of an owner three.
func (s *Slices) Close(ctx context.Context, segment stream.Segment, event string, slice int) error {
	name := sliceName(slice)
	got, err := s.c.table.Call(ctx, "UpdateItem", table.Parameters{
		"Key": openKey(segment, event), "UpdateExpression": "SET " + name + " = :closed",
		"ConditionExpression":       "attribute_exists(" + name + ")",
		"ExpressionAttributeValues": table.Item{{":closed", table.Flag(false)}},
		"ReturnValues":              "ALL_NEW",
	})
	var none *table.Conflict
	switch {
	case errors.As(err, &none):
		return nil
	case err != nil || s.c.anyOpen(got.Row):
		return err
	}
	return s.remove(ctx, segment, event, got.Row)
}

// settle removes the event's row if no slice of it is open.
func (s *Slices) settle(ctx context.Context, segment stream.Segment, event string) error {
	got, err := s.c.table.Call(ctx, "GetItem", table.Parameters{"Key": openKey(segment, event), "ConsistentRead": true})
	if err != nil || s.c.anyOpen(got.Row) {
		return err
	}
	return s.remove(ctx, segment, event, got.Row)
}

// remove removes a row with no open slice, in an order in which each step may be the last that is done.
func (s *Slices) remove(ctx context.Context, segment stream.Segment, event string, row table.Item) error {
	if names := closedIn(row); len(names) > 0 {
		if err := s.close(ctx, closedKey(segment, event), names); err != nil {
			return err
		}
	}
	if err := s.unlist(ctx, segment, event); err != nil {
		return err
	}
	conditions := make([]string, stream.Slices)
	for slice := range conditions {
		conditions[slice] = "NOT attribute_type(" + sliceName(slice) + ", :text)"
	}
	_, err := s.c.table.Call(ctx, "DeleteItem", table.Parameters{
		"Key": openKey(segment, event), "ConditionExpression": strings.Join(conditions, " AND "),
		"ExpressionAttributeValues": table.Item{{":text", table.Text(string(table.IsString))}},
	})
	return table.UnlessConflict(err)
}
