package publish

import (
	"sync"
	"time"

	"edgestream/functions/internal/stream"
)

const (
	// keptFor is how long a topic that was found kept is taken for kept without having been looked
	// up: an entry too many costs a write, and nothing else.
	keptFor = 10 * time.Minute
	// maxKept is how many topics are remembered, at about 100 bytes each.
	maxKept = 1 << 16
)

// kept remembers which topics' logs are kept. The zero value is empty.
type kept struct {
	mu    sync.Mutex
	until map[stream.Topic]time.Time
}

func (k *kept) has(t stream.Topic) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	until, ok := k.until[t]
	return ok && time.Now().Before(until)
}

func (k *kept) set(t stream.Topic, is bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case !is:
		delete(k.until, t)
		return
	case k.until == nil || len(k.until) >= maxKept:
		k.until = map[stream.Topic]time.Time{} // the next look-ups find them again
	}
	k.until[t] = time.Now().Add(keptFor)
}
