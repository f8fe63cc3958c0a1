package lambda

import "fmt"

// openExternal opens the Runtime API that a debugger's program attaches to. It stays at the
// same address for the life of the Service.
func (p *pool) openExternal() error {
	i := newInstance(p, "")
	i.logs = &logPipe{} // the program's output goes to the person's terminal
	p.mu.Lock()         // a program may attach as soon as the port is open
	defer p.mu.Unlock()
	if err := i.listen(&p.svc.ran); err != nil {
		return fmt.Errorf("%s: %w", p.fn.Name, err)
	}
	p.external = i
	p.instances[i] = true
	return nil
}

// closeExternal detaches the program, if there is one, and answers what it was at.
func (p *pool) closeExternal() {
	_ = p.external.api.Close()
	p.abandon(p.external)
}

// abandon answers the invocation of a program that will not answer it any more.
func (p *pool) abandon(i *instance) {
	p.mu.Lock()
	inv := p.release(i)
	if inv != nil && !inv.responded {
		inv.fail(exitedUnanswered(inv.id))
	}
	p.dispatch()
	p.mu.Unlock()
	p.finish(inv)
}
