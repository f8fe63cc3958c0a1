package history_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"edgestream/functions/internal/history"
)

// client reads a world as a client does that loses its connection now and then.
type client struct {
	*world
	r *history.Reader
	// skew is how far the clock of the reader of now is from the world's.
	skew, maxSkew time.Duration
	busy          int
	reconnect     func() bool
	got           []history.Item
	messages      map[string]int
}

func (c *client) clock() time.Time { return c.now.Add(c.skew) }

// begin is a reader at the position, on a machine of its own.
func (c *client) begin(t *rapid.T, id string) {
	c.skew = c.upTo(2*c.maxSkew) - c.maxSkew
	p, err := user.Parse(id, c.clock())
	if err != nil {
		t.Fatalf("%q: %v", id, err)
	}
	c.r = history.NewReader(c, user, p)
	c.r.SetBusy(c.busy)
}

// poll reads once and takes what it gets, message by message, up to where the connection is lost.
func (c *client) poll(t *rapid.T, consistent bool) (more bool) {
	items, more, err := c.r.Read(t.Context(), c.clock(), consistent)
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range items {
		for n := item.First; n < len(item.Messages); n++ {
			c.take(t, item, n)
			c.r.Done(item, n+1)
			if c.reconnect() {
				c.begin(t, user.PositionID(c.r.Position()))
				return true
			}
		}
	}
	return more
}

func (c *client) take(t *rapid.T, item history.Item, n int) {
	name := fmt.Sprint(item.Log, "/", item.Record)
	if c.messages[name] != n {
		t.Fatalf("%s: message %d after %d", name, n, c.messages[name])
	}
	if c.messages[name] = n + 1; n == 0 {
		c.got = append(c.got, item)
	}
}

// follow polls until everything has appeared, and then to the end.
func (c *client) follow(t *rapid.T, interval time.Duration) {
	for c.now.Before(c.end()) {
		if !c.poll(t, false) {
			c.now = c.now.Add(c.upTo(interval))
		}
		c.now = c.now.Add(time.Microsecond)
	}
	for i := 0; c.poll(t, true); i++ {
		if i > 10*len(c.entries)+10 {
			t.Fatal("there is always more")
		}
	}
}

// checkAll fails unless everything that appeared after begun was read once.
func (c *client) checkAll(t *rapid.T, begun time.Time) {
	for _, e := range c.entries {
		log := 0
		if e.Topic == userLogs[1] {
			log = 1
		}
		got := c.messages[fmt.Sprint(log, "/", e.Record)]
		if want := len(e.Messages); e.at.After(begun) && got != want || !e.at.After(begun) && got != 0 {
			t.Errorf("log %d %s of %s number %d, there at %v, placed %v, previous %v: %d of %d messages", log, e.Record, e.Writer, e.N,
				e.at.Sub(noon), e.At.Sub(noon), e.Previous.Sub(noon), got, want)
		}
	}
}

// checkOrder fails unless the entries of each log have their owner's, and their writer's, order.
func (c *client) checkOrder(t *rapid.T, owners bool) {
	last := map[string]history.Item{}
	for _, item := range c.got {
		if was, ok := last[fmt.Sprint("w", item.Log, item.Writer)]; ok && was.N > item.N {
			t.Errorf("%s: number %d after %d", item.Writer, item.N, was.N)
		}
		last[fmt.Sprint("w", item.Log, item.Writer)] = item
		if was, ok := last[fmt.Sprint("o", item.Log, item.Owner)]; owners && ok && number(was) > number(item) {
			t.Errorf("%s: sequence %s after %s", item.Owner, item.Sequence, was.Sequence)
		}
		last[fmt.Sprint("o", item.Log, item.Owner)] = item
	}
}

func number(i history.Item) (n int) { _, _ = fmt.Sscan(i.Sequence, &n); return n }

func newClient(t *rapid.T, r rules) *client {
	random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
	w := newWorld(random, r)
	w.now = noon.Add(w.upTo(w.end().Sub(noon) + time.Second)) // somewhere in the middle
	losses := rapid.IntRange(0, 100).Draw(t, "losses per 100 messages")
	return &client{world: w, busy: 1000, messages: map[string]int{}, reconnect: func() bool { return random.IntN(100) < losses }}
}

