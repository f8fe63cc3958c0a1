package stack_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"edgestream/infra/local/dynamodb"
	"edgestream/infra/stack"
)

// database is an embedded DynamoDB that the stack reaches through a proxy that can fail, and the
// test without it.
type database struct {
	proxy  *stack.Proxy
	direct *httptest.Server
	engine *dynamodb.Engine
}

func newDatabase(t *testing.T) *database {
	t.Helper()
	proxy, err := stack.NewProxy()
	if err != nil {
		t.Fatal(err)
	}
	d := &database{proxy: proxy, engine: dynamodb.New(dynamodb.Options{})}
	d.direct = httptest.NewServer(d.engine)
	t.Cleanup(func() { // after the stack, which is started later
		d.proxy.Close()
		d.direct.Close()
		d.engine.Close()
	})
	if err := proxy.Before(d.direct.URL); err != nil {
		t.Fatal(err)
	}
	return d
}

// fail begins a fault; nil ends it.
func (d *database) fail(f stack.Fault) { d.proxy.Fail(f) }

// throttled refuses everything but reads of the stream, whose limit is another.
func throttled(w http.ResponseWriter, r *http.Request) bool {
	return !strings.HasPrefix(r.Header.Get("X-Amz-Target"), "DynamoDBStreams") && stack.Throttle(w, r)
}

// nonsense answers what is no answer.
func nonsense(w http.ResponseWriter, _ *http.Request) bool {
	_, _ = w.Write([]byte("<html>it works</html>"))
	return true
}

// A server that is restarted has its connections cut, refuses new ones, and then answers at the same
// address, where a fault still holds.
func TestAProxyIsRestarted(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	c := &http.Client{Transport: &http.Transport{}}
	defer c.CloseIdleConnections()
	ask := func() int {
		r, err := c.Get(d.proxy.URL)
		if err != nil {
			return 0
		}
		r.Body.Close()
		return r.StatusCode
	}
	behind := ask()
	d.fail(stack.Throttle)
	for round := range 3 {
		if got := ask(); got != http.StatusBadRequest {
			t.Errorf("round %d: a fault is %d", round, got)
		}
		d.proxy.Down()
		if got := ask(); got != 0 {
			t.Errorf("round %d: while it is down it answers %d", round, got)
		}
		if err := d.proxy.Up(); err != nil {
			t.Fatal(err)
		}
	}
	d.fail(nil)
	if got := ask(); got != behind || got == 0 {
		t.Errorf("it answers %d, and before %d", got, behind)
	}
}
