package cloudfront

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

func TestTheFirstBehaviorThatMatchesDecides(t *testing.T) {
	named := func(name string) string {
		return handler("return {statusCode: 200, body: '" + name + "'};")
	}
	d := Distribution{Origins: map[string]Origin{"o": {DomainName: "o"}}, Behaviors: []Behavior{
		{PathPattern: "/api/v1/streaming", Origin: "o", ViewerRequest: named("socket")},
		{PathPattern: "/api/v1/streaming/", Origin: "o", ViewerRequest: named("socket with a slash")},
		{PathPattern: "/api/v1/streaming/*", Origin: "o", ViewerRequest: named("sse")},
		{PathPattern: "/app/*", Origin: "o", ViewerRequest: named("app")},
		{PathPattern: "/items*", Origin: "o", AllowedMethods: allMethods, ViewerRequest: named("items")},
		{PathPattern: "*", Origin: "o", ViewerRequest: named("default")},
	}}
	r := newRigOf(t, d, echo, Options{})
	for _, tt := range []struct {
		method, target, want string
		status               int
	}{
		{"GET", "/api/v1/streaming?stream=user", "socket", 200}, {"GET", "/api/v1/streaming/", "socket with a slash", 200},
		{"GET", "/api/v1/streaming/user", "sse", 200}, {"GET", "/api/v1/streaming/x/../y", "sse", 200}, {"GET", "/app/k", "app", 200}, {"GET", "/APP/k", "default", 200},
		{"GET", "/%61pp/k", "app", 200}, {"GET", "/", "default", 200}, {"POST", "/items/1", "items", 200}, {"HEAD", "/items", "", 200},
		{"POST", "/app/k", "not configured to allow", 403}, {"DELETE", "/", "not configured to allow", 403}, {"OPTIONS", "/", "not configured to allow", 403},
	} {
		if response, body := r.do(t, tt.method, tt.target, ""); response.StatusCode != tt.status || !strings.Contains(body, tt.want) {
			t.Errorf("%s %s: %d %.200s, want %s", tt.method, tt.target, response.StatusCode, body, tt.want)
		}
	}
}

func TestTheOriginGetsAllViewerHeadersExceptHost(t *testing.T) {
	var host string
	r := newRig(t, "", func(w http.ResponseWriter, q *http.Request) { host = q.Host; echo(w, q) }, Options{})
	response, body := r.do(t, "POST", "/a%2Fb/%C3%A9?x=%zz;y&x=1", "the body", "Authorization: Bearer t", "X-Forwarded-For: 203.0.113.9",
		"X-Forwarded-Proto: forged", "X-Real-IP: forged", "Cookie: a=1", "Te: trailers")
	for _, want := range []string{"POST /prod/a%2Fb/%C3%A9?x=%zz;y&x=1\n", "Authorization: Bearer t\r\n", "X-Forwarded-For: 203.0.113.9, 127.0.0.1\r\n",
		"Cookie: a=1\r\n", "Via: 1.1 d111111abcdef8.cloudfront.net (CloudFront)\r\n", "\nthe body"} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q in %s", want, body)
		}
	}
	if strings.Contains(body, "forged") {
		t.Errorf("forged headers came through: %s", body)
	}
	if host != strings.TrimPrefix(r.origin.URL, "http://") {
		t.Errorf("the origin saw the host %s", host)
	}
	if response.Header.Get("X-Cache") != "Miss from cloudfront" || len(response.Header.Get("X-Amz-Cf-Id")) != 56 {
		t.Errorf("headers %v", response.Header)
	}
}

func TestPoliciesDecideWhatTheOriginGets(t *testing.T) {
	var host string
	d := Distribution{Origins: map[string]Origin{"o": {DomainName: "o", CustomHeaders: map[string]string{"X-Secret": "s"}}}, Behaviors: []Behavior{
		{PathPattern: "/all", Origin: "o", OriginRequestPolicy: AllViewer}, {PathPattern: "*", Origin: "o"}}}
	r := newRigOf(t, d, func(w http.ResponseWriter, q *http.Request) { host = q.Host; echo(w, q) }, Options{})
	front := strings.TrimPrefix(r.front.URL, "http://")
	if _, body := r.do(t, "GET", "/all?q=1", "", "X-Mine: 1", "X-Secret: forged"); host != front || !strings.Contains(body, "/all?q=1") || !strings.Contains(body, "X-Mine: 1") || !strings.Contains(body, "X-Secret: s\r\n") {
		t.Errorf("AllViewer: host %s, %s", host, body)
	}
	if _, body := r.do(t, "GET", "/none?q=1", "", "X-Mine: 1", "Cookie: a=1"); host == front || strings.Contains(body, "q=1") || strings.Contains(body, "X-Mine") || strings.Contains(body, "Cookie") {
		t.Errorf("no policy: host %s, %s", host, body)
	}
}

