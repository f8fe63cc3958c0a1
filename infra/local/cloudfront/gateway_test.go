package cloudfront

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"edgestream/infra/local/apigateway"
)

// TestAnAPIGatewayBehindTheEdge takes a socket the whole way: edge function, origin
// path, handshake, message, reply.
func TestAnAPIGatewayBehindTheEdge(t *testing.T) {
	type event struct {
		Headers, QueryStringParameters map[string]string
		RequestContext                 struct {
			EventType string
			Identity  struct{ SourceIP string }
		}
	}
	connected := make(chan event, 1)
	gateway, err := apigateway.New(apigateway.API{Stage: "prod", RouteSelectionExpression: "$request.body.type", Routes: map[string]apigateway.Route{
		"$connect": {Function: "connect"}, "$default": {Function: "default", RouteResponse: true}}}, apigateway.Options{
		Invoke: func(_ context.Context, function string, input []byte) ([]byte, string, error) {
			var e event
			if err := json.Unmarshal(input, &e); err != nil || function != "connect" {
				return []byte(`{"statusCode":200,"body":"hello"}`), "", err
			}
			if e.QueryStringParameters["access_token"] == "" {
				return []byte(`{"statusCode":401}`), "", nil
			}
			connected <- e
			return []byte(`{"statusCode":200}`), "", nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	backend := httptest.NewServer(gateway)
	defer backend.Close()
	defer func() {
		if err := gateway.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	r := newRig(t, handler(`event.request.uri = '/'; return event.request;`), echo, Options{Resolve: func(string) (*url.URL, bool) {
		u, err := url.Parse(backend.URL)
		return u, err == nil
	}})
	if _, response, err := websocket.Dial(t.Context(), r.front.URL+"/api/v1/streaming", nil); err == nil || response.StatusCode != 401 {
		t.Errorf("without a token: %v", err)
	}
	ws, _, err := websocket.Dial(t.Context(), r.front.URL+"/api/v1/streaming?access_token=alice", &websocket.DialOptions{HTTPHeader: http.Header{"X-Forwarded-For": {"203.0.113.9"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ws.CloseNow() }()
	if e := <-connected; e.Headers["X-Forwarded-For"] != "203.0.113.9, 127.0.0.1, 127.0.0.1" || !strings.HasPrefix(e.Headers["Via"], "1.1 ") || e.RequestContext.Identity.SourceIP != "127.0.0.1" {
		t.Errorf("$connect saw %+v", e)
	}
	if err := ws.Write(t.Context(), websocket.MessageText, []byte("hi")); err != nil {
		t.Fatal(err)
	}
	if _, got, err := ws.Read(t.Context()); err != nil || string(got) != "hello" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestABodyPassesThroughAFunction(t *testing.T) {
	r := newRig(t, identity, echo, Options{})
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
		if response, body := r.do(t, method, "/items", `{"a":1}`, "Content-Type: application/json"); response.StatusCode != 200 || !strings.HasSuffix(body, "\n"+`{"a":1}`) || !strings.Contains(body, "Content-Type: application/json") {
			t.Errorf("%s: %d %s", method, response.StatusCode, body)
		}
	}
}
