package apigateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
)

func TestMessagesReachTheirRoutesUnchanged(t *testing.T) {
	r := newRig(t, testAPI(), Options{})
	ws := r.dial(t, "?access_token=alice")
	bodies := []string{`{"type":"subscribe","stream":"public"}`, `{"type":"unknown"}`, `no JSON`, "", "\u0000<\U0001F600>", strings.Repeat("x", 32<<10)}
	for _, body := range bodies {
		write(t, ws, body)
	}
	eventually(t, "all are handled", func() bool { return len(r.fn.seen("MESSAGE")) == len(bodies) })
	got := make(map[string]string)
	ids := make(map[string]bool)
	for _, e := range r.fn.seen("MESSAGE") {
		got[*e.Body] = e.RequestContext.RouteKey
		ids[e.RequestContext.MessageID], ids[e.RequestContext.RequestID] = true, true
		if e.Headers != nil || e.QueryStringParameters != nil || e.RequestContext.ConnectionID != r.onlyID(t) || e.RequestContext.DomainName != r.addr() {
			t.Errorf("event %+v", e)
		}
	}
	for i, body := range bodies {
		want := "$default"
		if i == 0 {
			want = "subscribe"
		}
		if key, ok := got[body]; !ok || key != want {
			t.Errorf("%.20q went to %q (%v), want %q", body, key, ok, want)
		}
	}
	if len(ids) != 2*len(bodies) {
		t.Errorf("%d ids for %d messages", len(ids), len(bodies))
	}
	if stats := r.Stats(); stats.Messages != int64(len(bodies)) || stats.Open != 1 || stats.Opened != 1 {
		t.Errorf("stats %+v", stats)
	}
}

func TestWhatTheGatewayCannotDoIsSaidInAFrameAndTheSocketStaysOpen(t *testing.T) {
	noDefault := testAPI()
	delete(noDefault.Routes, "$default")
	tests := []struct {
		name    string
		api     API
		handler func(event) (string, string, error)
		message string
		want    string
	}{
		{"no route", noDefault, nil, `{"type":"unknown"}`, "Forbidden"},
		{"no JSON and no $default", noDefault, nil, `nonsense`, "Forbidden"},
		{"$connect by name", noDefault, nil, `{"type":"$connect"}`, "Forbidden"},
		{"crash", testAPI(), func(event) (string, string, error) { return `{"errorMessage":"secret"}`, "Unhandled", nil }, `{"type":"subscribe"}`, "Internal server error"},
		{"throttled", testAPI(), func(event) (string, string, error) { return "", "", errors.New("too many") }, `{"type":"subscribe"}`, "Internal server error"},
		{"no answer", testAPI(), func(event) (string, string, error) { return "null", "", nil }, `{"type":"subscribe"}`, "Internal server error"},
		{"bad base64 for the client", testAPI(), func(event) (string, string, error) {
			return `{"statusCode":200,"isBase64Encoded":true,"body":"%"}`, "", nil
		}, `{"type":"echo"}`, "Internal server error"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, tt.api, Options{})
			r.fn.on("subscribe", tt.handler)
			r.fn.on("echo", tt.handler)
			ws := r.dial(t, "")
			write(t, ws, tt.message)
			var frame struct{ Message, ConnectionID, RequestID string }
			if err := json.Unmarshal([]byte(read(t, ws)), &frame); err != nil {
				t.Fatal(err)
			}
			if frame.Message != tt.want || frame.ConnectionID != r.onlyID(t) || !validID(frame.RequestID) {
				t.Errorf("frame %+v", frame)
			}
			r.fn.answer("echo", `{"statusCode":200,"body":"still here"}`)
			write(t, ws, `{"type":"echo"}`)
			if got := read(t, ws); got != "still here" {
				t.Errorf("afterwards %q", got)
			}
		})
	}
}

func TestAFunctionThatTakesTooLongIsSaidSo(t *testing.T) {
	r := newRig(t, testAPI(), Options{Invoke: newSlowLambda("CONNECT", "DISCONNECT").invoke, IntegrationTimeout: 20 * time.Millisecond})
	ws := r.dial(t, "")
	write(t, ws, "x")
	if got := read(t, ws); !strings.Contains(got, "Endpoint request timed out") {
		t.Errorf("got %s", got)
	}
}

