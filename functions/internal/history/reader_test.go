package history_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"edgestream/functions/internal/history"
	"edgestream/functions/internal/historytest"
	"edgestream/functions/internal/stream"
)

// asked is a log that notes from where, and how, it is read.
type asked struct {
	*historytest.Memory
	from       []time.Time
	consistent []bool
	err        error
}

func (a *asked) Read(ctx context.Context, topic stream.Topic, after time.Time, consistent bool) ([]history.Entry, bool, error) {
	if a.err != nil && topic == userLogs[1] {
		return nil, false, a.err
	}
	a.from, a.consistent = append(a.from, after), append(a.consistent, consistent)
	return a.Memory.Read(ctx, topic, after, consistent)
}

func newAsked() *asked { return &asked{Memory: historytest.NewMemory()} }

// put appends the writer's entry number n to the user's own log.
func (a *asked) put(t *testing.T, writer string, n int, at, previous time.Time, messages int) {
	t.Helper()
	_, err := a.Append(t.Context(), history.Entry{
		Topic: userLogs[0], Record: fmt.Sprint(writer, n), At: at, Writer: writer, N: uint64(n), Previous: previous,
		Owner: writer, Sequence: fmt.Sprint(1000 + n), Messages: make([]stream.Message, messages),
	})
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, r *history.Reader, now time.Time) (items []history.Item) {
	t.Helper()
	items, _, err := r.Read(t.Context(), now, false)
	if err != nil {
		t.Fatal(err)
	}
	return items
}

func records(items []history.Item) (names []string) {
	for _, i := range items {
		names = append(names, fmt.Sprint(i.Record, "+", i.First))
	}
	return names
}

