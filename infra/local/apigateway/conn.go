package apigateway

import (
	"bufio"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// goingAway is AWS's reason with 1001.
const goingAway = "Going away"

// conn is one connection, from the handshake to $disconnect.
type conn struct {
	srv              *Server
	id               string
	connectRequestID string
	ordinal          int64     // among all connections of the server
	connectedAt      time.Time // by Options.Now
	identity         identity
	domain, host     string

	nc     net.Conn
	in     *reader
	out    *outbox
	cause  atomic.Pointer[closeCause] // set once: the connection is closing
	opened time.Time                  // monotonic
	active atomic.Int64               // nanoseconds from opened to the last message

	timers  sync.Mutex
	idle    *time.Timer
	old     *time.Timer
	shuffle *shuffler // nil: messages are handed on as they come
}

// start makes the connection reachable and then answers 101. A post can only come
// after the 101 on the wire, and is never refused once the client has seen the 101.
func (c *conn) start(nc net.Conn, br *bufio.Reader, handshake []byte) {
	opt := &c.srv.opt
	c.nc, c.opened = nc, time.Now()
	c.out = newOutbox(nc, opt.SendBuffer, opt.MaxFrame, handshake)
	c.in = &reader{br: br, maxFrame: opt.MaxFrame, maxMessage: opt.MaxMessage, onPing: c.out.pong}
	if !c.srv.register(c) {
		defer c.close(closeCause{closeGoingAway, goingAway})
	}
	if opt.ShuffleMessages {
		c.shuffle = newShuffler(opt.ShuffleWindow, opt.ShuffleSeed, uint64(c.ordinal))
	}
	c.timers.Lock()
	c.idle = time.AfterFunc(opt.IdleTimeout, c.checkIdle)
	// The code at the end of the longest connection is not documented.
	c.old = time.AfterFunc(opt.MaxDuration, func() { c.close(closeCause{closeGoingAway, goingAway}) })
	c.timers.Unlock()
	c.srv.opt.Logger.Debug("connection open", "connection", c.id)
	c.out.begin()
	go c.run()
}

// run reads until the connection ends, and then ends it for everybody.
func (c *conn) run() {
	defer c.srv.work.Done()
	c.read()
	c.stopTimers()
	c.out.drained()
	_ = c.nc.Close()
	c.srv.unregister(c)
	cause := *c.cause.Load()
	c.srv.opt.Logger.Debug("connection closed", "connection", c.id, "code", cause.code, "reason", cause.reason)
	c.srv.disconnect(c, cause)
}

// read hands on messages until the connection ends, and leaves the cause set.
func (c *conn) read() {
	for {
		message, err := c.in.next()
		if err != nil {
			c.ended(err)
			return
		}
		if !c.closing() {
			c.touch()
			c.srv.dispatch(c, message)
		}
	}
}

func (c *conn) ended(err error) {
	var byPeer peerClosed
	var violation closeCause
	switch {
	case errors.As(err, &byPeer):
		c.close(byPeer.closeCause) // an echo, if we have not closed first
	case errors.As(err, &violation):
		c.close(violation)
		c.in.awaitClose()
	default:
		c.lost()
	}
}

// close begins to close the connection; only the first cause counts. The client has
// the grace period to answer, and as long to read what was written before.
func (c *conn) close(cause closeCause) {
	if !c.settle(cause) {
		return
	}
	_ = c.nc.SetDeadline(time.Now().Add(c.srv.opt.CloseGrace))
	c.out.close(cause)
}

// lost is the end of a connection without a close frame.
func (c *conn) lost() {
	c.settle(closeCause{closeAbnormal, ""}) // the reason is not documented
	c.out.abandon()
	_ = c.nc.Close()
}

func (c *conn) settle(cause closeCause) bool {
	if !c.cause.CompareAndSwap(nil, &cause) {
		return false
	}
	c.srv.open.Add(-1)
	return true
}

func (c *conn) closing() bool { return c.cause.Load() != nil }

// touch notes a message in either direction; frames that are no message do not count.
func (c *conn) touch() { c.active.Store(int64(time.Since(c.opened))) }

func (c *conn) lastActiveAt() time.Time {
	return c.connectedAt.Add(time.Duration(c.active.Load()))
}

// checkIdle closes a quiet connection, or comes back when it could be quiet enough.
// So a message costs one store, not a timer.
func (c *conn) checkIdle() {
	quiet := time.Since(c.opened) - time.Duration(c.active.Load())
	if quiet >= c.srv.opt.IdleTimeout {
		c.close(closeCause{closeGoingAway, goingAway})
		return
	}
	c.timers.Lock()
	defer c.timers.Unlock()
	if !c.closing() {
		c.idle.Reset(c.srv.opt.IdleTimeout - quiet)
	}
}

func (c *conn) stopTimers() {
	c.timers.Lock()
	defer c.timers.Unlock()
	c.idle.Stop()
	c.old.Stop()
}

// send delivers a text message, as a post or a reply.
func (c *conn) send(message []byte) error {
	err := c.out.text(message)
	if err == nil {
		c.touch()
	}
	return err
}
