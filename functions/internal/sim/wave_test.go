package sim

import (
	"container/heap"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"testing"
	"time"
)

// Connections of two hours that were made together end together. A wave is what follows: everybody comes
// back, and API Gateway makes so many connections a second.

const (
	// connectRate is the account's quota of new connections a second, and connectBurst how many it saves up.
	// https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
	connectRate, connectBurst = 500, 500
	// retryFrom and retryTo are the pauses of a client that is refused: doubled each time, and random in
	// full, as those of Mastodon's web client and of pusher-js are about.
	retryFrom, retryTo = time.Second, time.Minute
	// connectionKeys and publicKeys are how many keys connections and public's listeners have.
	connectionKeys, publicKeys = 16, 8
	// partitionWrites is what DynamoDB writes to one key in a second at the most.
	partitionWrites = 1000
)

// comer is a client that tries again at a time.
type comer struct {
	at    time.Duration
	id    uint32
	tries int
}

// comers are those that are not back yet, the next one first.
type comers []comer

func (c comers) Len() int           { return len(c) }
func (c comers) Less(i, j int) bool { return c[i].at < c[j].at }
func (c comers) Swap(i, j int)      { c[i], c[j] = c[j], c[i] }
func (c *comers) Push(x any)        { *c = append(*c, x.(comer)) }
func (c *comers) Pop() any {
	last := len(*c) - 1
	x := (*c)[last]
	*c = (*c)[:last]
	return x
}

// wave is what became of it.
type wave struct {
	back []time.Duration // when each was back, in order
	// tried is how often it was tried in all, and busiest the most connections that a key took in a second.
	tried                     int
	busiestTable, busiestList int
}

func newWave(clients int, rate, burst float64) (w wave) {
	random := rand.New(rand.NewPCG(5, 6))
	pause := func(tries int) time.Duration {
		return time.Duration(random.Int64N(int64(min(retryFrom<<min(tries, 10), retryTo))))
	}
	waiting := make(comers, clients)
	for n := range waiting {
		waiting[n] = comer{at: pause(0), id: uint32(n)}
	}
	heap.Init(&waiting)
	level, last := burst, time.Duration(0)
	keys := map[string]int{}
	for len(waiting) > 0 {
		c := waiting[0]
		w.tried++
		level, last = min(burst, level+(c.at-last).Seconds()*rate), c.at
		if level < 1 {
			c.tries++
			c.at += time.Millisecond + pause(c.tries)
			waiting[0] = c
			heap.Fix(&waiting, 0)
			continue
		}
		level--
		heap.Pop(&waiting)
		w.back = append(w.back, c.at)
		h := fnv.New32a()
		fmt.Fprint(h, c.id)
		for of, n := range map[string]uint32{"connections": connectionKeys, "public": publicKeys} {
			keys[fmt.Sprintf("%s %d at %d", of, h.Sum32()%n, c.at/time.Second)]++
		}
	}
	for key, n := range keys {
		if key[0] == 'c' {
			w.busiestTable = max(w.busiestTable, n)
		} else {
			w.busiestList = max(w.busiestList, n)
		}
	}
	return w
}

// within is how many of a hundred are back by then.
func (w wave) within(d time.Duration) int {
	n := 0
	for _, at := range w.back {
		if at <= d {
			n++
		}
	}
	return 100 * n / len(w.back)
}

func TestEverybodyComesBackAtTheQuotasRate(t *testing.T) {
	for name, rate := range map[string]float64{"the usual quota": connectRate, "ten times as much": 10 * connectRate} {
		t.Run(name, func(t *testing.T) {
			clients := *crowded
			w := newWave(clients, rate, connectBurst)
			last, best := w.back[len(w.back)-1], time.Duration((float64(clients)-connectBurst)/rate*float64(time.Second))
			t.Logf("%d clients are back after %v at %v a second (%v at the best); %d %% of them within a quarter of an hour; %.1f attempts each; "+
				"the most that a key of connections wrote in a second is %d, one of public %d", clients, last, rate, best, w.within(15*time.Minute),
				float64(w.tried)/float64(clients), w.busiestTable, w.busiestList)
			if last > best*5/4+retryTo {
				t.Errorf("%v, and %v at the best", last, best)
			}
			if w.busiestTable > partitionWrites || w.busiestList > partitionWrites {
				t.Errorf("a key is written %d and %d times in a second", w.busiestTable, w.busiestList)
			}
		})
	}
}