func wants(t *testing.T, items []history.Item, want ...string) {
	t.Helper()
	if got := records(items); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

const writerA, writerB = "AAAAAAAA", "BBBBBBBB"

func TestWhatIsNotDoneIsReturnedAgain(t *testing.T) {
	log := newAsked()
	log.put(t, writerA, 1, noon, time.Time{}, 3)
	log.put(t, writerB, 1, noon.Add(time.Second), time.Time{}, 1)
	from := history.Position{After: noon.Add(-time.Minute)}
	r := history.NewReader(log, user, from)
	now := noon.Add(time.Minute)
	wants(t, read(t, r, now), writerA+"1+0", writerB+"1+0")
	items := read(t, r, now)
	wants(t, items, writerA+"1+0", writerB+"1+0")
	if p := r.Position(); !p.After.Equal(from.After) || len(p.Seen) != 0 {
		t.Errorf("nothing is done, and the position is %v", p)
	}
	r.Done(items[0], 0)
	r.Done(items[0], 2)
	items = read(t, r, now)
	wants(t, items, writerA+"1+2", writerB+"1+0")
	r.Done(items[0], 3)
	if p := r.Position(); !p.After.Equal(from.After) || p.Seen[history.Mark{Writer: writerA}] != (history.Progress{N: 1, Messages: 3}) {
		t.Errorf("position %v", p)
	}
	r.Done(items[1], 1)
	if p := r.Position(); !p.After.Equal(now.Add(-history.Lateness)) || len(p.Seen) != 0 {
		t.Errorf("all is done, and the position is %v", p)
	}
	wants(t, read(t, r, now))
}

func TestAQuietLogCostsAQueryAPoll(t *testing.T) {
	log, now := newAsked(), noon
	r := history.NewReader(log, cats, history.Position{After: now.Add(-history.Lateness)})
	for range 20 {
		wants(t, read(t, r, now))
		now = now.Add(500 * time.Millisecond)
	}
	if len(log.from) != 20 || slices.Contains(log.consistent, true) {
		t.Errorf("%d queries, consistent %v", len(log.from), log.consistent)
	}
	if last := log.from[19]; !last.Equal(now.Add(-time.Second - history.Lateness)) {
		t.Errorf("the last was from %v before", now.Sub(last))
	}
}

func TestABusyLogIsReadFromItsNewestPart(t *testing.T) {
	log, now := newAsked(), noon
	r := history.NewReader(log, cats, history.Position{After: now.Add(-history.Lateness)})
	fill := func(from, to int) {
		for n := from; n <= to; n++ {
			at := noon.Add(time.Duration(n) * 100 * time.Millisecond)
			e := history.Entry{Topic: cats.Topic("1"), Record: fmt.Sprint(n), At: at, Writer: writerA, N: uint64(n), Previous: at.Add(-100 * time.Millisecond), Messages: make([]stream.Message, 1)}
			if _, err := log.Append(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		}
	}
	var got []history.Item
	for step := range 8 {
		fill(20*step+1, 20*step+20)
		now = now.Add(2 * time.Second)
		for range 4 { // a whole one, and three within the next 1.5 s
			items := read(t, r, now)
			for _, i := range items {
				r.Done(i, 1)
			}
			got = append(got, items...)
			now = now.Add(500 * time.Millisecond)
		}
		now = now.Add(-2 * time.Second)
	}
	if len(got) != 160 || len(log.from) != 32 || slices.Contains(log.consistent, true) {
		t.Errorf("%d entries, %d queries", len(got), len(log.from))
	}
	for i, from := range log.from {
		newest := noon.Add(time.Duration(i/4+1) * 2 * time.Second)
		whole := from.Before(newest.Add(-time.Second))
		if want := i%4 == 0; want != whole || !want && !from.Equal(newest.Add(-time.Second)) {
			t.Errorf("query %d is from %v before the newest", i, newest.Sub(from))
		}
	}
}

func TestAMissedEntryIsLookedForAtOnce(t *testing.T) {
	log := newAsked()
	r := history.NewReader(log, cats, history.Position{After: noon.Add(-history.Lateness)})
	r.SetBusy(0)
	topic := cats.Topic("1")
	put := func(n uint64, at, previous time.Time) {
		t.Helper()
		e := history.Entry{Topic: topic, Record: fmt.Sprint(n), At: at, Writer: writerA, N: n, Previous: previous, Messages: make([]stream.Message, 1)}
		if _, err := log.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	next := func(at time.Duration) []history.Item {
		items := read(t, r, noon.Add(at))
		for _, i := range items {
			r.Done(i, 1)
		}
		return items
	}
	put(1, noon, time.Time{})
	wants(t, next(0), "1+0")
	e := history.Entry{Topic: topic, Record: "other", At: noon.Add(4 * time.Second), Writer: writerB, N: 1, Messages: make([]stream.Message, 1)}
	if _, err := log.Append(t.Context(), e); err != nil { // from a clock that is fast
		t.Fatal(err)
	}
	wants(t, next(4*time.Second), "other+0")
	put(2, noon.Add(time.Second), noon) // late, and not within a second of the newest
	put(3, noon.Add(4*time.Second), noon.Add(time.Second))
	wants(t, next(4500*time.Millisecond), "2+0", "3+0")
}

func TestWhatIsGoneIsNotWaitedFor(t *testing.T) {
	log := newAsked()
	log.put(t, writerA, 1, noon, time.Time{}, 1)
	log.put(t, writerA, 3, noon.Add(2*time.Second), noon.Add(time.Second), 1)
	r := history.NewReader(log, user, history.Position{After: noon.Add(-time.Second)})
	items := read(t, r, noon.Add(3*time.Second))
	wants(t, items, writerA+"1+0", writerA+"3+0")
	for _, i := range items {
		r.Done(i, 1)
	}
	wants(t, read(t, r, noon.Add(time.Minute)))
}

func TestAFailedReadChangesNothing(t *testing.T) {
	log := newAsked()
	log.put(t, writerA, 1, noon, time.Time{}, 1)
	r := history.NewReader(log, user, history.Position{After: noon.Add(-time.Second)})
	log.err = history.ErrUnavailable
	if items, more, err := r.Read(t.Context(), noon, false); !errors.Is(err, history.ErrUnavailable) || items != nil || more {
		t.Errorf("%v, %v, %v", items, more, err)
	}
	if _, err := history.Snapshot(t.Context(), log, user, noon); !errors.Is(err, history.ErrUnavailable) {
		t.Errorf("Snapshot: %v", err)
	}
	log.err = nil
	wants(t, read(t, r, noon), writerA+"1+0")
}

func TestASnapshotHasAllThatIsThere(t *testing.T) {
	log := newAsked()
	log.Page = 2
	log.Stale = func(n int) int { return n }
	for n := 1; n <= 5; n++ {
		log.put(t, writerA, n, noon.Add(time.Duration(n)*time.Second), noon.Add(time.Duration(n-1)*time.Second), n)
	}
	p, err := history.Snapshot(t.Context(), log, user, noon.Add(12*time.Second))
	if err != nil || !p.After.Equal(noon.Add(2*time.Second)) || len(p.Seen) != 1 || p.Seen[history.Mark{Writer: writerA}] != (history.Progress{N: 5, Messages: 5}) {
		t.Errorf("%v, %v", p, err)
	}
}

func TestAReaderForgetsWhatIsOld(t *testing.T) {
	log, now := newAsked(), noon
	r := history.NewReader(log, user, history.Position{After: now, Seen: history.Seen{{Writer: "ZZZZZZZZ"}: {N: 1, Messages: 1}}})
	most := 0
	for i := range 14 * 60 {
		now = now.Add(time.Second)
		log.put(t, fmt.Sprintf("w%07d", i), 1, now, time.Time{}, 1)
		for _, item := range read(t, r, now) {
			r.Done(item, 1)
		}
		most = max(most, r.Marks())
	}
	if most > 16 || most < 10 {
		t.Errorf("%d marks", most)
	}
	read(t, r, now.Add(time.Minute))
	if r.Marks() != 0 {
		t.Errorf("%d marks after a quiet minute", r.Marks())
	}
}
