package sse

import (
	"context"
	"net/http"
	"time"
)

// pen writes to a client that may not read. It is for one goroutine.
type pen struct {
	w       http.ResponseWriter
	control *http.ResponseController
	// cut ends a write that blocks; nil where that cannot be.
	cut func()
	// writing is closed when the write that was given up has ended; nil if none was.
	writing chan struct{}
	// look is called again and again while a write waits for the client; an error ends the write. nil: never.
	look func(context.Context) error
	// written is how many bytes are on their way.
	written int
}

// lookEvery is how often a write that waits is interrupted for a look.
const lookEvery = 5 * time.Second

func newPen(ctx context.Context, w http.ResponseWriter) *pen {
	p := &pen{w: w, control: http.NewResponseController(w)}
	if c, ok := ctx.Value(cutterKey{}).(*cutter); ok {
		p.cut = c.cut
	}
	return p
}

// write returns when the bytes are on their way to the client, or with the reason for which they
// are not all: errGone, why the context has ended, or what look says. Nothing can be written after that.
func (p *pen) write(ctx context.Context, b []byte) error {
	if ctx.Err() != nil {
		return why(ctx)
	}
	var failed error
	done := make(chan struct{})
	go func() {
		defer close(done)
		if _, failed = p.w.Write(b); failed == nil {
			_ = p.control.Flush() // where nothing is buffered there is nothing to flush
		}
	}()
	if err := p.wait(ctx, done); err != nil {
		p.giveUp(done)
		return err
	}
	if failed != nil {
		return errGone
	}
	p.written += len(b)
	return nil
}

// wait returns when the write is done, or with the reason for which it must not be waited for.
func (p *pen) wait(ctx context.Context, done chan struct{}) error {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		select {
		case <-done:
			return nil
		case <-ctx.Done():
			return why(ctx)
		case <-ticker.C:
		}
		if p.look == nil {
			continue
		}
		if err := p.look(ctx); err != nil {
			return err
		}
	}
}

// giveUp ends the write that blocks, if there is a way, and waits for it to end.
func (p *pen) giveUp(writing chan struct{}) {
	p.writing = writing
	switch {
	case p.control.SetWriteDeadline(time.Now()) == nil:
	case p.cut != nil:
		p.cut()
	default:
		return
	}
	<-writing
}

// free reports whether no write is going on.
func (p *pen) free() bool {
	if p.writing == nil {
		return true
	}
	select {
	case <-p.writing:
		return true
	default:
		return false
	}
}
