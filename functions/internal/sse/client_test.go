package sse

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

// client is somebody's requests to the function URL, and what it has of the events: each request is a
// Lambda invocation.
type client struct {
	*world
	path, query string
	headers     map[string]string
	// slow is how long the client waits before each read, of at most piece bytes. Zero: it is quick.
	slow  time.Duration
	piece int
}

func (w *world) client(path, query string, headers ...string) *client {
	c := &client{world: w, path: path, query: query, piece: 1, headers: map[string]string{"user-agent": "test", "x-forwarded-for": "192.0.2.7"}}
	for i := 0; i < len(headers); i += 2 {
		c.headers[headers[i]] = headers[i+1]
	}
	return c
}

func functionURL(method string) events.LambdaFunctionURLRequestContext {
	return events.LambdaFunctionURLRequestContext{
		DomainName: "x.lambda-url.us-east-1.on.aws",
		HTTP:       events.LambdaFunctionURLRequestContextHTTPDescription{Method: method, SourceIP: "192.0.2.1"},
	}
}

// reply is one response.
type reply struct {
	status  int
	headers map[string]string
	// done is closed at the response's end.
	done chan struct{}
	mu   sync.Mutex
	text strings.Builder
	end  context.CancelFunc
}

func (r *reply) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(p)
}

// body is what has come so far.
func (r *reply) body() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

func (r *reply) ended() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// data are the payloads of the events that are whole, in order, and the id of the last one.
func (r *reply) data() (payloads []string, lastID string) {
	blocks := strings.Split(r.body(), "\n\n")
	for _, block := range blocks[:len(blocks)-1] {
		for line := range strings.SplitSeq(block, "\n") {
			if data, ok := strings.CutPrefix(line, "data: "); ok {
				payloads = append(payloads, data)
			}
			if id, ok := strings.CutPrefix(line, "id: "); ok {
				lastID = id
			}
		}
	}
	return payloads, lastID
}

var requests = struct {
	sync.Mutex
	n int
}{}

// get makes a request in an invocation of 15 minutes. Whoever gets a reply must wait for its end or cut it off.
func (c *client) get(t testing.TB) *reply {
	t.Helper()
	requests.Lock()
	requests.n++
	id := fmt.Sprint("request-", requests.n)
	requests.Unlock()
	ctx := lambdacontext.NewContext(context.Background(), &lambdacontext.LambdaContext{AwsRequestID: id})
	ctx, cancel := context.WithTimeout(ctx, 15*time.Minute)
	response, err := Serve(c.Handler)(ctx, &Request{
		RawPath: prefix + c.path, RawQueryString: c.query, Headers: c.headers,
		RequestContext: functionURL("GET"),
	})
	if err != nil {
		t.Fatal(err)
	}
	r := &reply{status: response.StatusCode, headers: response.Headers, done: make(chan struct{}), end: cancel}
	go func() {
		defer cancel()
		defer close(r.done)
		defer response.Close()
		if c.slow > 0 {
			c.crawl(ctx, r, response.Body)
			return
		}
		_, _ = io.Copy(r, response.Body)
	}()
	return r
}

// crawl reads a piece at a time.
func (c *client) crawl(ctx context.Context, to io.Writer, from io.Reader) {
	piece := make([]byte, c.piece)
	for ctx.Err() == nil {
		time.Sleep(c.slow)
		n, err := from.Read(piece)
		if err != nil {
			return
		}
		_, _ = to.Write(piece[:n])
	}
}

// kill ends the response where it is, as a network does.
func (r *reply) kill() {
	r.end()
	<-r.done
}
