package stack

import (
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
)

// Fault is what a proxy does with a request instead of passing it on; false if it is to be passed on.
type Fault func(w http.ResponseWriter, r *http.Request) bool

// Proxy stands before a server and can fail. Its methods may be called by many goroutines at once.
type Proxy struct {
	// URL is where it answers: on the loopback interface, at a port that stays the same.
	URL string

	address   string
	transport *http.Transport

	mu      sync.Mutex
	fault   Fault
	forward *httputil.ReverseProxy // nil: there is nothing behind it yet
	server  *http.Server           // nil while it is down
	serving sync.WaitGroup
}

// NewProxy starts one on a free port, with nothing behind it: until Before has been called it
// answers 502.
func NewProxy() (*Proxy, error) {
	p := &Proxy{address: "127.0.0.1:0", transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	if err := p.Up(); err != nil {
		return nil, err
	}
	p.URL = "http://" + p.address
	return p, nil
}

// Before has it pass requests on to the server at this URL.
func (p *Proxy) Before(target string) error {
	u, err := url.Parse(target)
	if err != nil {
		return err
	}
	forward := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(u); r.Out.Host = r.In.Host },
		Transport: p.transport,
		ErrorLog:  log.New(io.Discard, "", 0), // of callers that are killed
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forward = forward
	return nil
}

// Fail begins a fault; nil ends it. Requests that are being held go on.
func (p *Proxy) Fail(f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = f
}

// Down cuts all connections and refuses new ones, as a server that is restarted does.
func (p *Proxy) Down() {
	p.mu.Lock()
	server := p.server
	p.server = nil
	p.mu.Unlock()
	if server != nil {
		server.Close()
	}
}

// Up answers again after Down, at the same port.
func (p *Proxy) Up() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.server != nil {
		return nil
	}
	l, err := net.Listen("tcp", p.address)
	if err != nil {
		return err
	}
	p.address = l.Addr().String()
	p.server = &http.Server{Handler: p, ErrorLog: log.New(io.Discard, "", 0)}
	server := p.server
	p.serving.Go(func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			panic(err) // the listener is nobody else's
		}
	})
	return nil
}

// Close ends it, with every request that it holds.
func (p *Proxy) Close() {
	p.Down()
	p.serving.Wait()
	p.transport.CloseIdleConnections()
}

// ServeHTTP is the fault, or else passes the request on.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	f := p.fault
	p.mu.Unlock()
	if f == nil || !f(w, r) {
		p.Pass(w, r)
	}
}

// Pass passes a request on, whatever the fault is.
func (p *Proxy) Pass(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	forward := p.forward
	p.mu.Unlock()
	if forward == nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	forward.ServeHTTP(w, r)
}

// Abort cuts the connection of a request instead of answering it.
func Abort(http.ResponseWriter, *http.Request) bool { panic(http.ErrAbortHandler) }

// Throttle answers as DynamoDB does where a table's throughput is used up.
func Throttle(w http.ResponseWriter, _ *http.Request) bool {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(http.StatusBadRequest)
	_, _ = w.Write([]byte(`{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"slow down"}`))
	return true
}
