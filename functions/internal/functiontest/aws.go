package functiontest

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
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
	URL   string
	mu    sync.Mutex
	posts map[string][]string
}

// NewGateway serves until the test ends.
func NewGateway(t *testing.T) *Gateway {
	t.Helper()
	g := &Gateway{posts: map[string][]string{}}
	server := httptest.NewServer(http.HandlerFunc(g.post))
	t.Cleanup(server.Close)
	g.URL = server.URL + "/prod"
	return g
}

func (g *Gateway) post(w http.ResponseWriter, r *http.Request) {
	const prefix = "/prod/@connections/"
	path, err := url.PathUnescape(r.URL.EscapedPath())
	if r.Method != http.MethodPost || err != nil || len(path) <= len(prefix) || path[:len(prefix)] != prefix {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	body, _ := io.ReadAll(r.Body)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.posts[path[len(prefix):]] = append(g.posts[path[len(prefix):]], string(body))
}

// Posts are the frames that the connection was sent, in order.
func (g *Gateway) Posts(connectionID string) []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]string(nil), g.posts[connectionID]...)
}
