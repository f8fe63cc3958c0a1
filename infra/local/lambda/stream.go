package lambda

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
)

// StreamingResult is a response that arrives piece by piece.
type StreamingResult struct {
	RequestID  string
	StatusCode int
	Headers    map[string]string
	// Cookies are values of Set-Cookie, in order.
	Cookies []string
	// Body yields each piece as the function writes it, io.EOF when the function has ended
	// well and a *FunctionError when it failed after it had begun to answer. The caller
	// reads it to its end or closes it. The function is not told of a Close and goes on.
	Body io.ReadCloser
}

// FunctionError is a streaming function's failure.
type FunctionError struct {
	RequestID string
	// Payload is the JSON of the error, as in Result.
	Payload []byte
}

// Error has the type and the message of the payload, without its stack.
func (e *FunctionError) Error() string {
	body := decodeError(e.Payload)
	return fmt.Sprintf("function failed: %s: %s", body.Type, body.Message)
}

// stream connects the runtime that writes a response to the caller that reads it.
type stream struct {
	head   chan prelude // receives one, or is never used
	body   *io.PipeReader
	writer *io.PipeWriter
	size   int64
	status atomic.Int64 // once the prelude is read
}

func newStream() *stream {
	r, w := io.Pipe()
	return &stream{head: make(chan prelude, 1), body: r, writer: w}
}

// InvokeStream runs the function once, in response mode RESPONSE_STREAM, and returns when its
// status and headers are known. A function that fails before is a *FunctionError; other errors
// are those of Invoke. When ctx ends first the function goes on, as on Lambda.
func (s *Service) InvokeStream(ctx context.Context, name string, event []byte) (*StreamingResult, error) {
	p, err := s.pool(name)
	if err != nil {
		return nil, err
	}
	inv := newInvocation(event)
	inv.stream = newStream()
	if err := p.submit(inv); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	select {
	case head := <-inv.stream.head:
		return inv.streamingResult(head), nil
	case <-inv.done:
		return inv.endedStream(p.fn)
	case <-ctx.Done():
		p.withdraw(inv)
		inv.stream.body.Close()
		return nil, ctx.Err()
	}
}

func (inv *invocation) streamingResult(head prelude) *StreamingResult {
	return &StreamingResult{
		RequestID:  inv.id,
		StatusCode: head.StatusCode,
		Headers:    head.Headers,
		Cookies:    head.Cookies,
		Body:       inv.stream.body,
	}
}

// endedStream is the answer when the invocation ended, with a prelude or without one.
func (inv *invocation) endedStream(f Function) (*StreamingResult, error) {
	select {
	case head := <-inv.stream.head:
		return inv.streamingResult(head), nil
	default:
	}
	if inv.err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name, inv.err)
	}
	return nil, &FunctionError{RequestID: inv.id, Payload: inv.payload}
}

// end closes the body with what became of the invocation.
func (s *stream) end(inv *invocation) {
	switch {
	case inv.err != nil:
		s.writer.CloseWithError(inv.err)
	case inv.functionError != "":
		s.writer.CloseWithError(&FunctionError{RequestID: inv.id, Payload: inv.payload})
	default:
		s.writer.Close()
	}
}

// copy passes a response on, piece by piece, to its end. A response of another form than
// lambdaurl's has no prelude and is all body.
func (s *stream) copy(contentType string, body io.Reader) error {
	if contentType != httpIntegration {
		s.begin(prelude{StatusCode: http.StatusOK, Headers: map[string]string{"Content-Type": contentType}})
		return s.copyBody(body)
	}
	head, rest, err := readPrelude(body)
	if err != nil {
		return err
	}
	s.begin(head)
	return s.copyBody(io.MultiReader(bytes.NewReader(rest), body))
}

func (s *stream) begin(head prelude) {
	s.status.Store(int64(head.StatusCode))
	s.head <- head
}

// copyBody copies until the function ends. When the reader has gone the rest is thrown away:
// Lambda does not tell the function.
func (s *stream) copyBody(body io.Reader) error {
	buf := make([]byte, 32<<10)
	for {
		n, err := body.Read(buf)
		if s.size += int64(n); s.size > MaxStreamResponse {
			return drainTooLarge(body)
		}
		if n > 0 {
			_, _ = s.writer.Write(buf[:n])
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