func (c *client) run(t *rapid.T, interval time.Duration) {
	begun := c.now
	takes := c.takes
	c.takes = 0 // else nobody can say what was there before
	p, err := history.Snapshot(t.Context(), c, user, c.clock())
	if err != nil {
		t.Fatal(err)
	}
	c.takes = takes
	c.begin(t, user.PositionID(p))
	c.follow(t, interval)
	c.checkAll(t, begun)
}

func drawRules(t *rapid.T, skew time.Duration) rules {
	return rules{
		entries: rapid.IntRange(0, 150).Draw(t, "entries"), writers: rapid.IntRange(1, 6).Draw(t, "writers"), owners: rapid.IntRange(1, 6).Draw(t, "owners"),
		skew: skew, latency: time.Duration(rapid.SampledFrom([]int{1, 100, 3000}).Draw(t, "latency")) * time.Millisecond,
		gap: time.Duration(rapid.SampledFrom([]int{0, 10, 500, 4000}).Draw(t, "gap")) * time.Millisecond, moves: rapid.Bool().Draw(t, "moves"),
	}
}

func TestEveryEntryComesOnceAndInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := newClient(t, drawRules(t, 4*time.Second))
		c.stale = time.Duration(rapid.IntRange(0, 2900).Draw(t, "stale")) * time.Millisecond
		c.run(t, 2*time.Second)
		c.checkOrder(t, true)
	})
}

func TestEveryEntryComesOnceToReadersWhoseClocksDifferToo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := newClient(t, drawRules(t, 2*time.Second))
		c.maxSkew, c.stale = 2*time.Second, time.Second
		c.run(t, 5*time.Second)
		c.checkOrder(t, true)
	})
}

func TestEveryEntryOfABusyLogComesOnceWithPagesThatTakeTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := drawRules(t, 4*time.Second)
		c := newClient(t, r)
		c.busy = rapid.IntRange(0, 10).Draw(t, "busy")
		c.page = rapid.IntRange(1, 20).Draw(t, "page")
		c.takes, c.stale = 200*time.Millisecond, time.Second
		c.run(t, time.Second)
		c.checkOrder(t, false)
	})
}

func TestAnOwnersOrderHoldsInABusyLogOfOneWriterEach(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := drawRules(t, 4*time.Second)
		r.moves = false
		c := newClient(t, r)
		c.busy = 0
		c.page, c.takes = rapid.IntRange(1, 20).Draw(t, "page"), 200*time.Millisecond
		c.run(t, time.Second)
		c.checkOrder(t, true)
	})
}

func TestAReaderThatWasAwayPagesOnInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := newClient(t, drawRules(t, 4*time.Second))
		c.now, c.page = c.end().Add(time.Minute), rapid.IntRange(1, 20).Draw(t, "page")
		c.begin(t, user.PositionID(history.Position{After: noon.Add(-time.Minute)}))
		c.follow(t, time.Second)
		c.checkAll(t, noon.Add(-time.Second))
		c.checkOrder(t, true)
	})
}

func TestAPositionStaysSmallInABurst(t *testing.T) {
	w := newWorld(rand.New(rand.NewPCG(1, 1)), rules{entries: 10_000, writers: 1, owners: 1, latency: 2 * time.Millisecond})
	w.now = w.end()
	r := history.NewReader(w, user, history.Position{After: noon.Add(-time.Hour)})
	got := 0
	for more := true; more; {
		var items []history.Item
		items, more, _ = r.Read(t.Context(), w.now, false)
		for i, item := range items {
			r.Done(item, len(item.Messages))
			if id := user.PositionID(r.Position()); i%100 == 0 && len(id) >= 200 {
				t.Fatalf("%d characters", len(id))
			}
		}
		got += len(items)
	}
	if got != len(w.entries) {
		t.Errorf("%d of %d entries", got, len(w.entries))
	}
}
