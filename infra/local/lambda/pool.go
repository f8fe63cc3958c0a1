package lambda

import (
	"slices"
	"sync"
	"time"
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

// ready is the runtime asking for work: what it worked on is finished. It reports false when
// the runtime is asking already.
func (p *pool) ready(i *instance) bool {
	p.mu.Lock()
	if i.polling {
		p.mu.Unlock()
		return false
	}
	p.initialized(i)
	finished := p.release(i)
	if finished != nil && !finished.responded {
		finished.fail(exitedUnanswered(finished.id))
	}
	i.polling = true
	if p.closed || i.binary != p.binary {
		i.stop()
	} else {
		p.idle = append(p.idle, i)
		i.idleTimer = time.AfterFunc(p.svc.opts.IdleTimeout, func() { p.expire(i) })
	}
	p.dispatch()
	p.mu.Unlock()
	p.finish(finished)
	return true
}

// initialized ends the init phase of i, if it is still in it. mu is held.
func (p *pool) initialized(i *instance) {
	if i.ready {
		return
	}
	i.ready = true
	if !i.isExternal() {
		i.init = time.Since(i.started)
		p.starting--
		i.timer.Stop()
	}
}

// release takes the current invocation off i. mu is held.
func (p *pool) release(i *instance) *invocation {
	inv := i.current
	if inv == nil {
		return nil
	}
	i.current = nil
	i.timer.Stop()
	p.inflight--
	inv.duration = time.Since(inv.start)
	return inv
}

// expire stops an instance that has been idle for too long.
func (p *pool) expire(i *instance) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if at := slices.Index(p.idle, i); at >= 0 && !i.isExternal() {
		p.idle = slices.Delete(p.idle, at, at+1)
		i.stop()
	}
}

// deliver marks inv as handed to the runtime and starts its clock.
func (p *pool) deliver(i *instance, inv *invocation) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i.polling = false
	inv.delivered = true
	inv.init, i.init = i.init, 0
	inv.start = time.Now()
	inv.deadline = inv.start.Add(p.fn.Timeout)
	if i.isExternal() {
		inv.deadline = inv.start.Add(24 * time.Hour) // a person at a breakpoint has time
		return
	}
	i.timer = time.AfterFunc(p.fn.Timeout, func() { p.timeout(i, inv) })
}

// timeout kills an instance that is still at inv; exited then answers for it.
func (p *pool) timeout(i *instance, inv *invocation) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i.current == inv {
		i.timedOut = true
		i.kill()
	}
}

// detached is a runtime that stopped asking before it was given work: its process ended.
func (p *pool) detached(i *instance) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i.polling = false
	p.idle = slices.DeleteFunc(p.idle, func(other *instance) bool { return other == i })
	i.idleTimer.Stop()
	if i.isExternal() {
		p.requeue(i)
		p.dispatch()
	}
}

// requeue puts the invocation that i never received in front. mu is held.
func (p *pool) requeue(i *instance) {
	if i.current == nil || i.current.delivered {
		return
	}
	p.queue = slices.Insert(p.queue, 0, i.current)
	i.current = nil
	select {
	case <-i.work:
	default:
	}
}

// exited removes an instance whose process has ended and answers the invocation that this
// leaves unanswered: the one it was at or, when it ended in its init, the one waiting longest.
func (p *pool) exited(i *instance, cause error) {
	p.mu.Lock()
	delete(p.instances, i)
	p.idle = slices.DeleteFunc(p.idle, func(other *instance) bool { return other == i })
	i.idleTimer.Stop()
	i.timer.Stop()
	p.requeue(i)
	failed := p.release(i)
	if !i.ready {
		p.starting--
		failed = p.unstarted(i)
	}
	if failed != nil && (!failed.responded || i.crashedAfter(failed, cause)) {
		failed.fail(i.failure(failed, cause))
	}
	p.dispatch()
	p.mu.Unlock()
	p.finish(failed)
}

// unstarted takes the invocation off the queue that a failed init answers. mu is held.
func (p *pool) unstarted(i *instance) *invocation {
	if i.stopping || len(p.queue) == 0 {
		return nil
	}
	inv := p.queue[0]
	p.queue = p.queue[1:]
	p.inflight--
	inv.start = i.started
	inv.duration = time.Since(i.started)
	return inv
}

// finish tells everybody that inv has ended.
func (p *pool) finish(inv *invocation) {
	if inv == nil {
		return
	}
	if report := p.svc.opts.OnInvocation; report != nil && inv.err == nil {
		report(inv.report(p.fn.Name))
	}
	inv.end()
}

// swap makes new instances run another program. Idle ones of the old program stop now, busy
// ones when they have finished.
func (p *pool) swap(binary string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.binary = binary
	p.stopUnused()
	p.dispatch()
}

// stopUnused stops idle and starting instances. mu is held.
func (p *pool) stopUnused() {
	p.idle = nil
	for i := range p.instances {
		if i.current == nil {
			i.stop()
		}
	}
}

func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	dropped := p.queue
	p.queue = nil
	p.inflight -= len(dropped)
	for i := range p.instances {
		i.stop()
	}
	p.mu.Unlock()
	for _, inv := range dropped {
		inv.err = ErrClosed
		p.finish(inv)
	}
	if p.external != nil {
		p.closeExternal()
	}
}

func (p *pool) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.instances {
		i.kill()
	}
}
