package apigateway

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// lambda is a function runtime for tests: it keeps every event and answers with a
// handler per function name, or with 200.
type lambda struct {
	mu       sync.Mutex
	events   []event
	handlers map[string]func(event) (string, string, error)
}

func newLambda() *lambda {
	return &lambda{handlers: make(map[string]func(event) (string, string, error))}
}

// on sets a function's handler: the payload, the function error, and the invocation's.
func (l *lambda) on(function string, handler func(event) (string, string, error)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.handlers[function] = handler
}

// answer makes a function always answer payload.
func (l *lambda) answer(function, payload string) {
	l.on(function, func(event) (string, string, error) { return payload, "", nil })
}

func (l *lambda) invoke(_ context.Context, function string, input []byte) ([]byte, string, error) {
	var e event
	if err := json.Unmarshal(input, &e); err != nil {
		return nil, "", err
	}
	l.mu.Lock()
	l.events = append(l.events, e)
	handler := l.handlers[function]
	l.mu.Unlock()
	if handler == nil {
		return []byte(`{"statusCode":200}`), "", nil
	}
	payload, functionError, err := handler(e)
	return []byte(payload), functionError, err
}

func (l *lambda) seen(eventType string) []event {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []event
	for _, e := range l.events {
		if e.RequestContext.EventType == eventType {
			list = append(list, e)
		}
	}
	return list
}

// testAPI has a function per route, named as the route without $.
func testAPI() API {
	return API{ID: "a1b2c3d4e5", Stage: "prod", RouteSelectionExpression: "$request.body.type", Routes: map[string]Route{
		"$connect": {Function: "connect"}, "$disconnect": {Function: "disconnect"}, "$default": {Function: "default"},
		"subscribe": {Function: "subscribe"}, "echo": {Function: "echo", RouteResponse: true},
	}}
}

// rig is a server on a real listener.
type rig struct {
	*Server
	fn   *lambda
	http *httptest.Server
}

func newRig(t testing.TB, api API, opt Options) *rig {
	t.Helper()
	r := &rig{fn: newLambda()}
	if opt.Invoke == nil {
		opt.Invoke = r.fn.invoke
	}
	server, err := New(api, opt)
	if err != nil {
		t.Fatal(err)
	}
	r.Server, r.http = server, httptest.NewServer(server)
	server.SetDomainName(r.addr())
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		r.http.Close()
	})
	return r
}

func (r *rig) addr() string { return strings.TrimPrefix(r.http.URL, "http://") }

func (r *rig) dial(t testing.TB, query string) *websocket.Conn {
	t.Helper()
	ws, _, err := websocket.Dial(t.Context(), "ws://"+r.addr()+"/prod"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	ws.SetReadLimit(1 << 20)
	t.Cleanup(func() { _ = ws.CloseNow() })
	return ws
}

func write(t testing.TB, ws *websocket.Conn, message string) {
	t.Helper()
	if err := ws.Write(t.Context(), websocket.MessageText, []byte(message)); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, ws *websocket.Conn) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	kind, message, err := ws.Read(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if kind != websocket.MessageText {
		t.Fatalf("a %v message, want text", kind)
	}
	return string(message)
}

// readClose reads until the server closes, and returns its code and reason.
func readClose(t testing.TB, ws *websocket.Conn) (int, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	for {
		if _, _, err := ws.Read(ctx); err != nil {
			var closed websocket.CloseError
			if !errors.As(err, &closed) {
				t.Fatalf("no close frame: %v", err)
			}
			return int(closed.Code), closed.Reason
		}
	}
}

// eventually polls a condition that another goroutine makes true.
func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("still not: %s", what)
		}
	}
}

// onlyID is the id of the one open connection.
func (r *rig) onlyID(t testing.TB) string {
	t.Helper()
	list := r.List()
	if len(list) != 1 {
		t.Fatalf("%d connections, want 1", len(list))
	}
	return list[0].ID
}

// signed is a management request whose signature is right in form.
func signed(method, url, body string) *http.Request {
	r := httptest.NewRequest(method, url, strings.NewReader(body))
	r.RequestURI = ""
	r.Header.Set("X-Amz-Date", "20260102T030405Z")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AK/20260102/eu-west-1/execute-api/aws4_request, SignedHeaders=host;x-amz-date, Signature="+strings.Repeat("0a", 32))
	return r
}

// call runs a management request without a network.
func (r *rig) call(method, id, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r.ServeHTTP(w, signed(method, "http://gateway/prod/@connections/"+strings.ReplaceAll(id, "=", "%3D"), body))
	return w
}

// rawSocket is a client that speaks TCP, to say what no library would.
type rawSocket struct {
	net.Conn
	br *bufio.Reader
}

const rawHandshake = "GET /prod HTTP/1.1\r\nHost: gateway\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

func dialRaw(t testing.TB, r *rig, extraHeaders string) *rawSocket {
	t.Helper()
	nc, err := net.Dial("tcp", r.addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nc.Close() })
	_ = nc.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := nc.Write([]byte(rawHandshake + extraHeaders + "\r\n")); err != nil {
		t.Fatal(err)
	}
	return &rawSocket{nc, bufio.NewReader(nc)}
}

func (s *rawSocket) response(t testing.TB) *http.Response {
	t.Helper()
	response, err := http.ReadResponse(s.br, nil)
	if err != nil {
		t.Fatal(err)
	}
	return response
}

// clientFrame is a masked frame; first is FIN, the reserved bits and the opcode.
func clientFrame(first byte, payload string) []byte {
	frame := appendFrame(nil, 0, false, []byte(payload))
	frame[0] = first
	start := len(frame) - len(payload)
	mask := [4]byte{1, 2, 3, 4}
	body := append([]byte(nil), frame[start:]...)
	unmask(body, mask)
	frame[1] |= 0x80
	return append(append(frame[:start:start], mask[:]...), body...)
}

// frame reads one frame of the server's.
func (s *rawSocket) frame(t testing.TB) (opcode, string) {
	t.Helper()
	h, err := readFrameHeader(s.br)
	if err != nil {
		t.Fatal(err)
	}
	payload := make([]byte, h.length)
	if _, err := readFull(s.br, payload); err != nil {
		t.Fatal(err)
	}
	return h.op, string(payload)
}

func readFull(br *bufio.Reader, p []byte) (int, error) {
	n := 0
	for n < len(p) {
		m, err := br.Read(p[n:])
		if n += m; err != nil {
			return n, err
		}
	}
	return n, nil
}
