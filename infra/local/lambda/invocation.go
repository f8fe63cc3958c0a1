package lambda

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// unhandled is the only value of X-Amz-Function-Error that a Go function can cause.
const unhandled = "Unhandled"

// Result is the answer to a synchronous invocation that reached its function.
type Result struct {
	// Payload is the function's response or, with FunctionError, the JSON of its error
	// (errorMessage, errorType and possibly stackTrace).
	Payload []byte
	// FunctionError is "Unhandled" when the function failed, else empty.
	FunctionError string
	RequestID     string
	// LogTail is the last 4 KB of what the function logged.
	LogTail []byte
}

// invocation is one event on its way through a pool, whose mutex guards the fields until done
// is closed.
type invocation struct {
	id            string
	trace         string
	event         []byte
	clientContext string
	stream        *stream // nil when the caller wants a buffered response
	logs          tail

	start, deadline time.Time
	duration, init  time.Duration
	delivered       bool // the runtime has the event
	claimed         bool // the response has begun
	responded       bool // payload and functionError are final
	payload         []byte
	functionError   string
	err             error // the Service failed, not the function
	stopped         bool  // Close has ended it

	done chan struct{}
}

func newInvocation(event []byte) *invocation {
	if len(event) == 0 {
		event = []byte("{}") // as Lambda does
	}
	return &invocation{id: newRequestID(), trace: newTraceID(), event: event, done: make(chan struct{})}
}

// Invoke runs the function once and waits for its answer. The error is non-nil only when the
// function could not be run: ErrNotFound, ErrThrottled, ErrNotBuilt, ErrClosed or ctx's error. A
// function that fails is a Result with FunctionError. When ctx ends first the function goes on,
// as on Lambda, unless it had not begun.
func (s *Service) Invoke(ctx context.Context, name string, event []byte) (Result, error) {
	p, err := s.pool(name)
	if err != nil {
		return Result{}, err
	}
	inv := newInvocation(event)
	return p.invoke(ctx, inv)
}

func (p *pool) invoke(ctx context.Context, inv *invocation) (Result, error) {
	if err := p.submit(inv); err != nil {
		return Result{}, fmt.Errorf("%s: %w", p.fn.Name, err)
	}
	select {
	case <-inv.done:
		return inv.result(p.fn)
	case <-ctx.Done():
		p.withdraw(inv)
		return Result{}, ctx.Err()
	}
}

func (inv *invocation) result(f Function) (Result, error) {
	if inv.err != nil {
		return Result{}, fmt.Errorf("%s: %w", f.Name, inv.err)
	}
	return Result{
		Payload:       inv.payload,
		FunctionError: inv.functionError,
		RequestID:     inv.id,
		LogTail:       inv.tail(f),
	}, nil
}

// errorBody is the JSON of a function's error.
type errorBody struct {
	Type    string `json:"errorType,omitempty"`
	Message string `json:"errorMessage"`
}

func (e errorBody) json() []byte {
	b, err := json.Marshal(e)
	if err != nil { // two strings always encode
		panic(err)
	}
	return b
}

// fail sets the answer to an error of the function. The pool's mu is held.
func (inv *invocation) fail(e errorBody) { inv.failWith(e.json()) }

func (inv *invocation) failWith(payload []byte) {
	inv.responded = true
	inv.payload = payload
	inv.functionError = unhandled
}

// end wakes the caller. Nothing writes to inv afterwards.
func (inv *invocation) end() {
	if inv.stream != nil {
		inv.stream.end(inv)
	}
	close(inv.done)
}

func (inv *invocation) report(function string) Invocation {
	status := 0
	if inv.stream != nil {
		status = int(inv.stream.status.Load())
	}
	return Invocation{
		Function:       function,
		RequestID:      inv.id,
		Event:          inv.event,
		Start:          inv.start,
		Duration:       inv.duration,
		InitDuration:   inv.init,
		BilledDuration: inv.billed(),
		Payload:        inv.payload,
		FunctionError:  inv.functionError,
		Streaming:      inv.stream != nil,
		StreamStatus:   status,
		Stopped:        inv.stopped,
	}
}

func (inv *invocation) billed() time.Duration {
	ms := (inv.duration + inv.init + time.Millisecond - 1) / time.Millisecond
	return ms * time.Millisecond
}

// tail returns the end of the log with the lines that Lambda puts around it.
func (inv *invocation) tail(f Function) []byte {
	inv.logs.add(fmt.Sprintf("END RequestId: %s", inv.id))
	report := fmt.Sprintf("REPORT RequestId: %s\tDuration: %.2f ms\tBilled Duration: %d ms\tMemory Size: %d MB\t",
		inv.id, milliseconds(inv.duration), inv.billed().Milliseconds(), f.MemoryMB)
	if inv.init > 0 {
		report += fmt.Sprintf("Init Duration: %.2f ms\t", milliseconds(inv.init))
	}
	inv.logs.add(report)
	return inv.logs.bytes()
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
