package stack_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi"
	"github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi/types"
	"github.com/coder/websocket"
)

// jsonNumber keeps a number's digits.
func jsonNumber(digits string) json.Number { return json.Number(digits) }

func TestTheManagementAPIIsWhatTheSDKExpects(t *testing.T) {
	t.Parallel()
	w := theStack(t)
	account, token, _ := w.member(t)
	began := time.Now().Add(-time.Second)
	s := w.dial(t, token, "stream=user")
	id := w.connections(t, account)[0]
	w.post(t, id, `{"any":"text"}`)
	s.expect(`{"any":"text"}`)

	got, err := w.sockets.GetConnection(t.Context(), &apigatewaymanagementapi.GetConnectionInput{ConnectionId: &id})
	if err != nil {
		t.Fatal(err)
	}
	if got.ConnectedAt.Before(began) || got.LastActiveAt.Before(*got.ConnectedAt) || got.Identity == nil || *got.Identity.SourceIp != "127.0.0.1" {
		t.Errorf("connected %v, active %v, identity %+v", got.ConnectedAt, got.LastActiveAt, got.Identity)
	}
	var large *types.PayloadTooLargeException
	_, err = w.sockets.PostToConnection(t.Context(), &apigatewaymanagementapi.PostToConnectionInput{ConnectionId: &id, Data: make([]byte, 131073)})
	if !errors.As(err, &large) {
		t.Errorf("128 KB and a byte: %v", err)
	}
	w.post(t, id, strings.Repeat("x", 131072))
	s.expect(strings.Repeat("x", 131072))

	if _, err := w.sockets.DeleteConnection(t.Context(), &apigatewaymanagementapi.DeleteConnectionInput{ConnectionId: &id}); err != nil {
		t.Fatal(err)
	}
	if code := s.closed(); code != websocket.StatusNormalClosure {
		t.Errorf("a deleted connection is closed with %d", code)
	}
	w.forgotten(t, account)
	checkGone(t, w, id)
}

// checkGone wants all three calls to say that the connection is gone.
func checkGone(t *testing.T, w *world, id string) {
	t.Helper()
	_, post := w.sockets.PostToConnection(t.Context(), &apigatewaymanagementapi.PostToConnectionInput{ConnectionId: &id, Data: []byte("x")})
	_, get := w.sockets.GetConnection(t.Context(), &apigatewaymanagementapi.GetConnectionInput{ConnectionId: &id})
	_, remove := w.sockets.DeleteConnection(t.Context(), &apigatewaymanagementapi.DeleteConnectionInput{ConnectionId: &id})
	for call, err := range map[string]error{"post": post, "get": get, "delete": remove} {
		var gone *types.GoneException
		if !errors.As(err, &gone) {
			t.Errorf("%s: %v", call, err)
		}
	}
}

func TestTheManagementAPIWantsASignature(t *testing.T) {
	t.Parallel()
	w := theStack(t)
	response, err := w.http.Post(w.Callback+"/@connections/PJqB0fHsqRcCHlw%3D", "", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusForbidden || response.Header.Get("X-Amzn-ErrorType") == "" {
		t.Errorf("an unsigned post: %s, %q", response.Status, response.Header)
	}
}

func TestAnAccountHasFiftyConnectionsAndAConnectionAHundredSubscriptions(t *testing.T) {
	t.Parallel()
	w := theStack(t)
	account, token, _ := w.member(t)
	first := w.dial(t, token, "")
	id := w.connections(t, account)[0]
	for range 49 {
		w.dial(t, token, "")
	}
	if got := w.status(t, "stream=user", bearer(token)); got != http.StatusTooManyRequests {
		t.Errorf("the fifty-first connection: %d", got)
	}
	for n := range 100 {
		first.send(subscribe("hashtag", fmt.Sprint("many", n), ""))
	}
	w.handled(t, id, 100)
	first.send(subscribe("user", "", ""))
	first.expect(`{"error":"Too many subscriptions on this connection","status":429}`)
	first.send(subscribe("hashtag", "many7", "")) // which it has already
	first.send(message("unsubscribe", "hashtag", "many8", ""))
	w.handled(t, id, 103)
	first.send(subscribe("user", "", ""))
	w.handled(t, id, 104)
	w.content(t, note(account, "at last", account))
	first.expect(frame("", "at last", "user"))

	w.dial(t, w.token(t, fresh(), "read"), "") // others are not concerned
	if _, err := w.sockets.DeleteConnection(t.Context(), &apigatewaymanagementapi.DeleteConnectionInput{ConnectionId: &id}); err != nil {
		t.Fatal(err)
	}
	if code := first.closed(); code != websocket.StatusNormalClosure {
		t.Errorf("closed with %d", code)
	}
	w.left(t, account, id)
	w.dial(t, token, "")
}
