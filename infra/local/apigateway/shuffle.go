package apigateway

import (
	"math/rand/v2"
	"sync"
	"time"
)

// shuffler collects one socket's messages for a moment and runs them in a random
// order, one after the other, so that their effects are reordered for certain.
type shuffler struct {
	window time.Duration

	mu     sync.Mutex
	random *rand.Rand
	batch  []func()
}

// newShuffler takes the run's seed and the connection's ordinal number.
func newShuffler(window time.Duration, seed, ordinal uint64) *shuffler {
	return &shuffler{window: window, random: rand.New(rand.NewPCG(seed, ordinal))}
}

func (s *shuffler) add(handle func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.batch = append(s.batch, handle); len(s.batch) == 1 {
		time.AfterFunc(s.window, s.flush)
	}
}

func (s *shuffler) flush() {
	s.mu.Lock()
	batch := s.batch
	s.batch = nil
	s.random.Shuffle(len(batch), func(i, j int) { batch[i], batch[j] = batch[j], batch[i] })
	s.mu.Unlock()
	for _, handle := range batch {
		handle()
	}
}
