package apigateway

import (
	"errors"
	"io"
	"sync"
)

var (
	errClosed = errors.New("apigateway: the connection is closed")
	errFull   = errors.New("apigateway: the client's buffer is full")
)

// outbox holds what waits to be written to one client, in order and bounded. Frames
// that arrive while a write is under way leave together in the next one; there is a
// goroutine only while there is something to write.
type outbox struct {
	limit    int
	maxFrame int
	w        io.WriteCloser // closed when a write fails

	mu      sync.Mutex
	idle    sync.Cond
	pending []byte
	spare   []byte
	flying  int // bytes of the write under way
	writing bool
	closed  bool
}

// keepBuffer is the largest buffer that an idle connection keeps.
const keepBuffer = 4 << 10

// newOutbox begins with bytes that are no frame, the handshake's answer. It takes
// messages at once, and writes nothing before begin.
func newOutbox(w io.WriteCloser, limit, maxFrame int, handshake []byte) *outbox {
	o := &outbox{w: w, limit: limit, maxFrame: maxFrame, pending: handshake, writing: true}
	o.idle.L = &o.mu
	return o
}

// begin starts writing. It is called once.
func (o *outbox) begin() { go o.write() }

// text queues a text message. It fails with errClosed, or with errFull if the client
// does not keep up; an empty buffer takes a message of any size.
func (o *outbox) text(message []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	waiting := len(o.pending) + o.flying
	switch {
	case o.closed:
		return errClosed
	case waiting > 0 && waiting+len(message) > o.limit:
		return errFull
	}
	o.queue(appendText(o.pending, message, o.maxFrame))
	return nil
}

// pong answers a ping, unless the client does not read its answers.
func (o *outbox) pong(payload []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.closed && len(o.pending)+o.flying < o.limit {
		o.queue(appendFrame(o.pending, opPong, true, payload))
	}
}

// close queues the close frame, after which nothing is accepted.
func (o *outbox) close(cause closeCause) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.closed {
		o.closed = true
		o.queue(appendClose(o.pending, cause))
	}
}

// abandon refuses everything from now on and drops what waits.
func (o *outbox) abandon() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed, o.pending = true, nil
}

// drained waits until everything is written or has failed.
func (o *outbox) drained() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.writing {
		o.idle.Wait()
	}
}

// waiting is the number of bytes not yet handed to the kernel.
func (o *outbox) waiting() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.pending) + o.flying
}

// queue is called with the lock held.
func (o *outbox) queue(pending []byte) {
	o.pending = pending
	if !o.writing {
		o.writing = true
		go o.write()
	}
}

func (o *outbox) write() {
	for {
		batch := o.take()
		if batch == nil {
			return
		}
		if _, err := o.w.Write(batch); err != nil {
			o.fail()
		}
		o.give(batch)
	}
}

// take returns what waits, or nil and ends the writing.
func (o *outbox) take() []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.pending) == 0 {
		o.writing = false
		o.idle.Broadcast()
		return nil
	}
	batch := o.pending
	o.pending, o.spare, o.flying = o.spare[:0], nil, len(batch)
	return batch
}

// give takes the written buffer back for the next batch, if it is small.
func (o *outbox) give(batch []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.flying = 0
	if cap(batch) <= keepBuffer {
		o.spare = batch
	}
}

// fail ends the connection: the reader notices that it is closed.
func (o *outbox) fail() {
	o.abandon()
	_ = o.w.Close()
}
