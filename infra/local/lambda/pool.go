package lambda

import (
	"slices"
	"sync"
)

// pool is the instances of one function and the invocations that wait for one.
//
//	submit → queue → dispatch → instance.work → deliver → (response) → ready → idle
//
// A waiting invocation takes whichever instance is free first: a new one or one that has just
// finished. mu guards everything below it and the fields of instances and invocations that say so.
type pool struct {
	svc      *Service
	fn       Function
	limit    int
	external *instance // the one that a debugger attaches to, or nil

	mu        sync.Mutex
	binary    string // program that new instances run; empty until built
	instances map[*instance]bool
	idle      []*instance // the last one was used last
	starting  int         // instances that have not asked for work yet
	queue     []*invocation
	inflight  int // waiting and running
	closed    bool
}

func newPool(s *Service, f Function) *pool {
	limit := s.opts.Concurrency
	if f.Concurrency > 0 {
		limit = f.Concurrency
	}
	if f.ReservedConcurrency != nil {
		limit = min(limit, *f.ReservedConcurrency)
	}
	return &pool{svc: s, fn: f, limit: limit, instances: map[*instance]bool{}}
}

// submit queues inv. When it returns nil, inv.done will be closed.
func (p *pool) submit(inv *invocation) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		return ErrClosed
	case p.fn.ReservedConcurrency != nil && p.inflight >= *p.fn.ReservedConcurrency:
		return ErrThrottled
	case p.binary == "" && p.external == nil:
		return ErrNotBuilt
	}
	p.inflight++
	p.queue = append(p.queue, inv)
	p.dispatch()
	return nil
}

// withdraw takes inv off the queue and reports whether it was still there.
func (p *pool) withdraw(inv *invocation) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := slices.Index(p.queue, inv)
	if at < 0 {
		return false
	}
	p.queue = slices.Delete(p.queue, at, at+1)
	p.inflight--
	return true
}

// dispatch hands waiting invocations to idle instances and starts what is missing. mu is held.
func (p *pool) dispatch() {
	for len(p.queue) > 0 && len(p.idle) > 0 {
		i := p.idle[len(p.idle)-1]
		p.idle = p.idle[:len(p.idle)-1]
		i.current, p.queue = p.queue[0], p.queue[1:]
		i.idleTimer.Stop()
		i.work <- i.current
	}
	for p.external == nil && len(p.queue) > p.starting && len(p.instances) < p.limit && !p.closed {
		p.start()
	}
}

func (p *pool) start() {
	i := newInstance(p, p.binary)
	p.instances[i] = true
	p.starting++
	p.svc.ran.Go(i.run)
}
