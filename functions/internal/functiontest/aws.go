package functiontest

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// Credentials are variables that every function has on Lambda.
func Credentials() map[string]string {
	return map[string]string{"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
}

// Nowhere is a URL where nothing listens.
func Nowhere(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return "http://" + ln.Addr().String()
}

// Gateway is the management API of a stage: it keeps what connections were sent.
type Gateway struct {
	// URL is the stage's callback URL.
	URL    string
	mu     sync.Mutex
	posts  map[string][]string
	closed map[string]bool
}

// NewGateway serves until the test ends.
func NewGateway(t *testing.T) *Gateway {
	t.Helper()
	g := &Gateway{posts: map[string][]string{}, closed: map[string]bool{}}
	server := httptest.NewServer(http.HandlerFunc(g.serve))
	t.Cleanup(server.Close)
	g.URL = server.URL + "/prod"
	return g
}

func (g *Gateway) serve(w http.ResponseWriter, r *http.Request) {
	path, err := url.PathUnescape(r.URL.EscapedPath())
	id, ok := strings.CutPrefix(path, "/prod/@connections/")
	if err != nil || !ok || id == "" {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	body, _ := io.ReadAll(r.Body)
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.closed[id]:
		w.WriteHeader(http.StatusGone)
	case r.Method == http.MethodPost:
		g.posts[id] = append(g.posts[id], string(body))
	case r.Method == http.MethodDelete:
		g.closed[id] = true
		w.WriteHeader(http.StatusNoContent)
	default:
		w.WriteHeader(http.StatusForbidden)
	}
}

// Closed reports whether the connection was closed.
func (g *Gateway) Closed(connectionID string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.closed[connectionID]
}

// Posts are the frames that the connection was sent, in order.
func (g *Gateway) Posts(connectionID string) []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]string(nil), g.posts[connectionID]...)
}
