package lambda

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// Trailers by which a runtime reports an error after the response has begun.
const (
	trailerErrorType = "Lambda-Runtime-Function-Error-Type"
	trailerErrorBody = "Lambda-Runtime-Function-Error-Body"
)

var errTooLarge = errors.New("response is too large")

// response is the function's answer, streamed on to a caller that wants a stream and collected
// for any other.
func (i *instance) response(w http.ResponseWriter, r *http.Request) {
	inv := i.claim(r.PathValue("id"))
	if inv == nil {
		runtimeError(w, http.StatusBadRequest, "InvalidRequestID", "no open invocation has this request id")
		return
	}
	payload, err := inv.receive(r)
	i.logs.drain()
	switch {
	case errors.Is(err, errTooLarge):
		i.settle(inv, func() { inv.fail(tooLarge(inv)) })
		runtimeError(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", tooLarge(inv).Message)
	case errors.Is(err, errPrelude):
		_, _ = io.Copy(io.Discard, r.Body)
		i.settle(inv, func() { inv.fail(errorBody{"Runtime.InvalidResponse", err.Error()}) })
		accepted(w)
	case err != nil:
		i.broken()
	default:
		i.settle(inv, func() { inv.complete(payload, r.Trailer) })
		accepted(w)
	}
}

// claim returns the current invocation if it has this id and no response yet.
func (i *instance) claim(id string) *invocation {
	i.pool.mu.Lock()
	defer i.pool.mu.Unlock()
	inv := i.current
	if inv == nil || !inv.delivered || inv.id != id || inv.responded || inv.claimed {
		return nil
	}
	inv.claimed = true
	return inv
}

// settle records the answer, unless the invocation has ended meanwhile.
func (i *instance) settle(inv *invocation, record func()) {
	i.pool.mu.Lock()
	defer i.pool.mu.Unlock()
	if i.current == inv && !inv.responded {
		record()
	}
}

// broken is a response that stopped half-way. A process that has ended is dealt with by run; a
// debugged program has nobody else to notice.
func (i *instance) broken() {
	if i.isExternal() {
		i.pool.abandon(i)
	}
}

// receive reads the whole response. What it returns is nil for a stream.
func (inv *invocation) receive(r *http.Request) ([]byte, error) {
	body := r.Body
	if inv.stream != nil {
		return nil, inv.stream.copy(r.Header.Get("Content-Type"), body)
	}
	payload, err := io.ReadAll(io.LimitReader(body, MaxResponse+1))
	if err != nil || len(payload) <= MaxResponse {
		return payload, err
	}
	return nil, drainTooLarge(body)
}

// drainTooLarge reads the rest, without which the runtime would not read its 413.
func drainTooLarge(body io.Reader) error {
	if _, err := io.Copy(io.Discard, body); err != nil {
		return err
	}
	return errTooLarge
}

func tooLarge(inv *invocation) errorBody {
	limit := MaxResponse
	if inv.stream != nil {
		limit = MaxStreamResponse
	}
	return errorBody{"Function.ResponseSizeTooLarge",
		fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).", limit)}
}

// complete records a response that arrived whole, and the error that its trailers may carry.
func (inv *invocation) complete(payload []byte, trailer http.Header) {
	kind := trailer.Get(trailerErrorType)
	if kind == "" {
		inv.responded, inv.payload = true, payload
		return
	}
	body, err := base64.StdEncoding.DecodeString(trailer.Get(trailerErrorBody))
	if err != nil || len(body) == 0 {
		body = errorBody{Type: kind}.json()
	}
	inv.failWith(errorPayload(body))
}
