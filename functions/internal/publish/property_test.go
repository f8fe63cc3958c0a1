package publish

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"edgestream/functions/internal/stream"
)

// chaos is a transport whose posts take any time and now and then are refused, for a while.
type chaos struct {
	random *rand.Rand
	downs  []time.Time // from, to, from, to …
}

func (c *chaos) latency(string) time.Duration {
	return time.Duration(c.random.Int64N(int64(40 * time.Millisecond)))
}

func (c *chaos) answer(string, string) error {
	now, down := time.Now(), false
	for _, at := range c.downs {
		if !now.Before(at) {
			down = !down
		}
	}
	if down || c.random.IntN(10) == 0 {
		return []error{stream.ErrThrottled, stream.ErrUnavailable, errOdd}[c.random.IntN(3)]
	}
	return nil
}

// scenario is a batch and the world that it meets.
type scenario struct {
	connections, accounts int
	batch                 []stream.Change
	due                   map[string]map[string][]int // by connection and owner
	posts                 int
	seed                  uint64
	outages               []int // milliseconds from the start: down, up, down, up …
	kinds                 []int // of the connections, in turn: plain, withIDs, replayed
}

const (
	plain = iota
	withIDs
	beingReplayed
)

func drawScenario(t *rapid.T) scenario {
	s := scenario{
		connections: rapid.IntRange(1, 30).Draw(t, "connections"), accounts: rapid.IntRange(1, 4).Draw(t, "accounts"),
		posts: rapid.IntRange(1, 8).Draw(t, "posts"), seed: rapid.Uint64().Draw(t, "seed"),
		outages: rapid.SliceOfN(rapid.IntRange(0, 20_000), 0, 4).Draw(t, "outages"),
		kinds:   rapid.SliceOfN(rapid.IntRange(plain, beingReplayed), 1, 5).Draw(t, "kinds"),
		due:     map[string]map[string][]int{},
	}
	s.outages = s.outages[len(s.outages)%2:]
	for n := range rapid.IntRange(1, 30).Draw(t, "changes") {
		owner := rapid.SampledFrom([]string{"x", "y", "z"}).Draw(t, "owner")
		to := rapid.IntRange(0, s.accounts-1).Draw(t, "account")
		s.batch = append(s.batch, say(n, owner, strconv.Itoa(to)))
		for i := to; i < s.connections; i += s.accounts {
			id := fmt.Sprint("c", i)
			if s.due[id] == nil {
				s.due[id] = map[string][]int{}
			}
			s.due[id][owner] = append(s.due[id][owner], n)
		}
	}
	return s
}

// run publishes the scenario and says what went wrong; empty if nothing did.
func (s scenario) run(t *testing.T) string {
	w := newWorld(t)
	for i := range s.connections {
		l := w.user(fmt.Sprint("c", i), strconv.Itoa(i%s.accounts))
		l.EventIDs = s.kinds[i%len(s.kinds)] != plain
		l.Replaying = s.kinds[i%len(s.kinds)] == beingReplayed
	}
	c := chaos{random: rand.New(rand.NewPCG(s.seed, 0))}
	w.log.fails = func() bool { return c.random.IntN(20) == 0 }
	replays := replayAll(t, w, s.seed)
	for _, ms := range s.outages {
		c.downs = append(c.downs, time.Now().Add(time.Duration(ms)*time.Millisecond))
	}
	w.latency, w.answer = c.latency, c.answer
	w.disconnect = func(string) error { return stream.ErrUnavailable }
	if stuck := untilDone(t, w.publisher(Config{Posts: s.posts, Margin: time.Second}), s.batch); stuck != "" {
		return stuck
	}
	replays.finish()
	for id, due := range s.due {
		if wrong := s.compare(w.got[id], due); wrong != "" {
			return id + " " + wrong
		}
	}
	return ""
}

// untilDone hands the batch over as Lambda's poller does: from the lowest number that failed on.
func untilDone(t *testing.T, p *Publisher, batch []stream.Change) string {
	for range 50 {
		ctx, cancel := context.WithTimeout(t.Context(), 6*time.Second)
		failed := p.Publish(ctx, batch)
		cancel()
		if len(failed) == 0 {
			return ""
		}
		batch = batch[slices.IndexFunc(batch, func(c stream.Change) bool { return c.Sequence == failed[0] }):]
	}
	return "never got through"
}

// compare sets what a connection got of each owner against what was due to it, in order.
func (s scenario) compare(got []string, due map[string][]int) string {
	owners := map[string][]int{}
	ids := map[string]bool{}
	for _, frame := range got {
		number, id, _ := strings.Cut(strings.TrimPrefix(frame, "user e "), " ")
		if id != "" && ids[id] {
			continue // as a client drops it
		}
		ids[id] = true
		n, err := strconv.Atoi(number)
		if err != nil {
			return err.Error()
		}
		owners[s.batch[n].Owner] = append(owners[s.batch[n].Owner], n)
	}
	for _, owner := range []string{"x", "y", "z"} {
		if !slices.Equal(owners[owner], due[owner]) {
			return fmt.Sprintf("got %v of %s, due %v", owners[owner], owner, due[owner])
		}
	}
	return ""
}

func TestOrderHoldsAndNothingIsLostOrRepeatedWhateverTheTransportDoes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s, wrong := drawScenario(rt), ""
		synctest.Test(t, func(t *testing.T) { wrong = s.run(t) })
		if wrong != "" {
			rt.Fatal(wrong)
		}
	})
}
