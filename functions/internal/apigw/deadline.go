package apigw

import (
	"context"
	"sync"
	"time"
)

const (
	answerFor = 5 * time.Second // how long a request may wait for its answer
	sharedFor = time.Second     // and how much longer the first of those that share a deadline may
)

// deadlines gives each request a context that ends. Requests with one context that begin within a second
// share one: a timer for each, as net/http's ResponseHeaderTimeout has it, takes a twentieth of the
// processor time of a post.
type deadlines struct {
	mu   sync.Mutex
	open map[context.Context]*deadline // the latest of each context, which is comparable, as all of package context are
}

type deadline struct {
	caller, ctx context.Context
	cancel      context.CancelFunc
	begun       time.Time
	requests    int // under way
}

// begin is the deadline of a request that begins now. It must be given to end.
func (d *deadlines) begin(caller context.Context, now time.Time) *deadline {
	d.mu.Lock()
	defer d.mu.Unlock()
	shared := d.open[caller]
	if shared == nil || now.Sub(shared.begun) > sharedFor {
		shared = &deadline{caller: caller, begun: now}
		shared.ctx, shared.cancel = context.WithTimeout(caller, answerFor+sharedFor)
		if d.open == nil {
			d.open = map[context.Context]*deadline{}
		}
		d.open[caller] = shared
	}
	shared.requests++
	return shared
}

// end says that a request is over. The last one leaves nothing behind.
func (d *deadlines) end(shared *deadline) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if shared.requests--; shared.requests > 0 {
		return
	}
	shared.cancel()
	if d.open[shared.caller] == shared {
		delete(d.open, shared.caller)
	}
}
