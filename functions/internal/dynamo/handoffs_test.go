package dynamo

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"edgestream/functions/internal/stream"
)

func newHandoffs(t testing.TB) (*Handoffs, *clock) {
	client, _, name := newTable(t, "pk", "sk")
	h, c := NewHandoffs(client, name), newClock()
	h.now = c.now
	return h, c
}

func (h *Handoffs) leave(t testing.TB, now *clock, client, reader, position, last string) {
	t.Helper()
	o := stream.Handoff{Client: client, Reader: reader, Position: position, LastEvent: last, Until: now.after(30 * time.Second)}
	if err := h.Leave(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	now.pass(time.Millisecond)
}

func (h *Handoffs) take(t testing.TB, client, last, reader string) string {
	t.Helper()
	position, err := h.Take(t.Context(), client, last, reader)
	if err != nil {
		t.Fatal(err)
	}
	return position
}

func TestAHandoffIsTakenOnce(t *testing.T) {
	h, now := newHandoffs(t)
	h.leave(t, now, "c", "r1", "p1", "e1")
	for reader, want := range map[string]string{"a stranger": "", "r2": "p1"} {
		client := map[string]string{"": "other", "p1": "c"}[want]
		if got := h.take(t, client, "", reader); got != want {
			t.Errorf("%s took %q", reader, got)
		}
	}
	if got := h.take(t, "c", "", "r3"); got != "" {
		t.Errorf("taken twice: %q", got)
	}
	if got := h.take(t, "c", "", "r2"); got != "p1" {
		t.Errorf("the same call again: %q", got)
	}
}

func TestHandoffsOfOneClient(t *testing.T) {
	h, now := newHandoffs(t)
	h.leave(t, now, "c", "r1", "p1", "")
	h.leave(t, now, "c", "r2", "p2", "e2")
	h.leave(t, now, "c", "r3", "p3", "e3")
	for _, tt := range []struct{ last, want string }{{"e3", "p3"}, {"e3", ""}, {"e9", ""}, {"", "p1"}, {"", "p2"}, {"", ""}} {
		if got := h.take(t, "c", tt.last, fmt.Sprint(tt)); got != tt.want {
			t.Errorf("behind %q: %q, want %q", tt.last, got, tt.want)
		}
	}
}

func TestAHandoffThatIsLeftAgainIsOne(t *testing.T) {
	h, now := newHandoffs(t)
	o := stream.Handoff{Client: "c", Reader: "r1", Position: "p1", Until: now.after(30 * time.Second)}
	for range 2 {
		if err := h.Leave(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		now.pass(time.Second)
	}
	for reader, want := range []string{"p1", ""} {
		if got := h.take(t, "c", "", fmt.Sprint("n", reader)); got != want {
			t.Errorf("taken %q, want %q", got, want)
		}
	}
}

func TestAHandoffThatIsLeftAgainAfterItWasTakenIsTaken(t *testing.T) {
	h, now := newHandoffs(t)
	o := stream.Handoff{Client: "c", Reader: "r1", Position: "p1", Until: now.after(30 * time.Second)}
	for reader, want := range []string{"p1", "", ""} {
		if err := h.Leave(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		if got := h.take(t, "c", "", fmt.Sprint(reader)); got != want {
			t.Errorf("reader %d: %q, want %q", reader, got, want)
		}
	}
}

func TestAHandoffEnds(t *testing.T) {
	h, now := newHandoffs(t)
	h.leave(t, now, "c", "r1", "p1", "")
	now.pass(31 * time.Second)
	if got := h.take(t, "c", "", "r2"); got != "" {
		t.Errorf("taken too late: %q", got)
	}
}

func TestReadersThatComeAtOnceShareNoHandoff(t *testing.T) {
	h, now := newHandoffs(t)
	for i := range 3 {
		h.leave(t, now, "c", fmt.Sprint("r", i), fmt.Sprint("p", i), "")
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	taken := map[string]int{}
	for i := range 6 {
		wg.Go(func() {
			position, err := h.Take(t.Context(), "c", "", fmt.Sprint("new", i))
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			taken[position]++
		})
	}
	wg.Wait()
	if taken["p0"] != 1 || taken["p1"] != 1 || taken["p2"] != 1 || taken[""] != 3 {
		t.Errorf("%v", taken)
	}
}
