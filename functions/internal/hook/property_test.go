package hook_test

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"edgestream/functions/internal/hook"
)

// stage lets what runs at once go on one step at a time, in any order.
type stage struct {
	mu      sync.Mutex
	waiting []chan struct{}
}

// step waits for its turn.
func (s *stage) step() {
	turn := make(chan struct{})
	s.mu.Lock()
	s.waiting = append(s.waiting, turn)
	s.mu.Unlock()
	<-turn
}

// next gives one of those that wait its turn, a millisecond later. False: nobody waits.
func (s *stage) next(choice int) bool {
	synctest.Wait()
	time.Sleep(time.Millisecond)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.waiting) == 0 {
		return false
	}
	n := choice % len(s.waiting)
	close(s.waiting[n])
	s.waiting = slices.Delete(s.waiting, n, n+1)
	return true
}

// channel is what is stored of one channel. Each request to the table is one step.
type channel struct {
	stage
	hooks       hook.Hooks
	requests    sync.Mutex
	subscribers map[int]bool
	row         bool
	// mark is the last look's that has marked the row; 0: it is not marked.
	mark, looks int
}

// request makes one request, when it is its turn.
func (c *channel) request(do func()) {
	c.step()
	c.now(do)
}

func (c *channel) now(do func()) {
	c.requests.Lock()
	defer c.requests.Unlock()
	do()
}

// come subscribes a client as the package's description says.
func (c *channel) come(ctx context.Context, client int) {
	var stands, first bool
	c.request(func() { c.subscribers[client] = true })
	c.request(func() { stands = c.row && c.mark == 0 })
	if stands {
		return
	}
	c.request(func() { first, c.row, c.mark = !c.row, true, 0 })
	if first {
		_ = c.hooks.Occupied(ctx, "1", "x", time.Now())
	}
}

func (c *channel) leave(ctx context.Context, client int) {
	var empty bool
	c.request(func() { delete(c.subscribers, client) })
	c.request(func() { empty = len(c.subscribers) == 0 })
	if empty {
		_ = c.hooks.Vacating(ctx, "1", "x")
	}
}

// Vacate marks at once: nobody comes and leaves while one request is made.
func (c *channel) Vacate(context.Context, string, string) (vacated bool, err error) {
	var empty, marked bool
	var mine int
	c.now(func() {
		if c.looks++; c.row {
			c.mark, mine, marked = c.looks, c.looks, true
		}
	})
	if !marked {
		return false, nil
	}
	c.request(func() { empty = len(c.subscribers) == 0 })
	c.request(func() {
		switch {
		case c.mark != mine: // somebody has come, or looked, since
		case !empty:
			c.mark = 0
		default:
			c.row, c.mark, vacated = false, 0, true
		}
	})
	return vacated, nil
}

func (c *channel) Depart(context.Context, string, string, string) (bool, error) { return false, nil }

// play lets three clients come and go as the choices say, and returns what a receiver was told, by
// time, and whether somebody is subscribed in the end.
func play(t *testing.T, choices []int) (told []string, subscribed bool) {
	w := &world{apps: app(all(url))}
	c := &channel{subscribers: map[int]bool{}, hooks: hook.Hooks{Apps: w.apps, Queue: &w.queue}}
	n := hook.New(hook.Config{Apps: w.apps, Departures: c, Counter: &w.looks, Queue: &w.queue, Poster: &w.receivers, Reporter: &w.reports})
	var running sync.WaitGroup
	busy, here := map[int]bool{}, map[int]bool{}
	notify := func() {
		for _, m := range w.queue.due() {
			running.Go(func() { n.Notify(t.Context(), []hook.Message{m}) })
		}
	}
	move := func(client int) {
		if busy[client] {
			return
		}
		busy[client], here[client] = true, !here[client]
		come := here[client]
		running.Go(func() {
			if come {
				c.come(t.Context(), client)
			} else {
				c.leave(t.Context(), client)
			}
			busy[client] = false
		})
	}
	for _, choice := range choices {
		switch synctest.Wait(); choice % 8 {
		case 0, 1, 2:
			move(choice % 8)
		case 3:
			time.Sleep(2 * time.Second)
			notify()
		default:
			c.next(choice / 8)
		}
	}
	for c.next(0) || len(w.queue.tasks) > 0 {
		time.Sleep(time.Second)
		notify()
	}
	running.Wait()
	return inTime(t, w.got[url]), len(c.subscribers) > 0
}

// inTime are the names of the events that were posted, in the order of their bodies' times.
func inTime(t *testing.T, posts []hook.Post) (names []string) {
	type body struct {
		At     int64 `json:"time_ms"`
		Events []hook.Event
	}
	var bodies []body
	for _, p := range posts {
		var b body
		if err := json.Unmarshal(p.Body, &b); err != nil {
			t.Error(err)
		}
		bodies = append(bodies, b)
	}
	slices.SortStableFunc(bodies, func(a, b body) int { return int(a.At - b.At) })
	for _, b := range bodies {
		for _, e := range b.Events {
			names = append(names, e.Name)
		}
	}
	return names
}

// However coming, leaving and looking interleave, a receiver is told occupied and vacated in turn,
// and in the end what is so.
func TestOccupiedAndVacatedAlternate(t *testing.T) {
	twice := 0
	rapid.Check(t, func(r *rapid.T) {
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(r, "seed"), 0))
		choices := make([]int, 300)
		for i := range choices {
			choices[i] = random.IntN(64)
		}
		var told []string
		var subscribed bool
		synctest.Test(t, func(t *testing.T) { told, subscribed = play(t, choices) })
		if len(told) > 2 {
			twice++
		}
		want := []string{hook.ChannelOccupied, hook.ChannelVacated}
		for i, name := range told {
			if name != want[i%2] {
				r.Fatalf("told %q", told)
			}
		}
		if subscribed != (len(told)%2 == 1) {
			r.Fatalf("told %q; subscribed: %t", told, subscribed)
		}
	})
	if twice == 0 {
		t.Error("no channel was occupied twice: the choices show little")
	}
}
