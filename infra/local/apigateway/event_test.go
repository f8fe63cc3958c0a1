package apigateway

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// fixedServer makes the same ids and times every run.
func fixedServer(t *testing.T) *Server {
	t.Helper()
	at := time.Date(2023, 11, 29, 8, 4, 1, 5e6, time.UTC)
	s, err := New(testAPI(), Options{Invoke: newLambda().invoke, Now: func() time.Time { return at },
		DomainName: "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com"})
	if err != nil {
		t.Fatal(err)
	}
	s.ids.sequence.Store(0)
	s.ids.host = 0x1234
	return s
}

func handshakeRequest(target string) *http.Request {
	r := httptest.NewRequest("GET", target, nil)
	r.RemoteAddr = "192.0.2.7:50123"
	r.Host = "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com"
	r.TLS = &tls.ConnectionState{}
	for name, value := range map[string]string{"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
		"Sec-WebSocket-Version": "13", "Sec-WebSocket-Protocol": "secret", "User-Agent": "Probe/1.0 <&>", "X-Forwarded-For": "203.0.113.9",
		"X-Amzn-Trace-Id": "Root=1-6566f001-000000000000000000000000", "Origin": "https://elsewhere.example"} {
		r.Header.Set(name, value)
	}
	r.Header.Add("Cookie", "a=1")
	r.Header.Add("Cookie", "b=2")
	return r
}

func TestEventsAreThoseOfAPIGateway(t *testing.T) {
	tests := []struct {
		golden string
		event  func(*Server) *event
	}{
		{"connect.json", func(s *Server) *event {
			r := handshakeRequest("/prod?access_token=s%20t&stream=user&stream=list&flag&bad=%zz")
			return s.newConn(r).connectEvent(r)
		}},
		{"connect_without_query.json", func(s *Server) *event {
			r := handshakeRequest("/prod/")
			return s.newConn(r).connectEvent(r)
		}},
		{"message.json", func(s *Server) *event {
			e := s.newConn(handshakeRequest("/prod")).messageEvent([]byte(`{"type":"subscribe","tag":"<é>"}`))
			e.RequestContext.RouteKey = "subscribe"
			return e
		}},
		{"disconnect.json", func(s *Server) *event {
			return s.newConn(handshakeRequest("/prod")).disconnectEvent(closeCause{1005, "Client-side close frame status not set"})
		}},
		{"disconnect_without_reason.json", func(s *Server) *event {
			return s.newConn(handshakeRequest("/prod")).disconnectEvent(closeCause{1001, ""})
		}},
	}
	for _, tt := range tests {
		t.Run(tt.golden, func(t *testing.T) {
			raw, err := tt.event(fixedServer(t)).encode()
			if err != nil {
				t.Fatal(err)
			}
			compareGolden(t, tt.golden, raw)
		})
	}
}

func compareGolden(t *testing.T, name string, raw []byte) {
	t.Helper()
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, raw, "", "  "); err != nil {
		t.Fatal(err)
	}
	pretty.WriteByte('\n')
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, pretty.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), pretty.String()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// What we send must survive a round through the library that handlers decode with.
func TestEventsLoseNothingInTheLambdaLibrary(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no golden files", err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var decoded events.APIGatewayWebsocketProxyRequest
		if err := json.Unmarshal(raw, &decoded); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		rc := decoded.RequestContext
		if rc.ConnectionID == "" || rc.RouteKey == "" || rc.ConnectedAt != 1701245041005 || rc.Identity.SourceIP != "192.0.2.7" || rc.DomainName == "" {
			t.Errorf("%s: decoded %+v", file, rc)
		}
		if got := rc.DisconnectReason != nil; got != (rc.EventType == "DISCONNECT") {
			t.Errorf("%s: disconnectReason present: %v", file, got)
		}
	}
}

func TestIDsAreUniqueAndBeginWithAClock(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	ids := newIDSource(func() time.Time { return at })
	seen := make(map[string]bool)
	for range 100_000 {
		id := ids.next(kindConnection)
		if !validID(id) || seen[id] || id[:5] != ids.next(kindRequest)[:5] {
			t.Fatalf("id %q: valid %v, seen %v", id, validID(id), seen[id])
		}
		seen[id] = true
	}
	before := ids.next(kindConnection)
	at = at.Add(100 * time.Millisecond)
	after := ids.next(kindConnection)
	if before[:4] != after[:4] || before[:5] == after[:5] {
		t.Errorf("100 ms later the clock went from %s to %s", before[:5], after[:5])
	}
	for _, bad := range []string{"", "x", "PJqB0fHsqRcCHlw", "PJqB0fHsqRcCHl==", "PJqB0fHsqRcCH/w=", "PJqB0fHsqRcCHlw=="} {
		if validID(bad) {
			t.Errorf("%q passes for an id", bad)
		}
	}
	if !validID("PJqB0fHsqRcCHlw=") {
		t.Error("one of AWS's ids does not pass")
	}
}
