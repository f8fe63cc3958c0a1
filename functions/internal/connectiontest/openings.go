package connectiontest

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"edgestream/functions/internal/stream"
)

// narrow is a segment of a topic that is wide only while something is open on it.
func (x Subject) narrow(t reporter) (Wide, stream.Topic, stream.Segment) {
	t.Helper()
	tag, subs := ownTag()
	x.crowded(t, 3, to(subs[0]))
	wide := x.Cut(1).audience(t, tag).Wide
	if len(wide) != 1 {
		t.Fatalf("wide: %q", wide)
	}
	return x.Cut(100), tag, wide[0]
}

func (w Wide) opens(t reporter, s stream.Segment, event string, slices ...int) {
	t.Helper()
	if err := w.Open(context.Background(), s, event, slices); err != nil {
		t.Fatalf("Open %s %v of %s: %v", event, slices, s, err)
	}
}

func (w Wide) closes(t reporter, s stream.Segment, event string, slices ...int) {
	t.Helper()
	for _, slice := range slices {
		if err := w.Close(context.Background(), s, event, slice); err != nil {
			t.Fatalf("Close %s/%d of %s: %v", event, slice, s, err)
		}
	}
}

func (w Wide) advances(t reporter, s stream.Segment, event string, slice int, after string) {
	t.Helper()
	if err := w.Advance(context.Background(), s, event, slice, after); err != nil {
		t.Fatalf("Advance %s/%d of %s: %v", event, slice, s, err)
	}
}

// reaches fails unless the slice has got there; "-" is for one that is not open.
func (w Wide) reaches(t reporter, s stream.Segment, event string, slice int, want string) {
	t.Helper()
	got, open, err := w.Reached(context.Background(), s, event, slice)
	if err != nil {
		t.Fatalf("Reached %s/%d of %s: %v", event, slice, s, err)
	}
	if !open {
		got = "-"
	}
	if got != want {
		t.Errorf("%s/%d of %s has reached %q, want %q", event, slice, s, got, want)
	}
}

// isWide fails unless the topic, of which there are three listeners, is found wide or not.
func (w Wide) isWide(t reporter, topic stream.Topic, want bool) {
	t.Helper()
	a := w.audience(t, topic)
	if is := len(a.Wide) == 1; is != want || is == (len(a.Listeners) == 3) {
		t.Errorf("%v: wide %q with %d listeners, want wide %v", topic, a.Wide, len(a.Listeners), want)
	}
}

func openIsWide(t *testing.T, open opener) {
	w, topic, s := open(t, roomy).narrow(t)
	w.isWide(t, topic, false)
	w.opens(t, s, "a", 0, 1, 15)
	w.opens(t, s, "event#b", 3)
	w.isWide(t, topic, true)
	w.closes(t, s, "a", 0, 15)
	w.closes(t, s, "event#b", 3)
	w.isWide(t, topic, true)
	w.closes(t, s, "a", 1)
	w.isWide(t, topic, false)
	w.opens(t, s, "c", 7)
	w.isWide(t, topic, true)
	w.closes(t, s, "c", 7)
	w.opens(t, s, "d")
	w.isWide(t, topic, false)
}

func goesOn(t *testing.T, open opener) {
	w, _, s := open(t, roomy).narrow(t)
	w.reaches(t, s, "a", 2, "-")
	w.opens(t, s, "a", 2, 3)
	w.reaches(t, s, "a", 2, "")
	w.reaches(t, s, "a", 4, "-")
	w.reaches(t, s, "b", 2, "-")
	w.advances(t, s, "a", 2, "x")
	w.advances(t, s, "a", 2, "y#ü")
	w.opens(t, s, "a", 2, 3)
	w.reaches(t, s, "a", 2, "y#ü")
	w.reaches(t, s, "a", 3, "")
	w.closes(t, s, "a", 2)
	w.advances(t, s, "a", 2, "z")
	w.advances(t, s, "b", 2, "z")
	w.reaches(t, s, "a", 2, "-")
	w.reaches(t, s, "b", 2, "-")
	w.reaches(t, s, "a", 3, "")
}

func closedForGood(t *testing.T, open opener) {
	x := open(t, roomy)
	w, topic, s := x.narrow(t)
	owner := newSession().Account
	for _, segment := range []stream.Segment{s, w.OwnerSegment(owner)} {
		w.opens(t, segment, "a", 1, 2)
		w.closes(t, segment, "a", 2, 2)
		w.opens(t, segment, "a", 1, 2)
		w.reaches(t, segment, "a", 2, "-")
		w.closes(t, segment, "a", 1, 2, 1)
		w.opens(t, segment, "a", 1, 2)
		w.reaches(t, segment, "a", 1, "-")
		w.reaches(t, segment, "a", 2, "-")
	}
	w.isWide(t, topic, false)
	w.owns(t, owner, false)
	w.opens(t, s, "a", 1, 2, 3)
	w.reaches(t, s, "a", 3, "")
	w.reaches(t, s, "a", 2, "-")
	w.isWide(t, topic, true)
	w.closes(t, s, "b", 3)
	w.closes(t, s, "a", 3)
	w.isWide(t, topic, false)
}

