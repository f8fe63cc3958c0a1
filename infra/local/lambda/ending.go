package lambda

import (
	"slices"
	"time"
)

// How instances and invocations end.

// exited removes an instance whose process has ended and answers the invocation that this
// leaves unanswered: the one it was at or, when it ended in its init, the one waiting longest.
func (p *pool) exited(i *instance, cause error) {
	p.mu.Lock()
	delete(p.instances, i)
	p.idle = slices.DeleteFunc(p.idle, func(other *instance) bool { return other == i })
	i.idleTimer.Stop()
	i.timer.Stop()
	dropped := p.requeue(i)
	failed := p.release(i)
	if !i.ready {
		p.starting--
		failed = p.unstarted(i)
	}
	if failed != nil && (!failed.responded || i.crashedAfter(failed, cause)) {
		failed.fail(i.failure(failed, cause))
		failed.stopped = p.closed
	}
	p.dispatch()
	p.mu.Unlock()
	p.finish(dropped)
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

// expire stops an instance that has been idle for too long.
func (p *pool) expire(i *instance) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if at := slices.Index(p.idle, i); at >= 0 && !i.isExternal() {
		p.idle = slices.Delete(p.idle, at, at+1)
		i.stop()
	}
}
