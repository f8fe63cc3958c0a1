package gomastodon

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mattn/go-mastodon"
)

// instance is a Mastodon server that says where its streams are, and nothing else: the library
// asks it each time that it connects.
func instance(t *testing.T) string {
	edge, err := url.Parse(os.Getenv("EDGE_URL"))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/instance" {
			http.NotFound(w, r)
			return
		}
		_ = json.NewEncoder(w).Encode(item{"urls": item{"streaming_api": "wss://" + edge.Host}}) // a client that has gone asks again
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// tap is a transport that tells what the library does not: when a response has begun.
type tap struct {
	http.Transport
	t *testing.T
	// begun has a value for each response of the edge whose first line has come.
	begun chan struct{}

	mu    sync.Mutex
	conns []net.Conn
}

func newTap(t *testing.T) *tap {
	p := &tap{t: t, begun: make(chan struct{}, 100)}
	p.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		if err == nil {
			p.mu.Lock()
			p.conns = append(p.conns, conn)
			p.mu.Unlock()
		}
		return conn, err
	}
	t.Cleanup(p.CloseIdleConnections)
	return p
}

// RoundTrip implements http.RoundTripper.
func (p *tap) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := p.Transport.RoundTrip(r)
	if err == nil && response.StatusCode == http.StatusOK && strings.HasPrefix(r.URL.Path, "/api/v1/streaming/") {
		response.Body = &tappedBody{ReadCloser: response.Body, begun: p.begun}
	}
	return response, err
}

// cut ends every connection without a word.
func (p *tap) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range p.conns {
		conn.Close()
	}
	p.conns = nil
}

// wait waits until another response has begun.
func (p *tap) wait(what string) {
	p.t.Helper()
	select {
	case <-p.begun:
	case <-time.After(patience):
		p.t.Fatalf("%s has not begun", what)
	}
}

type tappedBody struct {
	io.ReadCloser
	begun chan struct{}
	once  sync.Once
}

func (b *tappedBody) Read(into []byte) (int, error) {
	n, err := b.ReadCloser.Read(into)
	if bytes.Contains(into[:n], []byte(":)\n")) {
		b.once.Do(func() { b.begun <- struct{}{} })
	}
	return n, err
}

type openStream func(context.Context, *mastodon.Client) (chan mastodon.Event, error)

// listenSSE opens a stream of server-sent events and waits until it has begun. In the end the
// token goes, which ends the response: its function is not told that the client has gone.
func listenSSE(t *testing.T, token string, open openStream) (listener, *tap) {
	t.Helper()
	l, p := listenSSEUnready(t, token, open)
	p.wait("the stream")
	return l, p
}

func listenSSEUnready(t *testing.T, token string, open openStream) (listener, *tap) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	p := newTap(t)
	client := mastodon.NewClient(&mastodon.Config{Server: instance(t), AccessToken: token})
	client.Transport = p
	events, err := open(ctx, client)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		for range events {
		}
		remove(t, "Accounts", item{"key": tokenKey(token)})
	})
	return listener{t, events}, p
}
