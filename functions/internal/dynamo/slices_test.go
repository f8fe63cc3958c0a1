package dynamo

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/table"
)

const catSegment = stream.Segment("topic#hashtag/cats")

// openOf fails unless the slices of the event are open, and no others.
func (s *Slices) openOf(t testing.TB, segment stream.Segment, event string, want ...int) {
	t.Helper()
	var open []int
	for slice := range stream.Slices {
		if _, is, err := s.Reached(t.Context(), segment, event, slice); err != nil {
			t.Fatal(err)
		} else if is {
			open = append(open, slice)
		}
	}
	if fmt.Sprint(open) != fmt.Sprint(want) {
		t.Errorf("%s of %s: slices %v are open, want %v", event, segment, open, want)
	}
}

func TestWhatIsOpenEndsByItself(t *testing.T) {
	c := newConnections(t, Limits{})
	now := time.Now()
	c.now = func() time.Time { return now }
	s, owners := c.Slices(), []string{"1"}
	for _, segment := range []stream.Segment{catSegment, s.OwnerSegment("1")} {
		if err := s.Open(t.Context(), segment, "a", []int{1, 2}); err != nil {
			t.Fatal(err)
		}
	}
	check := func(open bool) {
		t.Helper()
		if a := c.CutFrom(5).wide(t, tag("cats").Topic("")); (len(a.Wide) == 1) != open {
			t.Errorf("wide %q", a.Wide)
		}
		if got, err := s.Opened(t.Context(), owners); err != nil || got["1"] != open {
			t.Errorf("%v, %v", got, err)
		}
	}
	now = now.Add(openFor - 2*time.Second)
	check(true)
	now = now.Add(3 * time.Second)
	check(false)
	s.openOf(t, catSegment, "a")
	if err := s.Open(t.Context(), catSegment, "a", []int{1, 2}); err != nil {
		t.Fatal(err)
	}
	s.openOf(t, catSegment, "a", 1, 2)
}

// halfClosed is a segment with an event whose last Close died before it removed anything.
func halfClosed(t *testing.T, c *Connections) (*Slices, stream.Segment) {
	t.Helper()
	s := c.Slices()
	segment := s.OwnerSegment("1")
	if err := s.Open(t.Context(), segment, "a", []int{1}); err != nil {
		t.Fatal(err)
	}
	if err := s.close(t.Context(), openKey(segment, "a"), []string{sliceName(1)}); err != nil {
		t.Fatal(err)
	}
	return s, segment
}

func TestWhatACloseHasLeftIsRemovedByTheNextWhoLooks(t *testing.T) {
	for name, look := range map[string]func(*Slices, stream.Segment) error{
		"Close": func(s *Slices, segment stream.Segment) error { return s.Close(t.Context(), segment, "a", 1) },
		"Reached": func(s *Slices, segment stream.Segment) error {
			_, _, err := s.Reached(t.Context(), segment, "a", 1)
			return err
		},
		"Open": func(s *Slices, segment stream.Segment) error { return s.Open(t.Context(), segment, "a", []int{1}) },
	} {
		c := newConnections(t, Limits{})
		s, segment := halfClosed(t, c)
		if open, err := s.Opened(t.Context(), []string{"1"}); err != nil || !open["1"] {
			t.Fatalf("%v, %v", open, err)
		}
		if err := look(s, segment); err != nil {
			t.Fatal(err)
		}
		if open, err := s.Opened(t.Context(), []string{"1"}); err != nil || open["1"] {
			t.Errorf("%s: %v, %v", name, open, err)
		}
		if row := c.rowOf(t, openKey(segment, "a")); row != nil {
			t.Errorf("%s: there still is %v", name, row)
		}
		s.openOf(t, segment, "a")
	}
}

func TestNothingIsLeftInTheSegmentOfWhatIsClosed(t *testing.T) {
	c := newConnections(t, Limits{})
	s := c.Slices()
	for range 2 {
		if err := s.Open(t.Context(), catSegment, "a", []int{1, 2}); err != nil {
			t.Fatal(err)
		}
		for _, slice := range []int{1, 2} {
			if err := s.Close(t.Context(), catSegment, "a", slice); err != nil {
				t.Fatal(err)
			}
		}
		if row := c.rowOf(t, openKey(catSegment, "a")); row != nil {
			t.Errorf("there still is %v", row)
		}
	}
	if at := table.Seconds(c.rowOf(t, closedKey(catSegment, "a")).Get("expiresAt")); time.Until(at) > openFor || time.Until(at) < openFor-time.Minute {
		t.Errorf("what is closed is remembered until %v", at)
	}
}

func TestLongNamesHaveRows(t *testing.T) {
	c := newConnections(t, Limits{})
	s, long := c.Slices(), strings.Repeat("ü", 600)
	segment := s.OwnerSegment(strings.Repeat("o", table.MaxPartitionKey))
	for _, event := range []string{long, long + "1"} {
		if err := s.Open(t.Context(), segment, event, []int{1}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(t.Context(), segment, long, 1); err != nil {
		t.Fatal(err)
	}
	s.openOf(t, segment, long)
	s.openOf(t, segment, long+"1", 1)
	if len(s.OwnerSegment(strings.Repeat("o", 2000))) < 2000 {
		t.Error("an owner that fits stands for another one")
	}
}

func TestAnOwnerWithVeryManyOpenEventsIsOpen(t *testing.T) {
	c := newConnections(t, Limits{})
	s := c.Slices()
	segment := s.OwnerSegment("1")
	full := table.Item{{"n", table.Number(maxListed)}, {"@x", table.Number(time.Now().Add(-time.Hour).UnixMilli())}}
	if err := c.table.Put(t.Context(), append(listKey(segment), full...)); err != nil {
		t.Fatal(err)
	}
	owners := []string{"1"}
	if open, err := s.Opened(t.Context(), owners); err != nil || open["1"] {
		t.Errorf("%v, %v", open, err)
	}
	if err := s.Open(t.Context(), segment, "a", []int{1}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(t.Context(), segment, "a", 1); err != nil {
		t.Fatal(err)
	}
	if open, err := s.Opened(t.Context(), owners); err != nil || !open["1"] {
		t.Errorf("%v, %v", open, err)
	}
	c.now = func() time.Time { return time.Now().Add(openFor + time.Second) }
	if open, err := s.Opened(t.Context(), owners); err != nil || open["1"] {
		t.Errorf("after all have ended: %v, %v", open, err)
	}
}