func TestBodiesReachTheClientOnlyFromRoutesWithAResponse(t *testing.T) {
	r := newRig(t, testAPI(), Options{})
	ws := r.dial(t, "")
	r.fn.answer("subscribe", `{"statusCode":200,"body":"must not arrive"}`)
	write(t, ws, `{"type":"subscribe"}`)
	eventually(t, "it is handled", func() bool { return len(r.fn.seen("MESSAGE")) == 1 })
	for _, tt := range []struct{ payload, want string }{
		{`{"statusCode":200,"body":"plain"}`, "plain"},
		{`{"statusCode":500,"body":"with any status"}`, "with any status"},
		{`{"statusCode":200,"body":"eA==","isBase64Encoded":true}`, "x"},
		{`{"statusCode":200,"body":""}`, ""},
	} {
		r.fn.answer("echo", tt.payload)
		write(t, ws, `{"type":"echo"}`)
		if got := read(t, ws); got != tt.want {
			t.Errorf("%s arrived as %q", tt.payload, got)
		}
	}
	r.fn.answer("echo", `{"statusCode":200}`)
	write(t, ws, `{"type":"echo"}`)
	eventually(t, "it is handled", func() bool { return len(r.fn.seen("MESSAGE")) == 6 })
	r.call("POST", r.onlyID(t), "next")
	if got := read(t, ws); got != "next" {
		t.Errorf("an absent body arrived as %q", got)
	}
}

func TestMessagesOfOneSocketRunSideBySide(t *testing.T) {
	r := newRig(t, testAPI(), Options{})
	var both sync.WaitGroup
	both.Add(2)
	r.fn.on("default", func(event) (string, string, error) {
		both.Done()
		both.Wait() // ends only if the other one runs at the same time
		return `{"statusCode":200}`, "", nil
	})
	ws := r.dial(t, "")
	write(t, ws, "one")
	write(t, ws, "two")
	eventually(t, "both are handled", func() bool { return len(r.fn.seen("MESSAGE")) == 2 })
	both.Wait()
}

func TestMoreMessagesThanTheAccountMayHandleAreRefusedOneByOne(t *testing.T) {
	r := newRig(t, testAPI(), Options{MaxInFlight: 1})
	leave := make(chan struct{})
	r.fn.on("default", func(event) (string, string, error) {
		<-leave
		return `{"statusCode":200}`, "", nil
	})
	ws := r.dial(t, "")
	write(t, ws, "one")
	eventually(t, "the first is being handled", func() bool { return len(r.fn.seen("MESSAGE")) == 1 })
	write(t, ws, "two")
	if got := read(t, ws); !strings.Contains(got, "Too Many Requests") {
		t.Errorf("got %s", got)
	}
	close(leave)
}

func TestShuffledMessagesAreReorderedTheSameWayForTheSameSeed(t *testing.T) {
	run := func(seed uint64) []string {
		var mu sync.Mutex
		var order []string
		var running atomic.Int32
		r := newRig(t, testAPI(), Options{ShuffleMessages: true, ShuffleSeed: seed, ShuffleWindow: 200 * time.Millisecond})
		r.fn.on("default", func(e event) (string, string, error) {
			if running.Add(1) != 1 {
				t.Error("two messages overlap")
			}
			defer running.Add(-1)
			mu.Lock()
			defer mu.Unlock()
			order = append(order, *e.Body)
			return `{"statusCode":200,"body":"x"}`, "", nil
		})
		socket := dialRaw(t, r, "")
		socket.response(t)
		var frames []byte
		for i := range 20 {
			frames = append(frames, clientFrame(text1, fmt.Sprint(i))...)
		}
		if err := socket.send(frames); err != nil {
			t.Fatal(err)
		}
		eventually(t, "all are handled", func() bool { mu.Lock(); defer mu.Unlock(); return len(order) == 20 })
		mu.Lock()
		defer mu.Unlock()
		return order
	}
	first, again, other := run(1), run(1), run(2)
	if !slices.Equal(first, again) {
		t.Errorf("seed 1 gave %v, then %v", first, again)
	}
	if slices.Equal(first, other) || slices.IsSorted(first) {
		t.Errorf("seed 1 gave %v, seed 2 %v", first, other)
	}
}

func TestEveryInvocationIsReported(t *testing.T) {
	var mu sync.Mutex
	var routes []string
	r := newRig(t, testAPI(), Options{OnInvoke: func(i Invocation) {
		mu.Lock()
		defer mu.Unlock()
		if i.ConnectionID == "" || i.RequestID == "" || i.Started.IsZero() {
			t.Errorf("invocation %+v", i)
		}
		routes = append(routes, fmt.Sprintf("%s %s %d %v", i.Route, i.Function, i.Status, i.Err != nil))
	}})
	r.fn.on("subscribe", func(event) (string, string, error) { return "", "Unhandled", nil })
	ws := r.dial(t, "")
	write(t, ws, `{"type":"subscribe"}`)
	read(t, ws)
	_ = ws.Close(websocket.StatusNormalClosure, "")
	want := []string{"$connect connect 200 false", "subscribe subscribe 0 true", "$disconnect disconnect 200 false"}
	eventually(t, "three are reported", func() bool { mu.Lock(); defer mu.Unlock(); return len(routes) == 3 })
	if !slices.Equal(routes, want) {
		t.Errorf("reported %v", routes)
	}
}
