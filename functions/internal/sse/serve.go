package sse

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"

	"edgestream/functions/internal/functionurl"
)

// Request and Response are what a function URL in response streaming mode sends and expects.
type (
	Request  = functionurl.Request
	Response = functionurl.Response
)

// Serve makes a Lambda handler of an HTTP handler: functionurl.Serve, with one thing more. A response
// can be cut off by its handler, so that a client that does not read does not hold the invocation.
func Serve(h http.Handler) func(context.Context, *Request) (*Response, error) {
	wrapped := functionurl.Serve(h)
	return func(ctx context.Context, r *Request) (*Response, error) {
		c := new(cutter)
		response, err := wrapped(context.WithValue(ctx, cutterKey{}, c), r)
		if err == nil {
			response.Body = c.of(response.Body)
		}
		return response, err
	}
}

type cutterKey struct{}

// cutter is the body of a response while it is read.
type cutter struct {
	mu   sync.Mutex
	body io.Reader
	off  bool
}

func (c *cutter) of(body io.Reader) io.Reader {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.body = body
	if c.off {
		c.close()
	}
	return c
}

// cut ends the body where it is.
func (c *cutter) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.off = true
	c.close()
}

func (c *cutter) close() {
	if pipe, ok := c.body.(io.Closer); ok {
		_ = pipe.Close() // of a pipe: never fails
	}
}

// Read ends a body that was cut off as if it were complete: it is, up to an event that no reader takes for one.
func (c *cutter) Read(p []byte) (int, error) {
	n, err := c.body.Read(p)
	if errors.Is(err, io.ErrClosedPipe) {
		err = io.EOF
	}
	return n, err
}

// Close is for the runtime, when it stops reading early.
func (c *cutter) Close() error {
	c.cut()
	return nil
}
