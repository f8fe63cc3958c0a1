package enforce_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"edgestream/functions/internal/enforce"
	"edgestream/functions/internal/stream"
)

func TestARevokedTokensConnectionsAreClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := holding(time.Hour, "A=")
		w.open.Readers = []stream.Reader{{ID: "r1", Log: stream.AccountTopic("1")}}
		e, log := w.enforcer()
		if failed := e.Enforce(t.Context(), []enforce.Change{revoked("100")}); failed != nil {
			t.Errorf("failed %v", failed)
		}
		want := "revoke 1 abc, control account/1 _close r1, disconnect A=, remove 1 A="
		if w.brief() != want {
			t.Errorf("did %s\nwant %s", w.brief(), want)
		}
		if text := log.String(); !strings.Contains(text, `account=1`) || !strings.Contains(text, "connections=1 readers=1") ||
			strings.Contains(text, "abc") || strings.Count(text, "\n") != 1 {
			t.Errorf("logged %s", text)
		}
	})
}

// What was closed is counted, with how long after its row's change that was.
func TestWhatABatchClosesIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := holding(time.Hour, "A=", "B=")
		w.open.Readers = []stream.Reader{{ID: "r1", Log: stream.AccountTopic("1")}}
		var seen []enforce.Tally
		e := enforce.New(enforce.Config{Directory: w, Poster: w, Logs: w, Content: w, Observe: func(t enforce.Tally) { seen = append(seen, t) }})
		change := revoked("100")
		change.At = time.Now().Add(-1500 * time.Millisecond)
		e.Enforce(t.Context(), []enforce.Change{change})
		if len(seen) != 1 || seen[0].Closed != 3 || len(seen[0].Latency) != 1 || seen[0].Latency[0].Round(10*time.Millisecond) != 1500*time.Millisecond || seen[0].Failed != 0 {
			t.Errorf("seen %+v", seen)
		}
		w.broken["revoke 1 abc"] = true
		e.Enforce(t.Context(), []enforce.Change{change})
		if len(seen) != 2 || seen[1].Closed != 0 || seen[1].Latency != nil || seen[1].Failed != 1 {
			t.Errorf("seen %+v", seen[1:])
		}
	})
}

// A connection that API Gateway does not know is gone, or is not open yet: by its age.
func TestAConnectionThatIsNotOpenYetIsWaitedFor(t *testing.T) {
	for name, tt := range map[string]struct {
		age     time.Duration
		answers []error
		want    string
		within  time.Duration
	}{
		"old":               {time.Hour, []error{stream.ErrGone}, "revoke 1 abc, disconnect A=, remove 1 A=", time.Millisecond},
		"young":             {time.Second, []error{stream.ErrGone, stream.ErrGone, nil}, "revoke 1 abc, disconnect A=, silence 1 A=, disconnect A=, remove 1 A=", time.Second},
		"never opens":       {time.Second, []error{stream.ErrGone}, "revoke 1 abc, disconnect A=, silence 1 A=, disconnect A=, remove 1 A=", 6 * time.Second},
		"throttled a while": {time.Hour, []error{stream.ErrThrottled, stream.ErrUnavailable, nil}, "revoke 1 abc, disconnect A=, silence 1 A=, disconnect A=, remove 1 A=", time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := holding(tt.age, "A=")
				w.answers["A="] = tt.answers
				e, _ := w.enforcer()
				start := time.Now()
				if failed := e.Enforce(t.Context(), []enforce.Change{revoked("100")}); failed != nil {
					t.Errorf("failed %v", failed)
				}
				if w.brief() != tt.want {
					t.Errorf("did %s\nwant %s", w.brief(), tt.want)
				}
				if took := time.Since(start); took > tt.within {
					t.Errorf("took %v", took)
				}
			})
		})
	}
}

