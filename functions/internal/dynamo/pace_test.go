package dynamo

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"edgestream/functions/internal/awscall"
	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/table"
)

// pacer is a Pace whose clock is set.
func pacer(t testing.TB, rate int) (p *Pace, clock *time.Time) {
	t.Helper()
	client, _, name := newTable(t, "pk", "sk")
	p, clock = NewPace(client, name, rate), new(time.Time)
	*clock = time.UnixMilli(1_800_000_000_000).UTC()
	p.now = func() time.Time { return *clock }
	return p, clock
}

// reserve fails unless the posts are due from then on.
func (p *Pace) reserve(t testing.TB, n int, want time.Time, spread time.Duration) {
	t.Helper()
	from, over, err := p.Reserve(t.Context(), n)
	if err != nil || !from.Equal(want) || over != spread {
		t.Errorf("%d posts are due from %v over %v, %v; want %v over %v", n, from, over, err, want, spread)
	}
}

func TestReservationsFollowEachOther(t *testing.T) {
	p, clock := pacer(t, 5000)
	began := *clock
	p.reserve(t, 1000, began, 200*time.Millisecond)
	p.reserve(t, 1, began.Add(200*time.Millisecond), 200*time.Microsecond)
	*clock = began.Add(100 * time.Millisecond)
	p.reserve(t, 500, began.Add(200200*time.Microsecond), 100*time.Millisecond)
	*clock = began.Add(300200 * time.Microsecond)
	p.reserve(t, 500, *clock, 100*time.Millisecond)
	*clock = began.Add(time.Hour) // what was not used is lost
	p.reserve(t, 5000, *clock, time.Second)
	p.reserve(t, 5000, clock.Add(time.Second), time.Second)
}

func TestReservationsSideBySideDoNotOverlap(t *testing.T) {
	p, clock := pacer(t, 1000)
	began := *clock
	var mu sync.Mutex
	var from []time.Time
	var wg sync.WaitGroup
	for range 12 {
		wg.Go(func() {
			for range 3 {
				at, _, err := p.Reserve(t.Context(), 500)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				from = append(from, at)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	slices.SortFunc(from, time.Time.Compare)
	for i, at := range from {
		if want := began.Add(time.Duration(i) * 500 * time.Millisecond); !at.Equal(want) {
			t.Fatalf("reservation %d is from %v, want %v", i, at, want)
		}
	}
}

func TestAClockThatIsAheadHoldsOthersUpOnce(t *testing.T) {
	p, clock := pacer(t, 1000)
	began := *clock
	ahead := *p
	ahead.now = func() time.Time { return clock.Add(100 * time.Millisecond) }
	ahead.reserve(t, 100, began.Add(100*time.Millisecond), 100*time.Millisecond)
	for i := range 20 {
		who := []*Pace{p, &ahead}[i%2]
		who.reserve(t, 100, began.Add(time.Duration(i+2)*100*time.Millisecond), 100*time.Millisecond)
		*clock = clock.Add(100 * time.Millisecond)
	}
}

func TestATimeThatIsAbsurdlyFarAheadIsSetBack(t *testing.T) {
	p, clock := pacer(t, 1000)
	for ahead, back := range map[time.Duration]bool{bookedFor + time.Second: false, absurd: false, absurd + 2*time.Second: true, 24 * time.Hour: true} {
		row := append(paceKey(), table.Field{"t", table.Number(clock.Add(ahead).UnixMicro())})
		if err := p.table.Put(t.Context(), row); err != nil {
			t.Fatal(err)
		}
		if back {
			p.reserve(t, 1000, *clock, time.Second)
		} else if _, _, err := p.Reserve(t.Context(), 1000); !errors.Is(err, stream.ErrThrottled) {
			t.Errorf("%v ahead: %v", ahead, err)
		}
	}
}

func TestNoMoreIsReservedThanCanBePostedSoon(t *testing.T) {
	p, clock := pacer(t, 1000)
	began := *clock
	for i := range 4 {
		p.reserve(t, 10_000, began.Add(time.Duration(i)*10*time.Second), 10*time.Second)
	}
	if from, _, err := p.Reserve(t.Context(), 1); !errors.Is(err, stream.ErrThrottled) || !from.IsZero() {
		t.Errorf("%v, %v", from, err)
	}
	*clock = began.Add(10 * time.Second)
	p.reserve(t, 1, began.Add(40*time.Second), time.Millisecond)
}

func TestATableThatCannotBeReachedReservesNothing(t *testing.T) {
	cfg, _ := config(t)
	p := NewPace(awscall.New(cfg, "dynamodb", refusing(t)), "Connections", 1)
	if from, _, err := p.Reserve(t.Context(), 1); err == nil || !from.IsZero() || errors.Is(err, stream.ErrThrottled) {
		t.Errorf("%v, %v", from, err)
	}
}