func TestWebSocketsPassInBothDirections(t *testing.T) {
	r := newRig(t, identity, func(w http.ResponseWriter, q *http.Request) {
		ws, err := websocket.Accept(w, q, &websocket.AcceptOptions{Subprotocols: []string{"token"}, InsecureSkipVerify: true})
		if err != nil {
			return
		}
		for {
			kind, message, err := ws.Read(q.Context())
			if err != nil {
				return
			}
			if string(message) == "bye" {
				_ = ws.Close(4001, "as you wish")
				return
			}
			_ = ws.Write(q.Context(), kind, append([]byte(q.URL.Query().Get("stream")+" "), message...))
		}
	}, Options{})
	ws, _, err := websocket.Dial(t.Context(), r.front.URL+"/api/v1/streaming?stream=user", &websocket.DialOptions{Subprotocols: []string{"token"}, HTTPHeader: http.Header{"Origin": {"https://elsewhere.example"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ws.CloseNow() }()
	for _, message := range []string{"one", "two"} {
		if err := ws.Write(t.Context(), websocket.MessageText, []byte(message)); err != nil {
			t.Fatal(err)
		}
		if _, got, err := ws.Read(t.Context()); err != nil || string(got) != "user "+message || ws.Subprotocol() != "token" {
			t.Errorf("%q, %v, subprotocol %q", got, err, ws.Subprotocol())
		}
	}
	_ = ws.Write(t.Context(), websocket.MessageText, []byte("bye"))
	if _, _, err := ws.Read(t.Context()); websocket.CloseStatus(err) != 4001 {
		t.Errorf("closed with %v", err)
	}
}

func TestARefusedUpgradeKeepsItsStatus(t *testing.T) {
	r := newRig(t, identity, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }, Options{})
	if _, response, err := websocket.Dial(t.Context(), r.front.URL+"/", nil); err == nil || response == nil || response.StatusCode != 401 {
		t.Errorf("dial: %v", err)
	}
}

func TestAQuietWebSocketIsCut(t *testing.T) {
	ended := make(chan error, 1)
	r := newRig(t, "", func(w http.ResponseWriter, q *http.Request) {
		ws, err := websocket.Accept(w, q, nil)
		if err == nil {
			_, _, err = ws.Read(context.Background())
		}
		ended <- err
	}, Options{UpgradeIdle: 30 * time.Millisecond})
	ws, _, err := websocket.Dial(t.Context(), r.front.URL+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ws.CloseNow() }()
	if _, _, err := ws.Read(t.Context()); err == nil {
		t.Error("a message out of nowhere")
	}
	if err := <-ended; err == nil {
		t.Error("the origin's side stayed open")
	}
}

func TestStreamsArriveAsTheyAreWritten(t *testing.T) {
	more := make(chan struct{})
	r := newRig(t, identity, func(w http.ResponseWriter, q *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for _, event := range []string{":ok\n\n", "event: update\n\n"} {
			_, _ = io.WriteString(w, event)
			_ = http.NewResponseController(w).Flush()
			<-more
		}
		<-q.Context().Done() // the viewer's leaving reaches the origin
		more <- struct{}{}
	}, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	q, _ := http.NewRequestWithContext(ctx, "GET", r.front.URL+"/api/v1/streaming/user", nil)
	response, err := r.front.Client().Do(q)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(response.Body)
	for _, want := range []string{":ok\n", "\n", "event: update\n", "\n"} {
		if line, err := lines.ReadString('\n'); err != nil || line != want {
			t.Fatalf("line %q, %v; want %q", line, err, want)
		}
		if want == "\n" {
			more <- struct{}{} // only now may the origin go on
		}
	}
	cancel()
	<-more
	_ = response.Body.Close()
}

func TestOriginsThatAreDownSlowOrUnknown(t *testing.T) {
	release := make(chan struct{})
	slow := func(_ http.ResponseWriter, q *http.Request) {
		select {
		case <-release:
		case <-q.Context().Done():
		}
	}
	stalled := func(w http.ResponseWriter, q *http.Request) {
		_, _ = io.WriteString(w, "begin")
		_ = http.NewResponseController(w).Flush()
		slow(w, q)
	}
	quick := Options{ResponseTimeout: 30 * time.Millisecond}
	t.Run("slow is 504", func(t *testing.T) {
		if response, body := newRig(t, "", slow, quick).do(t, "GET", "/", ""); response.StatusCode != 504 || !strings.Contains(body, "did not answer in time") {
			t.Errorf("%d %s", response.StatusCode, body)
		}
	})
	t.Run("silent in the middle is cut", func(t *testing.T) {
		r := newRig(t, "", stalled, quick)
		response, err := r.front.Client().Get(r.front.URL)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		if body, err := io.ReadAll(response.Body); string(body) != "begin" || err == nil {
			t.Errorf("%q, %v", body, err)
		}
	})
	t.Run("down is 502", func(t *testing.T) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		_ = listener.Close()
		r := newRig(t, "", echo, Options{Resolve: func(string) (*url.URL, bool) {
			return &url.URL{Scheme: "http", Host: listener.Addr().String()}, true
		}})
		if response, _ := r.do(t, "GET", "/", ""); response.StatusCode != 502 || response.Header.Get("X-Cache") != "Error from cloudfront" {
			t.Errorf("%d %v", response.StatusCode, response.Header)
		}
	})
	t.Run("one that hangs up is 502", func(t *testing.T) {
		r := newRig(t, "", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, Options{})
		if response, _ := r.do(t, "POST", "/", "x"); response.StatusCode != 502 {
			t.Errorf("%d", response.StatusCode)
		}
	})
	unknown := func(string) (*url.URL, bool) { return nil, false }
	t.Run("unknown is 502", func(t *testing.T) {
		if response, _ := newRig(t, "", echo, Options{Resolve: unknown}).do(t, "GET", "/", ""); response.StatusCode != 502 {
			t.Errorf("%d", response.StatusCode)
		}
	})
	t.Run("unknown goes to NotFound if there is one", func(t *testing.T) {
		r := newRig(t, "", echo, Options{Resolve: unknown, NotFound: http.NotFoundHandler()})
		if response, _ := r.do(t, "GET", "/", ""); response.StatusCode != 404 {
			t.Errorf("%d", response.StatusCode)
		}
	})
	close(release)
}

func TestAnOriginMayLiveUnderAPath(t *testing.T) {
	var r *rig
	r = newRig(t, "", echo, Options{Resolve: func(string) (*url.URL, bool) {
		u, err := url.Parse(r.origin.URL + "/2015/function%2Furl/")
		return u, err == nil
	}})
	if _, body := r.do(t, "GET", "/x", ""); !strings.HasPrefix(body, "GET /2015/function%2Furl/prod/x\n") {
		t.Errorf("the origin saw %s", body)
	}
}

func TestRequestsThatCloudFrontDoesNotTake(t *testing.T) {
	r := newRig(t, identity, echo, Options{})
	if response, _ := r.do(t, "GET", "/?"+strings.Repeat("q", 9000), ""); response.StatusCode != http.StatusRequestURITooLong {
		t.Errorf("a long URL: %d", response.StatusCode)
	}
	if response, _ := r.do(t, "GET", "/", "a body"); response.StatusCode != http.StatusForbidden {
		t.Errorf("a GET with a body: %d", response.StatusCode)
	}
	many := strings.Repeat("a=1&", 1800)
	if response, body := r.do(t, "GET", "/?"+many, ""); response.StatusCode != 200 || strings.Count(strings.SplitN(body, "\n", 2)[0], "a=1") != 1800 {
		t.Errorf("a name 1,800 times: %d %.100s", response.StatusCode, body)
	}
	w := httptest.NewRecorder()
	q := httptest.NewRequest("GET", "/", nil)
	q.URL.RawQuery = "%zz=%&&=&=x&a=%0d%0a"
	r.ServeHTTP(w, q)
	if w.Code != 200 || !strings.HasPrefix(w.Body.String(), "GET /prod/?%zz=%&=&=x&a=%0d%0a\n") {
		t.Errorf("bad escapes: %d %.100s", w.Code, w.Body)
	}
}

func TestDistributionsThatCannotBeDeployedAreRefused(t *testing.T) {
	good := func() Distribution {
		return Distribution{Origins: map[string]Origin{"o": {DomainName: "o"}}, Behaviors: []Behavior{{PathPattern: "/x", Origin: "o"}, {PathPattern: "*", Origin: "o"}}}
	}
	tests := []struct {
		name  string
		spoil func(*Distribution)
		want  string
	}{
		{"no behavior", func(d *Distribution) { d.Behaviors = nil }, "default"},
		{"no default", func(d *Distribution) { d.Behaviors = d.Behaviors[:1] }, "default"},
		{"an unknown origin", func(d *Distribution) { d.Behaviors[0].Origin = "p" }, `unknown origin "p"`},
		{"no pattern", func(d *Distribution) { d.Behaviors[0].PathPattern = "" }, "no path pattern"},
		{"caching", func(d *Distribution) { d.Behaviors[0].CachePolicy = "658327ea" }, "CachingDisabled"},
		{"another policy", func(d *Distribution) { d.Behaviors[0].OriginRequestPolicy = "88a5eaf4" }, "AllViewerExceptHostHeader"},
		{"odd methods", func(d *Distribution) { d.Behaviors[0].AllowedMethods = []string{"GET", "POST"} }, "allowed methods"},
		{"an origin path with a slash at the end", func(d *Distribution) { d.Origins["o"] = Origin{OriginPath: "/prod/"} }, "slash"},
	}
	resolve := func(string) (*url.URL, bool) { return nil, false }
	for _, tt := range tests {
		d := good()
		tt.spoil(&d)
		if _, err := New(d, Options{Resolve: resolve}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
	if _, err := New(good(), Options{}); err == nil {
		t.Error("no Resolve, and no error")
	}
	d := good()
	d.ErrorCachingMinTTL = map[int]time.Duration{404: 0, 500: 0, 502: 0, 503: time.Second}
	if got := d.CachedErrors(); len(got) != 2 || got[0] != 503 || got[1] != 504 {
		t.Errorf("errors that AWS would cache: %v", got)
	}
}
