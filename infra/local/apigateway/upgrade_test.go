package apigateway

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

func TestTheHandshakeHasTheStatusThatConnectDecides(t *testing.T) {
	tests := []struct {
		name, payload, functionError string
		err                          error
		want                         int
		body                         string
	}{
		{name: "accepted", payload: `{"statusCode":200}`, want: 101},
		{name: "any 2xx accepts", payload: `{"statusCode":204,"body":"hello"}`, want: 101},
		{name: "refused", payload: `{"statusCode":401,"headers":{"X-Why":"no"},"body":"secret reason"}`, want: 401},
		{name: "redirected", payload: `{"statusCode":302,"headers":{"Location":"/"}}`, want: 302},
		{name: "failed on purpose", payload: `{"statusCode":500}`, want: 500},
		{name: "crashed", payload: `{"errorMessage":"boom"}`, functionError: "Unhandled", want: 502, body: "Internal server error"},
		{name: "throttled", err: errors.New("throttled"), want: 500, body: "Internal server error"},
		{name: "answered nonsense", payload: `"ok"`, want: 502, body: "Internal server error"},
		{name: "answered nothing", payload: ``, want: 502, body: "Internal server error"},
		{name: "answered null", payload: `null`, want: 502, body: "Internal server error"},
		{name: "answered no status", payload: `{}`, want: 502, body: "Internal server error"},
		{name: "answered a status that is none", payload: `{"statusCode":1000}`, want: 502, body: "Internal server error"},
		{name: "tried to write a header of its own", payload: `{"statusCode":200,"headers":{"Sec-WebSocket-Protocol":"a\r\nX-Evil: 1"}}`, want: 502},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, testAPI(), Options{})
			r.fn.on("connect", func(event) (string, string, error) { return tt.payload, tt.functionError, tt.err })
			response := dialRaw(t, r, "").response(t)
			if response.StatusCode != tt.want {
				t.Fatalf("status %d, want %d", response.StatusCode, tt.want)
			}
			if tt.want == 101 {
				return
			}
			body, err := io.ReadAll(response.Body)
			if err != nil || !strings.Contains(string(body), tt.body) || tt.body == "" && tt.want < 502 && len(body) > 0 {
				t.Errorf("body %q, %v; want %q", body, err, tt.body)
			}
			if response.Header.Get("X-Why") != "" || response.Header.Get("Location") != "" || response.Header.Get("X-Evil") != "" {
				t.Errorf("a header of the handler's came through: %v", response.Header)
			}
			if got := len(r.fn.seen("DISCONNECT")); got != 0 {
				t.Errorf("$disconnect ran %d times for a refused handshake", got)
			}
		})
	}
}

func TestOnlyAnUpgradeOfTheStageIsAHandshake(t *testing.T) {
	r := newRig(t, testAPI(), Options{})
	upgrade := func(method, path string, drop ...string) *http.Request {
		q := httptest.NewRequest(method, path, nil)
		for _, h := range []string{"Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="} {
			name, value, _ := strings.Cut(h, ": ")
			q.Header.Set(name, value)
		}
		for _, name := range drop {
			q.Header.Del(name)
		}
		return q
	}
	tests := []struct {
		name string
		q    *http.Request
		want int
		kind string
	}{
		{"plain GET", upgrade("GET", "/prod", "Upgrade"), 426, "UpgradeRequiredException"},
		{"plain GET with a slash", upgrade("GET", "/prod/", "Upgrade", "Connection"), 426, "UpgradeRequiredException"},
		{"no Connection header", upgrade("GET", "/prod", "Connection"), 426, "UpgradeRequiredException"},
		{"POST", upgrade("POST", "/prod"), 403, "ForbiddenException"},
		{"no stage", upgrade("GET", "/"), 403, "ForbiddenException"},
		{"wrong stage", upgrade("GET", "/dev"), 403, "ForbiddenException"},
		{"extra path", upgrade("GET", "/prod/more"), 403, "ForbiddenException"},
		{"stage in the wrong case", upgrade("GET", "/Prod"), 403, "ForbiddenException"},
		{"no key", upgrade("GET", "/prod", "Sec-WebSocket-Key"), 400, "BadRequestException"},
		{"no version", upgrade("GET", "/prod", "Sec-WebSocket-Version"), 400, "BadRequestException"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			r.ServeHTTP(w, tt.q)
			if w.Code != tt.want || w.Header().Get("X-Amzn-ErrorType") != tt.kind {
				t.Errorf("%d %q, want %d %q", w.Code, w.Header().Get("X-Amzn-ErrorType"), tt.want, tt.kind)
			}
		})
	}
	if got := len(r.fn.seen("CONNECT")); got != 0 {
		t.Errorf("$connect ran %d times", got)
	}
}

