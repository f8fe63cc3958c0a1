package lambda

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// maxErrorBody bounds what a runtime may report about an error.
const maxErrorBody = 1 << 20

// routes is the Runtime API of one instance, and the part of the Extensions API that
// lambda.WithEnableSIGTERM of aws-lambda-go needs.
// See https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html.
func (i *instance) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", i.next)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", i.response)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", i.invocationError)
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", i.initFailed)
	mux.HandleFunc("POST /2020-01-01/extension/register", i.registerExtension)
	mux.HandleFunc("GET /2020-01-01/extension/event/next", waitForEnd)
	return mux
}

// next ends the current invocation and waits for another one, for as long as it takes.
func (i *instance) next(w http.ResponseWriter, r *http.Request) {
	i.logs.drain()
	if !i.pool.ready(i) {
		runtimeError(w, http.StatusForbidden, "InvalidStateTransition", "another request for the next event is waiting")
		return
	}
	select {
	case inv := <-i.work:
		i.hand(w, inv)
	case <-r.Context().Done():
		i.pool.detached(i)
	}
}

// hand sends the event and starts the invocation's clock.
func (i *instance) hand(w http.ResponseWriter, inv *invocation) {
	if !i.pool.deliver(i, inv) {
		runtimeError(w, http.StatusForbidden, "InvalidStateTransition", "the invocation has been withdrawn")
		return
	}
	i.logs.attribute(inv)
	inv.logs.add("START RequestId: " + inv.id + " Version: $LATEST")
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Lambda-Runtime-Aws-Request-Id", inv.id)
	h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(inv.deadline.UnixMilli(), 10))
	h.Set("Lambda-Runtime-Invoked-Function-Arn", i.pool.svc.ARN(i.pool.fn.Name))
	h.Set("Lambda-Runtime-Trace-Id", inv.trace)
	if inv.clientContext != "" {
		h.Set("Lambda-Runtime-Client-Context", inv.clientContext)
	}
	_, _ = w.Write(inv.event) // a process that is gone is noticed by run
}

// invocationError is the function returning an error.
func (i *instance) invocationError(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxErrorBody))
	if err != nil {
		return
	}
	i.respond(w, r.PathValue("id"), func(inv *invocation) { inv.failWith(errorPayload(body)) })
}

// respond settles the current invocation, if it is the named one and still open.
func (i *instance) respond(w http.ResponseWriter, id string, settle func(*invocation)) {
	i.pool.mu.Lock()
	inv := i.current
	open := inv != nil && inv.delivered && inv.id == id && !inv.responded
	if open {
		settle(inv)
	}
	i.pool.mu.Unlock()
	if !open {
		runtimeError(w, http.StatusBadRequest, "InvalidRequestID", "no open invocation has this request id")
		return
	}
	accepted(w)
}

// initFailed is the runtime reporting that it cannot start; it exits right after.
func (i *instance) initFailed(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxErrorBody))
	if err != nil {
		return
	}
	i.pool.mu.Lock()
	i.initError = errorPayload(body)
	i.pool.mu.Unlock()
	accepted(w)
}

// errorPayload is what the caller of a failed function gets: the runtime's JSON, or a text
// made JSON.
func errorPayload(body []byte) []byte {
	if json.Valid(body) {
		return body
	}
	return errorBody{Message: string(body)}.json()
}

func decodeError(payload []byte) errorBody {
	var e errorBody
	if json.Unmarshal(payload, &e) != nil {
		e.Message = string(payload)
	}
	return e
}

func (i *instance) registerExtension(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Lambda-Extension-Identifier", newRequestID())
	fmt.Fprintf(w, `{"functionName":%q,"functionVersion":"$LATEST","handler":"bootstrap"}`, i.pool.fn.Name)
}

// waitForEnd answers an extension that has subscribed to no event: never.
func waitForEnd(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func accepted(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"status":"OK"}`)
}

func runtimeError(w http.ResponseWriter, status int, kind, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(errorBody{kind, message}.json())
}
