package hook

import (
	"sync"
	"time"
)

const (
	// restFor is for how long a receiver that has not answered in time is not asked: an instance that
	// waits for it in every batch serves few others.
	restFor = 10 * time.Second
	// maxResting is how many receivers are remembered.
	maxResting = 1000
)

// resting are receivers that have not answered in time, as this instance knows. The zero value is
// ready for use.
type resting struct {
	mu    sync.Mutex
	until map[string]time.Time
}

func (r *resting) has(url string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return now.Before(r.until[url])
}

func (r *resting) add(url string, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for other, until := range r.until {
		if !now.Before(until) {
			delete(r.until, other)
		}
	}
	if r.until == nil {
		r.until = map[string]time.Time{}
	}
	if len(r.until) < maxResting {
		r.until[url] = now.Add(restFor)
	}
}
