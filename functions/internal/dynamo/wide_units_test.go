package dynamo

import (
	"fmt"
	"testing"
	"time"

	"edgestream/functions/internal/stream"
)

// TestWhatAWideTopicCosts pins the price of an event that goes through the queue: of the look-up, of what
// is open, and of who listens.
func TestWhatAWideTopicCosts(t *testing.T) {
	t.Setenv("DYNAMODB_ENDPOINT", "") // see TestWhatEachOperationCosts
	c, ctx := newConnections(t, Limits{}), t.Context()
	var m meter
	c.Meter(m.add)
	mapMany(t, c, 4000, tag("wide"))
	topic, s, cut := tag("wide").Topic(""), c.Slices(), c.CutFrom(500)
	m.spends(t, "look up 4,000 listeners", 1, 12, 0, func() error { _, err := cut.audience(ctx, topic); return err })
	segment := cut.wide(t, topic).Wide[0]
	everySlice := make([]int, stream.Slices)
	for i := range everySlice {
		everySlice[i] = i
	}
	m.spends(t, "open", 2, 1, 1, func() error { return s.Open(ctx, segment, "1", everySlice) })
	m.spends(t, "open again", 1, 0, 1, func() error { return s.Open(ctx, segment, "1", everySlice) })
	m.spends(t, "reached", 1, 1, 0, func() error { _, _, err := s.Reached(ctx, segment, "1", 0); return err })
	var next string
	m.spends(t, "page of 100", 1, 3, 0, func() (err error) { _, next, err = s.Page(ctx, topic, segment, 0, "", 100); return err })
	m.spends(t, "the rest of the slice", 1, 4, 0, func() (err error) { _, next, err = s.Page(ctx, topic, segment, 0, next, 1000); return err })
	for slice := range everySlice {
		m.spends(t, "advance", 1, 0, 1, func() error { return s.Advance(ctx, segment, "1", slice, "0fff#PJqB0fHsqR00000=#hashtag#wide") })
	}
	for slice := range everySlice[1:] {
		m.spends(t, "close", 1, 0, 1, func() error { return s.Close(ctx, segment, "1", slice) })
	}
	m.spends(t, "close the last slice", 3, 0, 3, func() error { return s.Close(ctx, segment, "1", stream.Slices-1) })
	m.spends(t, "reached what is closed", 1, 1, 0, func() error { _, _, err := s.Reached(ctx, segment, "1", 0); return err })
	m.spends(t, "count", 1, 89, 0, func() error { _, err := s.Count(ctx, topic); return err })
}

// TestWhatAnOwnersAccountsCost pins the price of an event to more accounts than are looked up at once.
func TestWhatAnOwnersAccountsCost(t *testing.T) {
	t.Setenv("DYNAMODB_ENDPOINT", "")
	c, ctx := newConnections(t, Limits{}), t.Context()
	var m meter
	c.Meter(m.add)
	s, owners := c.Slices(), make([]string, 100)
	for i := range owners {
		owners[i] = fmt.Sprint(i)
	}
	m.spends(t, "100 owners, nothing open", 1, 100, 0, func() error { _, err := s.Opened(ctx, owners); return err })
	segment := s.OwnerSegment("7")
	m.spends(t, "open", 3, 1, 2, func() error { return s.Open(ctx, segment, "1", []int{0, 1}) })
	m.spends(t, "100 owners, one open", 1, 100, 0, func() error { _, err := s.Opened(ctx, owners); return err })
	m.spends(t, "close", 1, 0, 1, func() error { return s.Close(ctx, segment, "1", 0) })
	m.spends(t, "close the last", 4, 0, 4, func() error { return s.Close(ctx, segment, "1", 1) })
}

// TestWhatAReservationCosts pins the price of the budget.
func TestWhatAReservationCosts(t *testing.T) {
	t.Setenv("DYNAMODB_ENDPOINT", "")
	p, clock := pacer(t, 5000)
	var m meter
	p.Meter(m.add)
	reserve := func() error { _, _, err := p.Reserve(t.Context(), 1000); return err }
	m.spends(t, "the first", 2, 0, 1, reserve) // and one whose condition failed, which is not reported
	m.spends(t, "the next", 1, 0, 1, reserve)
	*clock = clock.Add(time.Second)
	m.spends(t, "the first in a while", 2, 0, 1, reserve)
}
