package replay_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"edgestream/functions/internal/history"
	"edgestream/functions/internal/stream"
)

// killed is an instance that ends between two steps.
type killed struct{}

// attempt runs the replay in an instance that is killed before or after its nth call. It reports
// whether it got that far.
func (w *world) attempt(t *testing.T, r stream.Replay, n int) (died bool) {
	t.Helper()
	calls := 0
	w.step = func(string) error {
		if calls++; calls == n {
			panic(killed{})
		}
		return nil
	}
	defer func() {
		w.step = nil
		switch p := recover(); p {
		case nil:
		case killed{}:
			died = true
		default:
			panic(p)
		}
	}()
	if err := w.run(r); err != nil {
		t.Fatal(err)
	}
	return false
}

func TestAReplayThatIsKilledAnywhereIsRunAgainWithTheSameIDs(t *testing.T) {
	for n := 1; ; n++ {
		died := false
		inTime(t, func(t *testing.T, w *world, writer *history.Writer) {
			w.log.Page = 3
			id := w.fresh(t)
			w.append(t, writer, "2", 3)
			w.append(t, writer, "3", 3)
			r := w.from(id)
			r.Gap = history.GapUnknownID
			died = w.attempt(t, r, n)
			w.append(t, writer, "2", 2)
			if died {
				w.Defer()
				w.finish(t, r)
			}
			w.isComplete(t, died, n)
		})
		if !died {
			if n < 20 {
				t.Errorf("only %d calls were made", n-1)
			}
			return
		}
	}
}

func (w *world) isComplete(t *testing.T, died bool, n int) {
	t.Helper()
	all := w.received(t)
	if all[0].Event != "edgestream.gap" || !slices.ContainsFunc(all, func(f frame) bool { return f.Event == "edgestream.position" }) {
		t.Errorf("killed at call %d: begins with %+v", n, all)
	}
	want := "2.1,2.2,2.3,3.4,3.5,3.6"
	if died {
		want += ",2.7,2.8"
	}
	got := once(all)
	slices.SortFunc(got, func(a, b string) int { return strings.Compare(a[2:], b[2:]) })
	if strings.Join(got, ",") != want || w.turn != 0 {
		t.Errorf("killed at call %d: turn %d, got %v", n, w.turn, got)
	}
	ascend(t, once(all))
}

// ascend fails unless the events of each owner, "owner.number", ascend.
func ascend(t *testing.T, payloads []string) {
	t.Helper()
	last := map[string]int{}
	for _, p := range payloads {
		var number int
		owner, digits, _ := strings.Cut(p, ".")
		if _, err := fmt.Sscan(digits, &number); err != nil || number <= last[owner] {
			t.Errorf("%s comes after %d: %v", p, last[owner], payloads)
		}
		last[owner] = number
	}
}

func TestAContinuationGoesOnBehindTheLastMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		writer := history.NewWriter(w.log, history.WriterConfig{})
		id := w.fresh(t)
		for range 40 {
			w.number++
			var messages []stream.Message
			for part := range 5 {
				messages = append(messages, stream.Message{
					Topic: stream.AccountTopic("1"), Streams: []stream.Name{stream.User}, Event: "update", Part: part,
					Payload: fmt.Appendf(nil, "2.%d", 10*w.number+part),
				})
			}
			if _, errs := writer.Append(t.Context(), []history.Entry{w.entry("2", w.number, messages...)}); errors.Join(errs...) != nil {
				t.Fatal(errs)
			}
		}
		w.slowly(1300 * time.Millisecond)
		if runs := w.finish(t, w.from(id)); runs < 3 {
			t.Errorf("%d runs", runs)
		}
		all := w.received(t)
		if len(all) != 201 {
			t.Errorf("%d frames, want 200 and a position", len(all))
		}
		ascend(t, once(all))
	})
}
