package awsenv

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// frozenAfter is how long a gap between two calls may be before idle connections are not trusted:
// a frozen instance does not answer keep-alives, so the other side may have dropped them, and
// net/http does not repeat a POST on a connection that turns out to be dead.
const frozenAfter = 30 * time.Second

// Transport sends requests over kept-alive connections. It follows no redirects. It is an
// http.RoundTripper and an aws.HTTPClient, safe for concurrent use.
type Transport struct {
	http  *http.Transport
	now   func() time.Time
	used  atomic.Int64 // wall clock of the last call, in nanoseconds: a frozen monotonic clock stands still
	close sync.Mutex
}

// NewTransport makes a Transport for many requests at once to few hosts: an idle connection is
// kept for each of them, where net/http's default of two per host would dial again and again. How long
// an answer may take is its request's context's to say.
func NewTransport() *Transport {
	return &Transport{now: time.Now, http: &http.Transport{
		Proxy:               proxy(),
		DialContext:         (&net.Dialer{Timeout: 2 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
		TLSHandshakeTimeout: 3 * time.Second,
		IdleConnTimeout:     90 * time.Second,
		MaxIdleConnsPerHost: 1024,
		ForceAttemptHTTP2:   true,
		DisableCompression:  true,
		WriteBufferSize:     8 << 10,
	}}
}

// Do sends one request. An error says that no answer came, not that nothing was done.
func (t *Transport) Do(r *http.Request) (*http.Response, error) { return t.RoundTrip(r) }

// RoundTrip is Do, as an http.RoundTripper.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	t.thaw()
	return t.http.RoundTrip(r)
}

// Trust sets whom the Transport trusts, in place of the system's roots. Call it before any use.
func (t *Transport) Trust(c *tls.Config) { t.http.TLSClientConfig = c }

// CloseIdleConnections closes the connections that carry no request.
func (t *Transport) CloseIdleConnections() { t.http.CloseIdleConnections() }

// thaw closes idle connections after a gap. Concurrent calls wait until that is done, so that
// none of them takes a dead connection first.
func (t *Transport) thaw() {
	now := t.now().UnixNano()
	used := t.used.Load()
	switch gap := time.Duration(now - used); {
	case gap > frozenAfter && used != 0:
		t.close.Lock()
		defer t.close.Unlock()
		if t.used.Load() == used {
			t.http.CloseIdleConnections()
			t.used.Store(now)
		}
	case gap > time.Second || gap < 0: // not each time: a store by every call would slow all of them
		t.used.Store(now)
	}
}

// proxy is nil where no proxy is configured, since asking for one costs a little on every request.
func proxy() func(*http.Request) (*url.URL, error) {
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"} {
		if os.Getenv(name) != "" {
			return http.ProxyFromEnvironment
		}
	}
	return nil
}
