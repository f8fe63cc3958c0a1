package publish

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"edgestream/functions/internal/stream"
)

// turns are the replays that are running, by connection: how often something was left to each.
type turns map[string]int

func (t turns) put(connection string) (bool, error) {
	if _, ok := t[connection]; !ok {
		return false, nil
	}
	t[connection]++
	return true, nil
}

// replays serve the listeners of a world that are being replayed, side by side with a publisher.
type replays struct {
	w    *world
	mu   sync.Mutex
	rand *rand.Rand
	wg   sync.WaitGroup
}

// replayAll starts a replay of each listener that is being replayed.
func replayAll(t *testing.T, w *world, seed uint64) *replays {
	r := &replays{w: w, rand: rand.New(rand.NewPCG(seed, 1))}
	w.turns = turns{}
	for topic, listeners := range w.listeners {
		for i := range listeners {
			if listeners[i].Replaying {
				w.turns[listeners[i].ID] = 1
				r.wg.Go(func() { r.replay(topic, listeners[i], &w.listeners[topic][i]) })
			}
		}
	}
	return r
}

func (r *replays) finish() { r.wg.Wait() }

// replay says what is in the log until nothing was left to it since it last read the log.
func (r *replays) replay(topic stream.Topic, l stream.Listener, mapping *stream.Listener) {
	said := 0
	for {
		r.pause()
		turn, frames := r.read(topic, &l)
		for ; said < len(frames); said++ {
			r.w.begin(l.ID)
			r.pause()
			r.w.mu.Lock()
			r.w.got[l.ID] = append(r.w.got[l.ID], frames[said])
			r.w.mu.Unlock()
			r.w.end(l.ID)
		}
		if r.caughtUp(&l, turn, mapping) {
			return
		}
	}
}

// pause takes up to two seconds: many batches.
func (r *replays) pause() {
	r.mu.Lock()
	d := time.Duration(r.rand.Int64N(int64(2 * time.Second)))
	r.mu.Unlock()
	time.Sleep(d)
}

// read reads the turn and then the log, as frames.
func (r *replays) read(topic stream.Topic, l *stream.Listener) (turn int, frames []string) {
	r.w.mu.Lock()
	turn = r.w.turns[l.ID]
	entries := r.w.log.entries
	r.w.mu.Unlock()
	for _, e := range entries {
		if e.Topic != topic {
			continue
		}
		for i, m := range e.Messages {
			frames = append(frames, string(identify(r.w.encode(l.Subscription, m), bound(l).EventID(e, i))))
		}
	}
	return turn, frames
}

func (r *replays) caughtUp(l *stream.Listener, turn int, mapping *stream.Listener) bool {
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	if r.w.turns[l.ID] != turn {
		return false
	}
	delete(r.w.turns, l.ID)
	mapping.Replaying = false
	return true
}