// What could not be closed fails the record, and is found again when the record comes again.
func TestAConnectionThatCannotBeClosedFailsItsRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := holding(time.Hour, "A=", "B=")
		w.answers["A="] = []error{stream.ErrUnavailable}
		e, log := w.enforcer()
		failed := e.Enforce(t.Context(), []enforce.Change{revoked("100")})
		if !slices.Equal(failed, []string{"100"}) || w.removed["A="] || !w.removed["B="] || w.count("silence 1 A=") != 1 {
			t.Errorf("failed %v, did %s", failed, w.brief())
		}
		if strings.Contains(log.String(), "abc") {
			t.Errorf("logged %s", log)
		}
		w.answers["A="] = nil
		if failed := e.Enforce(t.Context(), []enforce.Change{revoked("100")}); failed != nil || !w.removed["A="] {
			t.Errorf("failed %v, did %s", failed, w.brief())
		}
	})
}

func TestARefusalIsNotTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := holding(time.Hour, "A=")
		w.answers["A="] = []error{errors.New("forbidden")}
		e, _ := w.enforcer()
		failed := e.Enforce(t.Context(), []enforce.Change{revoked("100")})
		if len(failed) != 1 || w.count("disconnect A=") != 1 {
			t.Errorf("failed %v, did %s", failed, w.brief())
		}
	})
}

func TestEachStepThatFailsFailsItsRecord(t *testing.T) {
	for _, step := range []string{"revoke 1 abc", "control account/1 _close r1", "silence 1 A=", "remove 1 A="} {
		synctest.Test(t, func(t *testing.T) {
			w := holding(time.Second, "A=")
			w.open.Readers = []stream.Reader{{ID: "r1", Log: stream.AccountTopic("1")}}
			w.answers["A="] = []error{stream.ErrGone, nil}
			w.broken[step] = true
			e, _ := w.enforcer()
			if failed := e.Enforce(t.Context(), []enforce.Change{revoked("100")}); len(failed) != 1 {
				t.Errorf("%s: failed %v", step, failed)
			}
		})
	}
}

func TestManyConnectionsAreClosedSideBySideWithinABound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ids []string
		for i := range 500 {
			ids = append(ids, fmt.Sprintf("c%d=", i))
		}
		w := holding(time.Hour, ids...)
		e, _ := w.enforcer()
		start := time.Now()
		if failed := e.Enforce(t.Context(), []enforce.Change{revoked("1")}); failed != nil || len(w.removed) != 500 {
			t.Errorf("failed %v, %d removed", failed, len(w.removed))
		}
		if took := time.Since(start); w.most != 64 || took > 20*time.Millisecond {
			t.Errorf("%d at a time, took %v", w.most, took)
		}
	})
}

func TestViewersAndFilters(t *testing.T) {
	w := holding(0)
	w.readers = []stream.Reader{{ID: "r1", Log: stream.PublicTopic()}, {ID: "r2", Log: stream.PublicTopic()}, {ID: "r3", Log: stream.AccountTopic("1")}}
	e, _ := w.enforcer()
	c := enforce.Change{EventID: "e7", Sequence: "1", Key: "account#1",
		Row: enforce.Account{ID: "1", New: enforce.State{Viewer: "v", Filters: "[]"}}}
	if failed := e.Enforce(t.Context(), []enforce.Change{c}); failed != nil {
		t.Errorf("failed %v", failed)
	}
	want := "viewer 1 v, readers 1, control public _viewer 1, control account/1 _viewer 1, filters 1 e7"
	if w.brief() != want {
		t.Errorf("did %s\nwant %s", w.brief(), want)
	}
	for _, step := range strings.Split(want, ", ") {
		w.broken = map[string]bool{step: true}
		if failed := e.Enforce(t.Context(), []enforce.Change{c}); len(failed) != 1 {
			t.Errorf("%s: failed %v", step, failed)
		}
	}
}

