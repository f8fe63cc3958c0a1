package webhook

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"edgestream/functions/internal/hook"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var post = hook.Post{Key: "key", Signature: "sig", Body: []byte(`{"time_ms":1,"events":[]}`)}

// serve answers at an address of this machine.
func serve(t *testing.T, tls bool, answer http.HandlerFunc) string {
	server := httptest.NewUnstartedServer(answer)
	server.Config.ErrorLog = nil
	if tls {
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	return server.URL
}

func newClient(t *testing.T, local bool) *Client {
	c := NewClient(local)
	t.Cleanup(c.CloseIdleConnections)
	return c
}

func TestAPostArrivesWhole(t *testing.T) {
	var got *http.Request
	var body []byte
	url := serve(t, false, func(_ http.ResponseWriter, r *http.Request) {
		got = r.Clone(context.Background())
		body, _ = io.ReadAll(r.Body)
	})
	if err := newClient(t, true).Post(t.Context(), url+"/a%2Fb?c=d#e", post); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"Content-Type": "application/json", "X-Pusher-Key": "key", "X-Pusher-Signature": "sig", "Content-Length": "25"} {
		if values := got.Header.Values(name); len(values) != 1 || values[0] != want {
			t.Errorf("%s: %q", name, values)
		}
	}
	if got.Method != "POST" || got.RequestURI != "/a%2Fb?c=d" || string(body) != string(post.Body) || got.Header["X-Idempotency-Key"] != nil {
		t.Errorf("%s %s %q %v", got.Method, got.RequestURI, body, got.Header)
	}
}

func TestAnswers(t *testing.T) {
	var followed atomic.Bool
	other := serve(t, false, func(http.ResponseWriter, *http.Request) { followed.Store(true) })
	for status, ok := range map[int]bool{200: true, 201: true, 204: true, 299: true, 300: false, 301: false, 302: false, 307: false, 308: false,
		400: false, 401: false, 404: false, 410: false, 429: false, 500: false, 503: false} {
		url := serve(t, false, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", other)
			w.WriteHeader(status)
		})
		err := newClient(t, true).Post(t.Context(), url, post)
		if (err == nil) != ok || errors.Is(err, hook.ErrReceiver) {
			t.Errorf("%d: %v", status, err)
		}
	}
	if followed.Load() {
		t.Error("a redirect was followed")
	}
}

func TestNoAnswer(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nowhere := "http://" + ln.Addr().String()
	_ = ln.Close()
	if err := newClient(t, true).Post(t.Context(), nowhere, post); err == nil || errors.Is(err, hook.ErrReceiver) {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	hangs := serve(t, false, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // else the server does not see the client go
		<-r.Context().Done()
	})
	if err := newClient(t, true).Post(ctx, hangs, post); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

// An answer without an end is not read to it.
func TestAnEndlessAnswerCounts(t *testing.T) {
	url := serve(t, false, func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 4096)); err != nil {
				return
			}
		}
	})
	if err := newClient(t, true).Post(t.Context(), url, post); err != nil {
		t.Error(err)
	}
}

// It is the status that counts: who sends it and then nothing holds nobody up.
func TestAnAnswerThatStopsCounts(t *testing.T) {
	url := serve(t, false, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, "x")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := newClient(t, true).Post(ctx, url, post); err != nil || ctx.Err() != nil {
		t.Errorf("%v, %v", err, ctx.Err())
	}
}

func TestHeadersWithoutEndFail(t *testing.T) {
	url := serve(t, false, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 2*maxHeader)) })
	if err := newClient(t, true).Post(t.Context(), url, post); err == nil {
		t.Error("no error")
	}
}

func TestURLsThatNothingIsPostedTo(t *testing.T) {
	for name, url := range map[string]string{
		"http": "http://example.com", "no scheme": "example.com", "file": "file:///etc/passwd", "gopher": "gopher://example.com",
		"no host": "https:///x", "opaque": "https:example.com", "empty": "", "malformed": "https://exa mple.com", "a control": "https://example.com/\n",
		"a user": "https://user@example.com", "a password": "https://u:secret@example.com", "ssh": "https://example.com:22", "smtp": "https://example.com:25",
		"port 80": "https://example.com:80", "port 0": "https://example.com:0", "port 65536": "https://example.com:65536", "a bad port": "https://example.com:x",
		"long": "https://example.com/" + strings.Repeat("x", maxURL),
	} {
		err := newClient(t, false).Post(t.Context(), url, post)
		if !errors.Is(err, hook.ErrReceiver) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the URL is in %q", name, err)
		}
	}
}

func TestPorts(t *testing.T) {
	for port, want := range map[string]bool{"": true, "443": true, "8443": true, "1024": true, "65535": true, "1023": false, "-443": false} {
		if got := portAllowed(port); got != want {
			t.Errorf("%q: %t", port, got)
		}
	}
}

// The function's own network, by every spelling of its addresses. A server is there and must not be reached.
func TestTheOwnNetworkIsNotReached(t *testing.T) {
	var reached atomic.Int64
	url := serve(t, true, func(http.ResponseWriter, *http.Request) { reached.Add(1) })
	port := url[strings.LastIndexByte(url, ':'):]
	for _, host := range []string{"127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.0.0.2", "0.0.0.0", "0",
		"[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "localhost."} {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		err := newClient(t, false).Post(ctx, "https://"+host+port, post)
		cancel()
		if err == nil {
			t.Errorf("%s was posted to", host)
		}
	}
	err := newClient(t, false).Post(t.Context(), url, post)
	if !errors.Is(err, errAddress) {
		t.Errorf("%v", err)
	}
	if reached.Load() > 0 {
		t.Errorf("reached %d times", reached.Load())
	}
}

// A name that is public when it is looked at, and the function's own when it is connected to: the
// address that is connected to is what counts, each time.
func TestANameThatChangesItsAddressGainsNothing(t *testing.T) {
	var reached atomic.Int64
	url := serve(t, true, func(http.ResponseWriter, *http.Request) { reached.Add(1) })
	inside := strings.TrimPrefix(url, "https://")
	c := newClient(t, false)
	var checked []string
	dialer := &net.Dialer{Control: func(network, address string, raw syscall.RawConn) error {
		checked = append(checked, address)
		return refuse(network, address, raw)
	}}
	c.transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return dialer.DialContext(ctx, network, inside) // what the second look-up said
	}
	if err := c.Post(t.Context(), "https://rebinding.test", post); !errors.Is(err, errAddress) {
		t.Error(err)
	}
	if len(checked) != 1 || checked[0] != inside || reached.Load() > 0 {
		t.Errorf("checked %q, reached %d times", checked, reached.Load())
	}
}

func TestNoProxyIsAsked(t *testing.T) {
	var asked atomic.Bool
	proxy := serve(t, false, func(http.ResponseWriter, *http.Request) { asked.Store(true) })
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"} {
		t.Setenv(name, proxy)
	}
	c := newClient(t, true)
	if c.transport.Proxy != nil {
		t.Error("a proxy is configured")
	}
	// Not a name of this machine, which net/http asks no proxy for.
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	if err := c.Post(ctx, "http://receiver.invalid", post); err == nil || asked.Load() {
		t.Errorf("%v, asked %t", err, asked.Load())
	}
}

func TestACertificateMustBeTrusted(t *testing.T) {
	var reached atomic.Bool
	url := serve(t, true, func(http.ResponseWriter, *http.Request) { reached.Store(true) })
	if err := newClient(t, true).Post(t.Context(), url, post); err == nil || reached.Load() {
		t.Errorf("%v, reached %t", err, reached.Load())
	}
}
