package functionurl

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"edgestream/infra/local/lambda"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const domain = "abc.lambda-url.us-east-1.on.aws"

// fake is a Lambda whose function answers what it says. It keeps the events.
type fake struct {
	result lambda.Result
	stream *lambda.StreamingResult
	err    error
	events chan []byte
}

func newFake() *fake { return &fake{events: make(chan []byte, 10)} }

func (f *fake) Invoke(_ context.Context, _ string, event []byte) (lambda.Result, error) {
	f.events <- event
	return f.result, f.err
}

func (f *fake) InvokeStream(_ context.Context, _ string, event []byte) (*lambda.StreamingResult, error) {
	f.events <- event
	return f.stream, f.err
}

// event is what the function was given last.
func (f *fake) event(t *testing.T) payload {
	t.Helper()
	var p payload
	if err := json.Unmarshal(<-f.events, &p); err != nil {
		t.Fatal(err)
	}
	return p
}

func newHandler(f *fake, u URL) *Handler {
	u.Function, u.Domain = "F", domain
	return New(u, Options{Lambda: f, Now: func() time.Time { return time.UnixMilli(1659687279885) }})
}

// ask sends a request with headers ("Name: value") and answers the response with its body.
func ask(h http.Handler, method, target, body string, headers ...string) (*http.Response, string) {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.RemoteAddr = "192.0.2.7:4711"
	for _, each := range headers {
		name, value, _ := strings.Cut(each, ": ")
		r.Header.Add(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	res := w.Result()
	answer, _ := io.ReadAll(res.Body)
	return res, string(answer)
}