func TestAListThatMoves(t *testing.T) {
	c := enforce.Change{Sequence: "1", Key: "list#12", At: now, Row: enforce.List{ID: "12", Old: "1", New: "2"}}
	for kept, want := range map[bool]string{false: "take 12 2", true: `take 12 2, control list/12 _list {"from":"1","to":"2","at":1767323045}`} {
		w := holding(0)
		w.kept = kept
		e, log := w.enforcer()
		if failed := e.Enforce(t.Context(), []enforce.Change{c}); failed != nil || w.brief() != want {
			t.Errorf("failed %v, did %s, want %s", failed, w.brief(), want)
		}
		if !strings.Contains(log.String(), "list=12 owner=2 subscriptions=3") {
			t.Errorf("logged %s", log)
		}
		w.broken = map[string]bool{"take 12 2": true}
		if failed := e.Enforce(t.Context(), []enforce.Change{c}); len(failed) != 1 {
			t.Errorf("failed %v", failed)
		}
	}
}

// Changes of one row keep their order, and wait for one that failed. Other rows do not.
func TestOrderHoldsWithinARow(t *testing.T) {
	viewer := func(sequence, account, old, version string) enforce.Change {
		return enforce.Change{Sequence: sequence, Key: "account#" + account, Row: enforce.Account{ID: account,
			Old: enforce.State{Viewer: old}, New: enforce.State{Viewer: version}}}
	}
	w := holding(0)
	w.broken["viewer 1 b"] = true
	e, log := w.enforcer()
	unread := enforce.Change{Sequence: "5", Key: "", Problem: errors.New("no JSON")}
	failed := e.Enforce(t.Context(), []enforce.Change{viewer("1", "1", "", "a"), viewer("2", "1", "a", "b"),
		viewer("3", "2", "", "x"), viewer("4", "1", "b", "c"), unread})
	slices.Sort(failed)
	if !slices.Equal(failed, []string{"2", "4"}) || w.count("viewer 1 c") != 0 || w.count("viewer 1 a") != 1 || w.count("viewer 2 x") != 1 {
		t.Errorf("failed %v, did %s", failed, w.brief())
	}
	if !strings.Contains(log.String(), "no JSON") {
		t.Errorf("logged %s", log)
	}
}

func disabled(sequence string) enforce.Change {
	return enforce.Change{Sequence: sequence, Key: "app#4072", Row: enforce.App{ID: "4072", Old: enforce.Terms{Key: "k", Secret: "hush"}}}
}

func TestADisabledAppsConnectionsAreClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := holding(time.Hour, "A=", "B=", "C=")
		w.answers["B="] = []error{stream.ErrGone}
		w.answers["C="] = []error{stream.ErrThrottled, nil}
		e, log := w.enforcer()
		if failed := e.Enforce(t.Context(), []enforce.Change{disabled("100")}); failed != nil {
			t.Errorf("failed %v", failed)
		}
		if w.done[0] != "connections of 4072" || w.count("disconnect A=") != 1 || w.count("disconnect B=") != 1 || w.count("disconnect C=") != 2 || len(w.done) != 5 {
			t.Errorf("did %q", w.done)
		}
		if text := log.String(); !strings.Contains(text, "app=4072") || !strings.Contains(text, "connections=3") || strings.Contains(text, "hush") {
			t.Errorf("logged %s", text)
		}
	})
}

func TestAnAppWhoseConnectionsCannotBeClosedComesAgain(t *testing.T) {
	for name, spoil := range map[string]func(*world){
		"not found":   func(w *world) { w.broken = map[string]bool{"connections of 4072": true} },
		"unavailable": func(w *world) { w.answers["A="] = []error{stream.ErrUnavailable} },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := holding(time.Hour, "A=", "B=")
				spoil(w)
				e, _ := w.enforcer()
				if failed := e.Enforce(t.Context(), []enforce.Change{disabled("100")}); !slices.Equal(failed, []string{"100"}) {
					t.Errorf("failed %v", failed)
				}
				if name == "unavailable" && w.count("disconnect B=") != 1 {
					t.Errorf("did %q", w.done)
				}
			})
		})
	}
}
