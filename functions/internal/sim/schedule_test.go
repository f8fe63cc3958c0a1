package sim

import (
	"cmp"
	"container/heap"
	"math/rand/v2"
	"slices"
	"sync"
	"testing/synctest"
	"time"
)

// scheduler does one thing at a time, in an order that the seed decides. All that happens in a world
// happens in its goroutine; goroutines of the code under test hand in what they want done and wait.
type scheduler struct {
	random *rand.Rand
	agenda agenda
	number int
	steps  int
	over   bool

	mu    sync.Mutex
	inbox []wish
	bell  chan struct{}
}

// wish is what a goroutine wants done. Wishes that come in at the same moment are taken by their
// keys, since which goroutine was first is chance; equal keys mean equal wishes.
type wish struct {
	key string
	do  func()
}

func newScheduler(seed uint64) *scheduler {
	return &scheduler{random: rand.New(rand.NewPCG(seed, 0)), bell: make(chan struct{}, 1)}
}

// submit may be called by any goroutine.
func (s *scheduler) submit(key string, do func()) {
	s.mu.Lock()
	s.inbox = append(s.inbox, wish{key, do})
	s.mu.Unlock()
	select {
	case s.bell <- struct{}{}:
	default:
	}
}

// after has something done when so much time has passed.
func (s *scheduler) after(d time.Duration, do func()) {
	s.number++
	heap.Push(&s.agenda, entry{time.Now().Add(d), s.number, do})
}

// run goes on until over is set. Time passes only while every goroutine waits, and nothing is due.
func (s *scheduler) run() {
	for !s.over {
		s.steps++
		synctest.Wait()
		s.grant()
		switch now := time.Now(); {
		case len(s.agenda) > 0 && !s.agenda[0].at.After(now):
			heap.Pop(&s.agenda).(entry).do()
		case len(s.agenda) > 0:
			s.sleep(s.agenda[0].at.Sub(now))
		default:
			<-s.bell
		}
	}
}

// grant begins what goroutines have wished since the last time.
func (s *scheduler) grant() {
	s.mu.Lock()
	wishes := s.inbox
	s.inbox = nil
	s.mu.Unlock()
	slices.SortStableFunc(wishes, func(a, b wish) int { return cmp.Compare(a.key, b.key) })
	for _, w := range wishes {
		w.do()
	}
}

func (s *scheduler) sleep(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-s.bell:
	case <-t.C:
	}
}

// chance is true with the probability.
func (s *scheduler) chance(p float64) bool { return s.random.Float64() < p }

// between is a time from low up to high.
func (s *scheduler) between(low, high time.Duration) time.Duration {
	return low + time.Duration(s.random.Int64N(int64(high-low)+1))
}

// agenda is what is to be done, by time, and by when it was put there.
type agenda []entry

type entry struct {
	at     time.Time
	number int
	do     func()
}

func (a agenda) Len() int { return len(a) }
func (a agenda) Less(i, j int) bool {
	return cmp.Or(a[i].at.Compare(a[j].at), cmp.Compare(a[i].number, a[j].number)) < 0
}
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(x any)   { *a = append(*a, x.(entry)) }
func (a *agenda) Pop() any {
	last := len(*a) - 1
	e := (*a)[last]
	*a = (*a)[:last]
	return e
}
