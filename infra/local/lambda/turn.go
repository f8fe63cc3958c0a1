package lambda

import (
	"slices"
	"time"
)

// An instance's turn: ready → deliver → (response) → ready, as its runtime drives it.

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

// deliver marks inv as handed to the runtime and starts its clock. It reports false when inv has
// been taken off i meanwhile.
func (p *pool) deliver(i *instance, inv *invocation) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	i.polling = false
	if i.current != inv {
		return false
	}
	inv.delivered = true
	inv.init, i.init = i.init, 0
	inv.start = time.Now()
	inv.deadline = inv.start.Add(p.fn.Timeout)
	if i.isExternal() {
		inv.deadline = inv.start.Add(24 * time.Hour) // a person at a breakpoint has time
		return true
	}
	i.timer = time.AfterFunc(p.fn.Timeout, func() { p.timeout(i, inv) })
	return true
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

// detached is a runtime that stopped asking before it was given work: its process ended, or is
// about to.
func (p *pool) detached(i *instance) {
	p.mu.Lock()
	i.polling = false
	p.idle = slices.DeleteFunc(p.idle, func(other *instance) bool { return other == i })
	i.idleTimer.Stop()
	dropped := p.requeue(i)
	p.dispatch()
	p.mu.Unlock()
	p.finish(dropped)
}

// requeue puts the invocation that i was to get, and never received, in front again. It
// returns the invocation when it is too late for that. mu is held.
func (p *pool) requeue(i *instance) (dropped *invocation) {
	inv := i.current
	if inv == nil || inv.delivered {
		return nil
	}
	i.current = nil
	select {
	case <-i.work:
	default:
	}
	if p.closed {
		p.inflight--
		inv.err = ErrClosed
		return inv
	}
	p.queue = slices.Insert(p.queue, 0, inv)
	return nil
}
