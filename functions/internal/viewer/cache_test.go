package viewer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// source answers with what is in it. Calls wait for hold, if there is one.
type source struct {
	mu    sync.Mutex
	rows  map[string]*Viewer
	bad   map[string]bool // accounts that cannot be read
	hold  chan struct{}
	calls [][]string
}

var errDown = errors.New("table is down")

func (s *source) Viewers(ctx context.Context, accounts []string) (map[string]*Viewer, error) {
	s.mu.Lock()
	s.calls = append(s.calls, slices.Sorted(slices.Values(accounts)))
	hold := s.hold
	s.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found := map[string]*Viewer{}
	var err error
	for _, account := range accounts {
		if s.bad[account] {
			err = errDown
		} else if v := s.rows[account]; v != nil {
			found[account] = v
		}
	}
	if err != nil { // then those that filter nothing are said too
		for _, account := range accounts {
			if !s.bad[account] && found[account] == nil {
				found[account] = New(Data{})
			}
		}
	}
	return found, err
}

// called returns the calls since the last time.
func (s *source) called() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := s.calls
	s.calls = nil
	return fmt.Sprint(calls)
}

func blocking(ids ...string) *Viewer { return New(Data{Blocks: ids}) }

// keys are "account version" of one letter each.
func keys(of ...string) (list []Key) {
	for _, k := range of {
		list = append(list, Key{k[:1], k[1:]})
	}
	return list
}

// describe says which key got whom: the version, or - for one who filters nothing.
func describe(got map[Key]*Viewer) (lines []string) {
	for key, v := range got {
		version := "-"
		if v.Version() != "" {
			version = v.Version()
		}
		lines = append(lines, key.Account+key.Version+"="+version)
	}
	slices.Sort(lines)
	return lines
}

func checkGet(t *testing.T, c *Cache, wanted []Key, wantErr error, want ...string) {
	t.Helper()
	got, err := c.Get(t.Context(), wanted)
	if !errors.Is(err, wantErr) || (err == nil) != (wantErr == nil) {
		t.Errorf("error %v, want %v", err, wantErr)
	}
	if !slices.Equal(describe(got), want) {
		t.Errorf("got %v, want %v", describe(got), want)
	}
}

func checkCalls(t *testing.T, s *source, want string) {
	t.Helper()
	if got := s.called(); got != want {
		t.Errorf("calls %s, want %s", got, want)
	}
}

func TestTheCacheReadsWhatIsMissingInOneCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x, y := blocking("x"), blocking("y")
		s := &source{rows: map[string]*Viewer{"1": x, "2": y}}
		c := NewCache(s, time.Minute, 1000)
		checkGet(t, c, nil, nil)
		checkCalls(t, s, "[]")
		one, two, three := Key{"1", x.Version()}, Key{"2", y.Version()}, Key{"3", "gone"}
		both := []string{"1" + x.Version() + "=" + x.Version(), "2" + y.Version() + "=" + y.Version()}
		checkGet(t, c, []Key{one, two, three, one}, nil, append(both, "3gone=-")...)
		checkCalls(t, s, "[[1 2 3]]")
		time.Sleep(unsettled - 1)
		checkGet(t, c, []Key{one, two, three}, nil, append(both, "3gone=-")...)
		checkCalls(t, s, "[]")
		time.Sleep(time.Minute - unsettled)
		checkGet(t, c, []Key{one, two, three}, nil, append(both, "3gone=-")...)
		checkCalls(t, s, "[[3]]")
		time.Sleep(time.Nanosecond)
		s.rows["1"] = nil
		checkGet(t, c, []Key{one}, nil, one.Account+one.Version+"=-")
		checkCalls(t, s, "[[1]]")
	})
}

// An account that stops blocking, and blocks again before a minute is over, has the version again that
// its mappings had when it was read in between.
func TestWhatWasReadForAnotherVersionIsNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := blocking("x")
		key := Key{"1", x.Version()}
		s := &source{rows: map[string]*Viewer{}}
		c := NewCache(s, time.Minute, 1000)
		checkGet(t, c, []Key{key}, nil, "1"+x.Version()+"=-")
		s.rows["1"] = x
		time.Sleep(time.Second)
		checkGet(t, c, []Key{key}, nil, "1"+x.Version()+"="+x.Version())
		s.called()
		time.Sleep(58 * time.Second)
		checkGet(t, c, []Key{key}, nil, "1"+x.Version()+"="+x.Version())
		checkCalls(t, s, "[]")
	})
}

func TestAViewersAgeCountsFromBeforeItWasRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{hold: make(chan struct{})}
		c := NewCache(s, time.Minute, 1000)
		time.AfterFunc(10*time.Second, func() { close(s.hold) })
		checkGet(t, c, keys("1"), nil, "1=-")
		time.Sleep(50 * time.Second)
		s.called()
		checkGet(t, c, keys("1"), nil, "1=-")
		checkCalls(t, s, "[[1]]")
	})
}

func TestNoKeyIsReadTwiceAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{hold: make(chan struct{})}
		c := NewCache(s, time.Minute, 1000)
		var wg sync.WaitGroup
		wg.Go(func() { checkGet(t, c, keys("1a", "2a"), nil, "1a=-", "2a=-") })
		synctest.Wait()
		for range 5 {
			wg.Go(func() { checkGet(t, c, keys("2a", "3a", "1a"), nil, "1a=-", "2a=-", "3a=-") })
		}
		synctest.Wait()
		close(s.hold)
		wg.Wait()
		checkCalls(t, s, "[[1 2] [3]]")
	})
}

func TestWhatCannotBeReadIsServedStaleOrNotAtAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x, y := blocking("x"), blocking("y")
		s := &source{rows: map[string]*Viewer{"1": x, "2": y}, bad: map[string]bool{}}
		c := NewCache(s, time.Minute, 1000)
		checkGet(t, c, keys("1a", "2a"), nil, "1a="+x.Version(), "2a="+y.Version())
		time.Sleep(time.Hour)
		s.bad["1"], s.bad["4"] = true, true
		s.rows["2"] = x
		checkGet(t, c, keys("1a", "1b", "2a", "3a", "4a"), errDown, "1a="+x.Version(), "2a="+x.Version(), "3a=-")
		checkGet(t, c, keys("2a", "3a"), nil, "2a="+x.Version(), "3a=-") // these could be read
		s.called()
		delete(s.bad, "1")
		checkGet(t, c, keys("1a", "1b"), nil, "1a="+x.Version(), "1b="+x.Version())
		checkCalls(t, s, "[[1]]")
	})
}

func TestACallerWhoGivesUpTakesNobodyAlong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{hold: make(chan struct{})}
		c := NewCache(s, time.Minute, 1000)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if got, err := c.Get(ctx, keys("1a")); !errors.Is(err, context.Canceled) || len(got) != 0 {
				t.Errorf("%v, %v", got, err)
			}
		})
		synctest.Wait()
		wg.Go(func() { checkGet(t, c, keys("1a"), nil, "1a=-") })
		synctest.Wait()
		cancel()
		synctest.Wait()
		close(s.hold)
		wg.Wait()
		checkCalls(t, s, "[[1] [1]]")
	})
}

func TestAWaiterWhoGivesUpIsNotHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{hold: make(chan struct{})}
		c := NewCache(s, time.Minute, 1000)
		var wg sync.WaitGroup
		wg.Go(func() { checkGet(t, c, keys("1a"), nil, "1a=-") })
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if got, err := c.Get(ctx, keys("1a")); !errors.Is(err, context.DeadlineExceeded) || len(got) != 0 {
			t.Errorf("%v, %v", got, err)
		}
		close(s.hold)
		wg.Wait()
	})
}

type panicking struct{}

func (panicking) Viewers(context.Context, []string) (map[string]*Viewer, error) { panic("source") }

func TestASourceThatPanicsLeavesNobodyWaiting(t *testing.T) {
	c := NewCache(panicking{}, time.Minute, 10)
	func() {
		defer func() { _ = recover() }()
		_, _ = c.Get(t.Context(), keys("1a"))
		t.Error("no panic")
	}()
	c.source = &source{}
	checkGet(t, c, keys("1a"), nil, "1a=-")
}

func TestTheCacheIsBounded(t *testing.T) {
	ids := make([]string, 99)
	for i := range ids {
		ids[i] = fmt.Sprint(i)
	}
	s := &source{rows: map[string]*Viewer{"h": New(Data{Blocks: append(ids, "x")})}}
	for _, account := range []string{"1", "2", "3", "4"} {
		s.rows[account] = blocking(ids...) // weighs 100
	}
	s.rows["2"] = blocking("x")
	c := NewCache(s, time.Minute, 300)
	all := map[Key]*Viewer{}
	for _, k := range keys("1a", "3a", "4a", "1a", "2a") {
		got, _ := c.Get(t.Context(), []Key{k})
		maps.Copy(all, got)
	}
	s.called()
	if len(all) != 4 || c.weight != 202 {
		t.Errorf("%d viewers were read, %d are kept", len(all), c.weight)
	}
	checkGet(t, c, keys("1a", "4a", "2a"), nil, describe(map[Key]*Viewer{keys("1a")[0]: s.rows["1"], keys("2a")[0]: s.rows["2"], keys("4a")[0]: s.rows["4"]})...)
	checkCalls(t, s, "[]") // the one not used for longest went: 3a
	if got, err := c.Get(t.Context(), keys("3a", "ha", "1b", "2b", "2c")); len(got) != 5 || err != nil {
		t.Errorf("more than is kept: %d viewers, %v", len(got), err)
	}
	if c.weight > 300 || len(c.entries) != c.recent.Len() || len(c.flights) != 0 {
		t.Errorf("weight %d, %d entries, %d in order, %d in flight", c.weight, len(c.entries), c.recent.Len(), len(c.flights))
	}
}