func TestASubprotocolIsEchoedOnlyIfConnectSaysSo(t *testing.T) {
	r := newRig(t, testAPI(), Options{})
	if got := dialRaw(t, r, "Sec-WebSocket-Protocol: token-1\r\n").response(t).Header.Get("Sec-WebSocket-Protocol"); got != "" {
		t.Errorf("echoed %q unasked", got)
	}
	r.fn.answer("connect", `{"statusCode":200,"headers":{"sec-websocket-protocol":"token-1"}}`)
	ws, _, err := websocket.Dial(t.Context(), "ws://"+r.addr()+"/prod/", &websocket.DialOptions{
		Subprotocols: []string{"token-1"}, HTTPHeader: http.Header{"Origin": {"https://elsewhere.example"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer ws.CloseNow() //nolint:errcheck // the test is over
	if ws.Subprotocol() != "token-1" {
		t.Errorf("subprotocol %q", ws.Subprotocol())
	}
}

func TestAMissingConnectRouteAcceptsEveryone(t *testing.T) {
	api := testAPI()
	delete(api.Routes, "$connect")
	delete(api.Routes, "$disconnect")
	r := newRig(t, api, Options{})
	ws := r.dial(t, "")
	write(t, ws, `{"type":"subscribe"}`)
	eventually(t, "the message is handled", func() bool { return len(r.fn.seen("MESSAGE")) == 1 })
}

func TestTheHandshakeWaitsForConnectAndPostsAreGoneUntilThen(t *testing.T) {
	r := newRig(t, testAPI(), Options{})
	entered, leave := make(chan string), make(chan struct{})
	r.fn.on("connect", func(e event) (string, string, error) {
		entered <- e.RequestContext.ConnectionID
		<-leave
		return `{"statusCode":200}`, "", nil
	})
	socket := dialRaw(t, r, "")
	id := <-entered
	if w := r.call("POST", id, "early"); w.Code != http.StatusGone {
		t.Errorf("a post during $connect: %d, want 410", w.Code)
	}
	if r.Connections() != 0 {
		t.Error("a connection counts as open during $connect")
	}
	close(leave)
	if response := socket.response(t); response.StatusCode != 101 {
		t.Fatalf("status %d", response.StatusCode)
	}
	if w := r.call("POST", id, "later"); w.Code != http.StatusOK {
		t.Errorf("a post after the 101: %d, want 200", w.Code)
	}
	if op, message := socket.frame(t); op != opText || message != "later" {
		t.Errorf("got %v %q", op, message)
	}
}

func TestAClientThatLeavesDuringConnectIsDisconnected(t *testing.T) {
	r := newRig(t, testAPI(), Options{})
	entered, leave := make(chan struct{}), make(chan struct{})
	r.fn.on("connect", func(event) (string, string, error) {
		entered <- struct{}{}
		<-leave
		return `{"statusCode":200}`, "", nil
	})
	socket := dialRaw(t, r, "")
	<-entered
	_ = socket.Close()
	close(leave)
	eventually(t, "$disconnect ran", func() bool { return len(r.fn.seen("DISCONNECT")) == 1 })
	rc := r.fn.seen("DISCONNECT")[0].RequestContext
	if rc.DisconnectStatusCode != 1006 || rc.ConnectionID != r.fn.seen("CONNECT")[0].RequestContext.ConnectionID {
		t.Errorf("disconnected %+v", rc)
	}
	eventually(t, "nothing is left", func() bool { return r.Connections() == 0 && len(r.List()) == 0 })
}

func TestAServerThatCannotHijackTakesConnectBack(t *testing.T) {
	r := newRig(t, testAPI(), Options{})
	w, q := httptest.NewRecorder(), httptest.NewRequest("GET", "/prod", nil)
	q.Header = http.Header{"Upgrade": {"websocket"}, "Connection": {"Upgrade"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}}
	r.ServeHTTP(w, q)
	if w.Code != http.StatusInternalServerError || len(r.fn.seen("DISCONNECT")) != 1 {
		t.Errorf("%d, $disconnect ran %d times", w.Code, len(r.fn.seen("DISCONNECT")))
	}
}

func TestConnectThatTakesTooLongIs504(t *testing.T) {
	slow := newSlowLambda()
	r := newRig(t, testAPI(), Options{Invoke: slow.invoke, IntegrationTimeout: 10 * time.Millisecond})
	if response := dialRaw(t, r, "").response(t); response.StatusCode != http.StatusGatewayTimeout {
		t.Errorf("status %d, want 504", response.StatusCode)
	}
}

func TestAClientThatHasSeenThe101CanBePostedTo(t *testing.T) {
	r := newRig(t, testAPI(), Options{})
	for i := range 200 {
		dialRaw(t, r, "").response(t)
		if got := r.Connections(); got != i+1 {
			t.Fatalf("%d connections are open after the answer to number %d", got, i+1)
		}
	}
}
