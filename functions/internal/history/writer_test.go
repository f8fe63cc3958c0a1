package history_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"edgestream/functions/internal/history"
	"edgestream/functions/internal/stream"
)

func TestAppendedEntriesHaveAscendingPlacesAndNumbers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFaulty(nil)
		f.takes = 0 // no time passes: places ascend all the same
		w := history.NewWriter(f, history.WriterConfig{})
		var entries []history.Entry
		for i := range 100 {
			entries = append(entries, record("x", i, public, stream.ListTopic("1"))...)
		}
		stored, errs := w.Append(t.Context(), entries)
		noError(t, errs)
		for _, topic := range []stream.Topic{public, stream.ListTopic("1")} {
			var last history.Entry
			for i, e := range f.Entries(topic) {
				if e.N != uint64(i+1) || i > 0 && (e.Writer != last.Writer || !e.At.After(last.At) || !e.Previous.Equal(last.At)) {
					t.Fatalf("%v after %v", e, last)
				}
				last = e
			}
		}
		if len(stored) != 200 || !stored[199].At.After(stored[197].At) || stored[2].Record != "x#1" || len(stored[0].Writer) != 8 {
			t.Errorf("stored %v", stored[199])
		}
	})
}

func TestOwnersGoOneRecordAfterTheOtherAndTopicsSideBySide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFaulty(nil)
		w := history.NewWriter(f, history.WriterConfig{Lanes: 1})
		var topics []stream.Topic
		for i := range 64 {
			topics = append(topics, stream.AccountTopic(fmt.Sprint(i)))
		}
		began := time.Now()
		_, errs := w.Append(t.Context(), slices.Concat(record("x", 1, topics...), record("x", 2, topics...)))
		noError(t, errs)
		if took := time.Since(began); f.most != 16 || took != 8*time.Millisecond {
			t.Errorf("%d side by side, %v", f.most, took)
		}
		for _, topic := range topics {
			if e := f.Entries(topic); len(e) != 2 || e[0].Record != "x#1" || e[1].N != 2 {
				t.Errorf("%v", e)
			}
		}
	})
}

func TestLanesGoSideBySide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFaulty(nil)
		w := history.NewWriter(f, history.WriterConfig{})
		var entries []history.Entry
		for i := range 200 {
			entries = append(entries, record(fmt.Sprint("owner", i), 1, public)...)
		}
		_, errs := w.Append(t.Context(), entries)
		noError(t, errs)
		writers := map[string]bool{}
		for _, e := range f.Entries(public) {
			writers[e.Writer] = true
		}
		if f.most != 8 || len(writers) != 8 {
			t.Errorf("%d side by side, %d writers", f.most, len(writers))
		}
	})
}

func TestCallsShareALaneInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFaulty(nil)
		w := history.NewWriter(f, history.WriterConfig{Lanes: 1})
		var wg sync.WaitGroup
		for caller := range 5 {
			wg.Go(func() {
				for i := range 5 {
					_, errs := w.Append(t.Context(), record(fmt.Sprint(caller), i, public))
					noError(t, errs)
				}
			})
		}
		wg.Wait()
		for i, e := range f.Entries(public) {
			if e.N != uint64(i+1) {
				t.Errorf("%d is number %d", i, e.N)
			}
		}
		if f.most != 1 {
			t.Errorf("%d side by side", f.most)
		}
	})
}

func TestAWaitForTheLaneEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFaulty(nil)
		f.takes = time.Minute
		w := history.NewWriter(f, history.WriterConfig{Lanes: 1})
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = w.Append(t.Context(), record("x", 1, public)) })
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, errs := w.Append(ctx, record("y", 1, public)); !errors.Is(errs[0], context.DeadlineExceeded) {
			t.Error(errs)
		}
		wg.Wait()
		if n := len(f.Entries(public)); n != 1 {
			t.Errorf("%d entries", n)
		}
	})
}

func TestAFailureIsTriedAgainAtANewPlace(t *testing.T) {
	for name, first := range map[string]outcome{"nothing written": fails, "written": writesAndFails, "written later": failsAndWritesLater} {
		synctest.Test(t, func(t *testing.T) {
			f := newFaulty(func(_ history.Entry, try int) outcome {
				if try < 4 {
					return first
				}
				return appends
			})
			w := history.NewWriter(f, history.WriterConfig{Lanes: 1, Jitter: func(d time.Duration) time.Duration { return d }})
			began := time.Now()
			stored, errs := w.Append(t.Context(), slices.Concat(record("x", 1, public), record("y", 2, public)))
			noError(t, errs)
			f.wg.Wait()
			there := f.Entries(public)
			if len(there) != 2 || !there[0].At.Equal(stored[0].At) || there[1].N != 2 || there[0].Writer != there[1].Writer || !there[1].Previous.Equal(there[0].At) {
				t.Errorf("%s: stored %v, there %v", name, stored, there)
			}
			// 50 + 100 + 200 ms, and 1 ms for each try.
			if late := there[0].At.Sub(began); first == fails && late.Truncate(time.Millisecond) != 353*time.Millisecond {
				t.Errorf("placed after %v", late)
			}
		})
	}
}