// owns fails unless something is open on the owner's segment, or nothing.
func (w Wide) owns(t reporter, owner string, want bool) {
	t.Helper()
	got, err := w.Opened(context.Background(), []string{owner})
	if err != nil || len(got) != 1 || got[owner] != want {
		t.Errorf("Opened of %s: %v, %v; want %v", owner, got, err, want)
	}
}

func openOwners(t *testing.T, open opener) {
	w := open(t, roomy).Cut(1)
	var owners []string
	want := map[string]bool{}
	for i := range 150 {
		owner := newSession().Account
		owners, want[owner] = append(owners, owner), i%3 == 0
		if want[owner] {
			w.opens(t, w.OwnerSegment(owner), "a", 0, 9)
			w.opens(t, w.OwnerSegment(owner), "event#b", 4)
			w.closes(t, w.OwnerSegment(owner), "a", 0, 9)
		}
	}
	owners = append(owners, owners[0])
	check := func() {
		t.Helper()
		got, err := w.Opened(context.Background(), owners)
		if err != nil || len(got) != len(want) {
			t.Fatalf("%d owners, %v; want %d", len(got), err, len(want))
		}
		for owner, open := range want {
			if got[owner] != open {
				t.Errorf("%s: open %v, want %v", owner, got[owner], open)
			}
		}
	}
	check()
	w.closes(t, w.OwnerSegment(owners[0]), "event#b", 4)
	want[owners[0]] = false
	check()
}

func closedSideBySide(t *testing.T, open opener) {
	x := open(t, roomy)
	w, topic, s := x.narrow(t)
	owner := newSession().Account
	all := make([]int, stream.Slices)
	for i := range all {
		all[i] = i
	}
	for round := range 4 {
		event := fmt.Sprint("e", round)
		for _, segment := range []stream.Segment{s, w.OwnerSegment(owner)} {
			w.opens(t, segment, event, all...)
			each(len(all)+4, func(i int) {
				if i < len(all) {
					w.closes(t, segment, event, i)
				} else {
					w.opens(t, segment, event, all...)
				}
			})
			for _, slice := range all {
				w.reaches(t, segment, event, slice, "-")
			}
		}
		w.isWide(t, topic, false)
		w.owns(t, owner, false)
	}
}

// openModel is what is open, by the rules.
type openModel struct{ open, known map[int]string }

func anyOpening(t *testing.T, open opener) {
	x := open(t, roomy)
	rapid.Check(t, func(r *rapid.T) {
		w, topic, s := x.narrow(r)
		owner := newSession().Account
		segment := rapid.SampledFrom([]stream.Segment{s, w.OwnerSegment(owner)}).Draw(r, "segment")
		models := []openModel{{map[int]string{}, map[int]string{}}, {map[int]string{}, map[int]string{}}}
		for range rapid.IntRange(1, 12).Draw(r, "steps") {
			i := rapid.IntRange(0, 1).Draw(r, "of")
			models[i].step(r, w, segment, fmt.Sprint("event", i))
		}
		for i, m := range models {
			for slice := range 4 {
				at, ok := m.open[slice]
				if !ok {
					at = "-"
				}
				w.reaches(r, segment, fmt.Sprint("event", i), slice, at)
			}
		}
		any := len(models[0].open)+len(models[1].open) > 0
		w.isWide(r, topic, any && segment == s)
		w.owns(r, owner, any && segment != s)
	})
}

func (m openModel) step(r *rapid.T, w Wide, s stream.Segment, event string) {
	slice := rapid.IntRange(0, 3).Draw(r, "slice")
	_, isOpen := m.open[slice]
	switch rapid.SampledFrom([]string{"open", "close", "close", "advance"}).Draw(r, "step") {
	case "open":
		some := slices.Compact([]int{slice, rapid.IntRange(0, 3).Draw(r, "and")})
		w.opens(r, s, event, some...)
		for _, slice := range some {
			if _, known := m.known[slice]; !known {
				m.open[slice], m.known[slice] = "", ""
			}
		}
	case "close":
		w.closes(r, s, event, slice)
		delete(m.open, slice)
	case "advance":
		after := rapid.StringN(1, 3, 9).Draw(r, "after")
		w.advances(r, s, event, slice, after)
		if isOpen {
			m.open[slice] = after
		}
	}
}
