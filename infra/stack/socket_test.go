package stack_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

// socket is a client of the streaming API.
type socket struct {
	t    *testing.T
	conn *websocket.Conn
}

const streaming = "/api/v1/streaming"

// url is the streaming API behind the edge.
func (w *world) url(query string) string {
	return strings.Replace(w.Edge, "http", "ws", 1) + streaming + "?" + query
}

// dial opens a socket that lives as long as the test.
func (w *world) dial(t *testing.T, token, query string) *socket {
	t.Helper()
	return w.dialWith(t, query, http.Header{"Authorization": {"Bearer " + token}})
}

func (w *world) dialWith(t *testing.T, query string, header http.Header, subprotocols ...string) *socket {
	t.Helper()
	conn, response, err := websocket.Dial(t.Context(), w.url(query),
		&websocket.DialOptions{HTTPHeader: header, HTTPClient: w.http, Subprotocols: subprotocols})
	if err != nil {
		status := "no answer"
		if response != nil {
			status = response.Status
		}
		t.Fatalf("dialling with %s: %s, %v", query, status, err)
	}
	conn.SetReadLimit(1 << 20)
	t.Cleanup(func() { conn.CloseNow() })
	return &socket{t, conn}
}

// status is that of a handshake that is refused; 101 if it is not.
func (w *world) status(t *testing.T, query string, header http.Header) int {
	t.Helper()
	conn, response, err := websocket.Dial(t.Context(), w.url(query), &websocket.DialOptions{HTTPHeader: header, HTTPClient: w.http})
	if err == nil {
		conn.CloseNow()
	}
	if response == nil {
		t.Fatal(err)
	}
	return response.StatusCode
}

func (s *socket) send(text string) {
	s.t.Helper()
	if err := s.conn.Write(s.t.Context(), websocket.MessageText, []byte(text)); err != nil {
		s.t.Fatal(err)
	}
}

// read is the next frame or what ended the socket. A frame of API Gateway's own is a failure
// wherever it comes: real clients throw at it.
func (s *socket) read() (string, error) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	kind, text, err := s.conn.Read(ctx)
	if err != nil {
		return "", err
	}
	if kind != websocket.MessageText {
		s.t.Errorf("a frame of kind %v: %q", kind, text)
	}
	if bytes.HasPrefix(text, []byte(`{"message":`)) {
		s.t.Errorf("a frame of API Gateway's own: %s", text)
	}
	return string(text), nil
}

func (s *socket) next() string {
	s.t.Helper()
	text, err := s.read()
	if err != nil {
		s.t.Fatal(err)
	}
	return text
}

// expect reads as many frames and compares them, in order.
func (s *socket) expect(frames ...string) {
	s.t.Helper()
	for i, want := range frames {
		if got := s.next(); got != want {
			s.t.Fatalf("frame %d is\n%s\nwant\n%s", i, got, want)
		}
	}
}

// closed reads until the socket ends, and is the code that it was closed with.
func (s *socket) closed() websocket.StatusCode {
	s.t.Helper()
	for {
		if _, err := s.read(); err != nil {
			if errors.Is(err, context.DeadlineExceeded) {
				s.t.Fatal("the socket was not closed")
			}
			return websocket.CloseStatus(err)
		}
	}
}

// subscribe is a client's message.
func subscribe(stream, tag, list string) string { return message("subscribe", stream, tag, list) }

func message(kind, stream, tag, list string) string {
	return encode(struct {
		Type   string `json:"type"`
		Stream string `json:"stream"`
		Tag    string `json:"tag,omitempty"`
		List   string `json:"list,omitempty"`
	}{kind, stream, tag, list})
}

// frame is an event as a client sees it.
func frame(payload, event string, stream ...string) string {
	return encode(struct {
		Stream  []string `json:"stream"`
		Event   string   `json:"event"`
		Payload string   `json:"payload"`
	}{stream, event, payload})
}

// encode writes JSON without escaping what HTML would need.
func encode(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // structs of texts always encode
	}
	return strings.TrimSuffix(b.String(), "\n")
}