func TestAfterPatienceAnOwnersLaterRecordsFailUntried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFaulty(func(e history.Entry, _ int) outcome {
			if e.Record == "x#2" {
				return fails
			}
			return appends
		})
		w := history.NewWriter(f, history.WriterConfig{Lanes: 1})
		began := time.Now()
		_, errs := w.Append(t.Context(), slices.Concat(record("x", 1, public), record("x", 2, public),
			record("y", 1, public), record("x", 3, public, stream.ListTopic("1")), record("y", 2, public)))
		if took := time.Since(began); took > 5*time.Second || took < 3*time.Second {
			t.Errorf("took %v", took)
		}
		for i, failed := range []bool{false, true, false, true, true, false} {
			if errors.Is(errs[i], history.ErrUnavailable) != failed || (errs[i] != nil) != failed {
				t.Errorf("%d: %v", i, errs[i])
			}
		}
		if f.tries["x#3"] != 0 || f.tries["x#2"] < 5 || len(f.Entries(public)) != 3 {
			t.Errorf("tries %v, there %v", f.tries, f.Entries(public))
		}
	})
}

func TestAGivenUpEntryDoesNotAppearBehindItsWritersNext(t *testing.T) {
	for name, last := range map[string]outcome{"unavailable": failsAndWritesLater, "broken": breaks} {
		synctest.Test(t, func(t *testing.T) {
			f := newFaulty(func(e history.Entry, _ int) outcome {
				if e.Record == "x#2" {
					return last
				}
				return appends
			})
			w := history.NewWriter(f, history.WriterConfig{Lanes: 1})
			_, errs := w.Append(t.Context(), slices.Concat(record("x", 1, public), record("x", 2, public), record("y", 1, public)))
			if errs[0] != nil || errs[1] == nil || errs[2] != nil {
				t.Errorf("%s: %v", name, errs)
			}
			f.wg.Wait()
			writers := map[string]uint64{}
			for _, e := range f.Entries(public) {
				if e.N <= writers[e.Writer] {
					t.Errorf("%s: %v appeared after number %d", name, e, writers[e.Writer])
				}
				writers[e.Writer] = e.N
			}
			if len(writers) != 2 {
				t.Errorf("%s: writers %v", name, writers)
			}
		})
	}
}

func TestWhatNoLogHoldsHoldsNothingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFaulty(func(e history.Entry, _ int) outcome {
			if e.Record == "x#1" {
				return tooLarge
			}
			return appends
		})
		w := history.NewWriter(f, history.WriterConfig{})
		stored, errs := w.Append(t.Context(), slices.Concat(record("x", 1, public), record("x", 2, public)))
		if !errors.Is(errs[0], history.ErrTooLarge) || f.tries["x#1"] != 1 || errs[1] != nil || stored[1].N != 1 {
			t.Errorf("%v, tries %v", errs, f.tries)
		}
	})
}

func TestTwoPublishersOfOneRecordLeaveOneEntry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFaulty(func(_ history.Entry, try int) outcome { return outcome(try % 4) })
		var stored [2][]history.Entry
		var wg sync.WaitGroup
		for i := range stored {
			w := history.NewWriter(f, history.WriterConfig{})
			wg.Go(func() {
				var errs []error
				stored[i], errs = w.Append(t.Context(), slices.Concat(record("x", 1, public), record("x", 2, public)))
				noError(t, errs)
			})
		}
		wg.Wait()
		f.wg.Wait()
		there := f.Entries(public)
		if len(there) != 2 {
			t.Fatalf("%d entries", len(there))
		}
		for i, e := range there {
			for _, s := range stored {
				if user.EventID(s[i], 0) != user.EventID(e, 0) {
					t.Errorf("stored %v, there %v", s[i], e)
				}
			}
		}
	})
}

func TestWhatFollowsAnotherWritersEntryIsPlacedAfterIt(t *testing.T) {
	for ahead, want := range map[time.Duration]time.Duration{
		4 * time.Second: 4*time.Second + time.Microsecond, // a clock that is fast
		time.Hour:       2 * time.Millisecond,             // and one that is wrong
	} {
		synctest.Test(t, func(t *testing.T) {
			f := newFaulty(nil)
			there := record("x", 1, public)[0]
			there.At, there.Writer, there.N = time.Now().UTC().Add(ahead), "BBBBBBBB", 7
			if _, err := f.Memory.Append(t.Context(), there); err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			w := history.NewWriter(f, history.WriterConfig{})
			stored, errs := w.Append(t.Context(), slices.Concat(record("x", 1, public), record("x", 2, public)))
			noError(t, errs)
			if got := stored[1].At.Sub(began); stored[0].N != 7 || stored[1].N != 1 || got != want && got != want-time.Millisecond {
				t.Errorf("%v ahead: stored %v, placed after %v", ahead, stored[0], got)
			}
		})
	}
}

func TestALaneForgetsTopicsUnderAnotherName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFaulty(nil)
		names := 0
		w := history.NewWriter(f, history.WriterConfig{Lanes: 1, Name: func() string { names++; return fmt.Sprintf("name%04d", names) }})
		for i := range 10_000 {
			_, errs := w.Append(t.Context(), record("x", i, stream.AccountTopic(fmt.Sprint(i))))
			noError(t, errs)
		}
		_, errs := w.Append(t.Context(), record("x", 10_000, stream.AccountTopic("0")))
		noError(t, errs)
		if e := f.Entries(stream.AccountTopic("0")); names != 3 || e[1].N != 1 || e[1].Writer != "name0003" || !e[1].Previous.IsZero() {
			t.Errorf("%d names, %v", names, e)
		}
	})
}

func TestNothingIsAppendedAfterTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFaulty(func(history.Entry, int) outcome { return fails })
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, errs := history.NewWriter(f, history.WriterConfig{}).Append(ctx, slices.Concat(record("x", 1, public), record("x", 2, public)))
		if errs[0] == nil || errs[1] == nil || time.Now().After(time.Date(2000, 1, 1, 0, 0, 2, 0, time.UTC)) {
			t.Error(errs, time.Now())
		}
	})
}
