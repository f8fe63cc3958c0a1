package pusher

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"edgestream/functions/internal/stream"
)

// Incoming is a text frame of a client.
type Incoming struct {
	stream.Connection
	// At is when the frame came in, in whole milliseconds.
	At   time.Time
	Body string
}

// Messages handles what clients send. All fields are needed.
type Messages struct {
	Apps        Apps
	Connections Connections
	Events      Events
	Hooks       Hooks
	// Greeter posts the answers; the connection is open.
	Greeter Greeter
	Limits  Limits
	// MaxBytes is how long a message may be.
	MaxBytes int
	// Margin is the part of the context's time that is kept for the answer: storage that has not
	// answered by then has failed.
	Margin time.Duration
}

// Receive handles one message and answers it if it must. What it does holds when Receive returns.
// There is no error to return: whatever fails is told to the client and logged. Connections that are
// none of an app are ignored.
func (m Messages) Receive(ctx context.Context, in Incoming, log *slog.Logger) {
	c := &call{Messages: m, in: in, log: log}
	handle := c.tooLarge
	if len(in.Body) <= m.MaxBytes {
		handle = c.read()
	}
	if handle == nil {
		return
	}
	out, err := c.inTime(ctx, handle)
	if err != nil {
		c.refuse(ctx, err)
		return
	}
	c.answer(ctx, out.frames...)
	if out.then == nil {
		return
	}
	more, err := out.then(ctx)
	if err != nil {
		c.log.ErrorContext(ctx, "message handled in part", c.about(err)...)
	}
	c.answer(ctx, more...)
}

// call is one message while it is handled.
type call struct {
	Messages
	message
	in Incoming
	// channel is the one that the message is about; session and app are whose it is, once known.
	channel Channel
	session Session
	app     App
	log     *slog.Logger
}

// outcome is what is to be done for a message that was accepted.
type outcome struct {
	// frames are posted, in this order.
	frames [][]byte
	// then is done when they are, if it is not nil, and may have more of them.
	then func(context.Context) ([][]byte, error)
}

// read is what handles the message; nil: it is ignored.
func (c *call) read() func(context.Context) (outcome, error) {
	var ok bool
	if c.message, ok = decode(c.in.Body); !ok {
		return nil
	}
	return c.handler()
}

// tooLarge refuses a message of an app's connection for its length.
func (c *call) tooLarge(ctx context.Context) (outcome, error) {
	if err := c.load(ctx); err != nil {
		return outcome{}, err
	}
	return outcome{}, ErrTooLarge
}

// handler is what handles the event; nil: it is ignored.
func (c *call) handler() func(context.Context) (outcome, error) {
	switch c.event {
	case eventPing:
		return c.ping
	case eventPong:
		return c.pong
	case eventSubscribe:
		return c.subscribe
	case eventUnsubscribe:
		return c.unsubscribe
	case eventSignIn:
		return c.signIn
	}
	if strings.HasPrefix(c.event, clientPrefix) {
		return c.publish
	}
	return nil
}

// inTime has the message handled in the time that is not kept for the answer.
func (c *call) inTime(ctx context.Context, handle func(context.Context) (outcome, error)) (outcome, error) {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-c.Margin))
		defer cancel()
	}
	return handle(ctx)
}

// ping answers also if it cannot be noted that the client was heard: who gets no answer gives the
// connection up.
func (c *call) ping(ctx context.Context) (outcome, error) {
	err := c.Connections.Heard(ctx, c.in.Connection, c.in.At)
	if errors.Is(err, stream.ErrNoConnection) {
		return outcome{}, err
	}
	return outcome{
		frames: [][]byte{pongFrame()},
		then:   func(context.Context) ([][]byte, error) { return nil, err },
	}, nil
}

func (c *call) pong(ctx context.Context) (outcome, error) {
	err := c.Connections.Heard(ctx, c.in.Connection, c.in.At)
	if errors.Is(err, stream.ErrNoConnection) {
		return outcome{}, err
	}
	return outcome{then: func(context.Context) ([][]byte, error) { return nil, err }}, nil
}

// load finds whose the connection is. Nobody may use an app that is disabled.
func (c *call) load(ctx context.Context) (err error) {
	if c.session, err = c.Connections.Session(ctx, c.in.Connection); err != nil {
		return err
	}
	if c.app, err = c.Apps.App(ctx, c.session.App); err != nil {
		return err
	}
	if !c.app.Enabled {
		return ErrDisabled
	}
	return nil
}
