package stack_test

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"edgestream/infra/local/dynamodb"
)

// fault is what a database does with a request instead of answering it; false if it answers.
type fault func(w http.ResponseWriter, r *http.Request) bool

// database is an embedded DynamoDB that the stack reaches through a proxy that can fail, and the
// test without it.
type database struct {
	proxy, direct *httptest.Server
	engine        *dynamodb.Engine

	mu    sync.Mutex
	fault fault
}

func newDatabase(t *testing.T) *database {
	t.Helper()
	d := &database{engine: dynamodb.New(dynamodb.Options{})}
	d.direct = httptest.NewServer(d.engine)
	target, err := url.Parse(d.direct.URL)
	if err != nil {
		t.Fatal(err)
	}
	forward := httputil.NewSingleHostReverseProxy(target)
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	forward.Transport = transport
	forward.ErrorLog = log.New(io.Discard, "", 0) // of callers that are killed
	d.proxy = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f := d.current(); f == nil || !f(w, r) {
			forward.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(func() { // after the stack, which is started later
		d.proxy.Close()
		transport.CloseIdleConnections()
		d.direct.Close()
		d.engine.Close()
	})
	return d
}

func (d *database) current() fault {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.fault
}

// fail begins a fault; nil ends it.
func (d *database) fail(f fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fault = f
}

// throttled refuses everything but reads of the stream, whose limit is another.
func throttled(w http.ResponseWriter, r *http.Request) bool {
	if strings.HasPrefix(r.Header.Get("X-Amz-Target"), "DynamoDBStreams") {
		return false
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(http.StatusBadRequest)
	_, _ = w.Write([]byte(`{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"slow down"}`))
	return true
}

// down closes every connection.
func down(http.ResponseWriter, *http.Request) bool { panic(http.ErrAbortHandler) }

// nonsense answers what is no answer.
func nonsense(w http.ResponseWriter, _ *http.Request) bool {
	_, _ = w.Write([]byte("<html>it works</html>"))
	return true
}
