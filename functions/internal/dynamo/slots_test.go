package dynamo

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"edgestream/functions/internal/awscall"
	"edgestream/functions/internal/stream"
)

// clock is a time that tests set.
type clock struct{ ms atomic.Int64 }

func newClock() *clock {
	c := new(clock)
	c.ms.Store(time.Now().UnixMilli())
	return c
}

func (c *clock) now() time.Time                  { return time.UnixMilli(c.ms.Load()) }
func (c *clock) pass(d time.Duration)            { c.ms.Add(d.Milliseconds()) }
func (c *clock) after(d time.Duration) time.Time { return c.now().Add(d) }

func newSlots(t testing.TB, max int) (*Slots, *clock) {
	client, _, name := newTable(t, "pk", "sk")
	s, c := NewSlots(client, name, max), newClock()
	s.now = c.now
	return s, c
}

func reader(id string, until time.Time) stream.Reader {
	return stream.Reader{ID: id, Grant: stream.Grant{Account: "1"}, Log: stream.PublicTopic(), Until: until}
}

func TestSlotsAreTakenUpToTheirNumber(t *testing.T) {
	s, now := newSlots(t, 3)
	slots := map[int]bool{}
	for i := range 3 {
		slot, err := s.Take(t.Context(), reader(fmt.Sprint("r", i), now.after(time.Minute)))
		if err != nil || slot < 0 || slot > 2 || slots[slot] {
			t.Fatalf("slot %d: %v", slot, err)
		}
		slots[slot] = true
	}
	if _, err := s.Take(t.Context(), reader("late", now.after(time.Minute))); !errors.Is(err, stream.ErrTooManyReaders) {
		t.Errorf("a fourth of three: %v", err)
	}
}

func TestASlotIsFreeAgain(t *testing.T) {
	s, now := newSlots(t, 1)
	first := reader("first", now.after(time.Minute))
	slot, err := s.Take(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Free(t.Context(), slot, first); err != nil {
		t.Fatal(err)
	}
	second := reader("second", now.after(time.Minute))
	if _, err := s.Take(t.Context(), second); err != nil {
		t.Fatalf("given back, and still taken: %v", err)
	}
	if err := s.Free(t.Context(), slot, first); err != nil { // who frees twice frees nothing of another
		t.Error(err)
	}
	now.pass(time.Minute + slotMargin - time.Second)
	third := reader("third", now.after(time.Minute))
	if _, err := s.Take(t.Context(), third); !errors.Is(err, stream.ErrTooManyReaders) {
		t.Errorf("before the lease's end: %v", err)
	}
	now.pass(2 * time.Second)
	if _, err := s.Take(t.Context(), third); err != nil {
		t.Errorf("after the lease's end: %v", err)
	}
}

func TestTheSameTakeTwiceIsOneSlot(t *testing.T) {
	s, now := newSlots(t, 1)
	for range 2 {
		if _, err := s.Take(t.Context(), reader("r", now.after(time.Minute))); err != nil {
			t.Error(err)
		}
	}
}

func TestNoSlotsIsNoReaders(t *testing.T) {
	s := NewSlots(nil, "", 0)
	if _, err := s.Take(t.Context(), reader("r", time.Now())); !errors.Is(err, stream.ErrTooManyReaders) {
		t.Error(err)
	}
}

func TestNeverMoreReadersThanSlots(t *testing.T) {
	const max, clients = 4, 12
	s, now := newSlots(t, max)
	var inside, most, served atomic.Int64
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() {
			r := reader(fmt.Sprint("r", i), now.after(time.Minute))
			slot, err := s.Take(t.Context(), r)
			if errors.Is(err, stream.ErrTooManyReaders) {
				return
			}
			if err != nil {
				t.Error(err)
				return
			}
			if n := inside.Add(1); n > most.Load() {
				most.Store(n)
			}
			served.Add(1)
			if i%2 == 0 { // the others hold theirs
				inside.Add(-1)
				if err := s.Free(t.Context(), slot, r); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if most.Load() > max || served.Load() < max {
		t.Errorf("%d at a time of %d, %d served", most.Load(), max, served.Load())
	}
}

func TestSlotsCannotBeTakenWithoutTheTable(t *testing.T) {
	cfg, _ := config(t)
	s := NewSlots(awscall.New(cfg, "dynamodb", refusing(t)), "Connections", 1)
	if _, err := s.Take(t.Context(), reader("r", time.Now())); err == nil || errors.Is(err, stream.ErrTooManyReaders) {
		t.Error(err)
	}
}
