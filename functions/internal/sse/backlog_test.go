package sse

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"edgestream/functions/internal/history"
	"edgestream/functions/internal/stream"
)

// large is a text of the size of a batch, which the slow client takes three seconds to read.
func large(name string) string { return name + strings.Repeat("a", batchBytes) }

func (w *world) slow(target string) *client {
	c := w.at(target, "read")
	c.slow, c.piece = 100*time.Millisecond, 1<<10
	return c
}

// names are the first letters of the statuses that have come.
func (r *reply) names() (names string) {
	payloads, _ := r.data()
	for _, p := range payloads {
		names += strings.TrimPrefix(p, `{"id":"`)[:1]
	}
	return names
}

func TestWhatASlowClientHasWaitingIsNotReadAgain(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		r := w.slow("public").get(t)
		synctest.Wait() // its first look finds nothing
		said := "abcdefghijklmnopqrstuvwxyz"
		for _, name := range said {
			w.update(large(string(name)))
		}
		time.Sleep(2 * history.Lateness)
		entries, queries := w.memory.entriesRead(), w.memory.queries()
		time.Sleep(30 * time.Second)
		if again, more := w.memory.entriesRead()-entries, w.memory.queries()-queries; again > 0 || more < 5 || more > 20 {
			t.Errorf("%d entries were read again by %d queries in half a minute", again, more)
		}
		if n := len(r.names()); n < 10 || n > 20 {
			t.Errorf("%d events were written in the first minute", n)
		}
		time.Sleep(time.Minute)
		if got := r.names(); got != said {
			t.Errorf("got %s", got)
		}
		r.kill()
	})
}

func TestABacklogIsBoundedAndLosesNothing(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		w.Lifetime = 3 * time.Minute
		c := w.slow("public")
		r := c.get(t)
		synctest.Wait()
		var want []string
		for i := range 90 { // more than twice as much as may wait
			text := large(fmt.Sprint(i))
			want = append(want, fmt.Sprintf(`{"id":%q}`, text))
			w.update(text)
			time.Sleep(time.Second / 2)
		}
		time.Sleep(2 * history.Lateness)
		entries := w.memory.entriesRead()
		if time.Sleep(10 * time.Second); w.memory.entriesRead() == entries {
			t.Error("all of it is waiting")
		}
		<-r.done // as planned, before all has been written
		first, _ := r.data()
		c.slow = 0
		again := c.get(t)
		time.Sleep(time.Second)
		rest, _ := again.data()
		if len(first) < 10 || len(rest) < 10 || !slices.Equal(append(first, rest...), want) {
			t.Errorf("%d events and then %d, want %d", len(first), len(rest), len(want))
		}
		again.kill()
	})
}

func TestFiltersThatChangeHoldForWhatIsWaiting(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		r := w.slow("public").get(t)
		synctest.Wait()
		w.update("a")
		w.update(large("b"))
		w.update(large("c"))
		w.update("d")
		time.Sleep(time.Second)
		w.accounts.filter("1", "caaa")
		_ = w.Control(t.Context(), stream.PublicTopic(), controlViewer, "1")
		time.Sleep(2 * time.Minute)
		if got := r.names(); got != "abd" {
			t.Errorf("got %s", got)
		}
		r.kill()
	})
}

// What was read before it was known that the list had been another's for a while is not shown.
func TestAListThatHasBeenAnothersTakesWhatIsWaitingWithIt(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		list := stream.ListTopic("12")
		update := func(text string) {
			w.say(list, []stream.Name{stream.List}, "update", fmt.Sprintf(`{"id":%q}`, text))
		}
		r := w.slow("list?list=12").get(t)
		synctest.Wait()
		update(large("a"))
		update(large("b"))
		update(large("c")) // which the client reads until after what follows
		time.Sleep(2 * time.Second)
		gone := time.Now()
		time.Sleep(time.Second)
		update("another's")
		time.Sleep(3 * time.Second)
		for _, m := range []history.Move{{From: "1", To: "2", At: gone}, {From: "2", To: "1", At: time.Now()}} {
			_ = w.Control(t.Context(), list, history.ControlList, m.Payload())
		}
		time.Sleep(2 * history.Lateness)
		update("d")
		time.Sleep(time.Minute)
		if got := r.names(); got != "abcd" {
			t.Errorf("got %s", got)
		}
		r.kill()
	})
}

func TestEventsComeThoughEachLookTakesLong(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		w.memory.takes = readTime - time.Second
		r := w.at("public", "read").get(t)
		w.update("1")
		w.update("2")
		time.Sleep(4 * readTime)
		r.expect(t, "1", "2")
		r.kill()
	})
}
