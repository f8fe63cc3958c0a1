package edge

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"edgestream/infra/local/cloudfront"
	"edgestream/infra/local/template"
)

// Where the function URLs stand among the origins.
var functionURLs = map[string]string{"SseFunction": "/sse", "ApiFunction": "/http"}

// deployed is the edge of template.yaml. Its origins answer with the request line that
// reached them, and with 418, which the edge never says itself. The function URLs have paths of
// their own, and the WebSocket API is at the root.
func deployed(t testing.TB) *cloudfront.Edge { return deployedFor(t, "both") }

// deployedFor is the edge of a stack with these protocols.
func deployedFor(t testing.TB, protocols string) *cloudfront.Edge {
	t.Helper()
	stack, err := template.Load("../../template.yaml", template.Options{Parameters: map[string]string{"Protocols": protocols}})
	if err != nil {
		t.Fatal(err)
	}
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, values := range r.Header {
			w.Header()["X-Seen-"+name] = values
		}
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprintf(w, "%s %s", r.Method, r.RequestURI)
	}))
	t.Cleanup(origin.Close)
	address, err := url.Parse(origin.URL)
	if err != nil {
		t.Fatal(err)
	}
	places := map[string]string{stack.WebSocketAPIs[0].Domain: ""}
	for _, u := range stack.FunctionURLs {
		if place, ok := functionURLs[u.Function]; ok {
			places[u.Domain] = place
		}
	}
	edge, err := cloudfront.New(distribution(stack.Distributions[0]), cloudfront.Options{
		FunctionBudget: 10 * time.Second, // the race detector is slow, and time is not what is tested
		Resolve: func(host string) (*url.URL, bool) {
			place, ok := places[host]
			return &url.URL{Scheme: address.Scheme, Host: address.Host, Path: place}, ok
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(edge.Close)
	return edge
}

func distribution(d template.Distribution) cloudfront.Distribution {
	out := cloudfront.Distribution{
		ID: d.ID, DomainName: d.Domain,
		Origins: map[string]cloudfront.Origin{}, ErrorCachingMinTTL: map[int]time.Duration{},
	}
	for _, o := range d.Origins {
		out.Origins[o.ID] = cloudfront.Origin{DomainName: o.Domain, OriginPath: o.Path, ProtocolPolicy: o.ProtocolPolicy}
	}
	for _, b := range d.Behaviors {
		out.Behaviors = append(out.Behaviors, cloudfront.Behavior{
			PathPattern: b.PathPattern, Origin: b.Origin, AllowedMethods: b.AllowedMethods,
			ViewerRequest: b.ViewerRequest.Code, OriginRequestPolicy: b.OriginRequestPolicy, CachePolicy: b.CachePolicy,
		})
	}
	for _, e := range d.Errors {
		out.ErrorCachingMinTTL[e.Code] = time.Duration(e.CachingMinTTLSeconds) * time.Second
	}
	return out
}

// ask sends one request as it stands, without net/http's cleaning of paths.
func ask(edge http.Handler, method, target string, headers ...string) (*http.Response, string) {
	r := httptest.NewRequest(method, "http://edge.example/", nil)
	path, query, _ := strings.Cut(target, "?")
	decoded, err := url.PathUnescape(path)
	if err != nil {
		decoded = path
	}
	r.URL = &url.URL{Path: decoded, RawPath: path, RawQuery: query}
	r.RequestURI = target
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	edge.ServeHTTP(w, r)
	res := w.Result()
	body, _ := io.ReadAll(res.Body)
	return res, string(body)
}

const (
	unknownChannel = `{"error":"Unknown channel requested"}`
	notFound       = `{"error":"Not Found"}`
)

func TestEveryPathHasItsAnswer(t *testing.T) {
	edge := deployed(t)
	for _, c := range []struct {
		method, target string
		status         int
		body           string
	}{
		{"GET", "/api/v1/streaming", 418, "GET /prod/"},
		{"GET", "/api/v1/streaming/", 418, "GET /prod/"},
		{"GET", "/api/v1/streaming?access_token=a%20b&stream=hashtag&tag=caf%C3%A9", 418, "GET /prod/?access_token=a%20b&stream=hashtag&tag=caf%C3%A9"},
		{"GET", "/api/v1/streaming/?stream=user", 418, "GET /prod/?stream=user"},
		{"GET", "/api/v1/streaming/?app=k&stream=user&app=l", 418, "GET /prod/?stream=user"},
		{"GET", "/app/36b8e92a50487f79cbb3?protocol=7&client=js&version=8.6.0&flash=false", 418, "GET /prod/?protocol=7&client=js&version=8.6.0&flash=false&app=36b8e92a50487f79cbb3"},
		{"GET", "/app/k/?app=other&app=more", 418, "GET /prod/?app=k"},
		{"GET", "/app/k", 418, "GET /prod/?app=k"},
		{"POST", "/apps/4072/events?auth_key=k&body_md5=0", 418, "POST /http/apps/4072/events?auth_key=k&body_md5=0"},
		{"GET", "/apps/4072/channels/presence-a%40b", 418, "GET /http/apps/4072/channels/presence-a%40b"},
		{"GET", "/apps", 404, notFound},
		{"GET", "/account", 418, "GET /http/account"},
		{"GET", "/account/1", 404, notFound},
		{"GET", "/items?page=2", 418, "GET /http/items?page=2"},
		{"DELETE", "/items/7", 418, "DELETE /http/items/7"},
		{"GET", "/itemsx", 404, notFound},
		{"POST", "/auth/capability", 418, "POST /http/auth/capability"},
		{"GET", "/auth", 404, notFound},
		{"POST", "/app/k", 404, notFound},
		{"GET", "/app/", 404, notFound},
		{"GET", "/app", 404, notFound},
		{"GET", "/app//", 404, notFound},
		{"GET", "/app/k/xhr", 404, notFound},
		{"GET", "/app/k%2F", 404, notFound},
		{"GET", "/app/k%26x=1", 404, notFound},
		{"GET", "/app/" + strings.Repeat("k", 65), 404, notFound},
		{"GET", "/api/v1/streaming/health", 200, "OK"},
		{"GET", "/api/v1/streaming/health?x=1", 200, "OK"},
		{"POST", "/api/v1/streaming", 400, unknownChannel},
		{"DELETE", "/api/v1/streaming/", 400, unknownChannel},
		{"POST", "/api/v1/streaming/health", 400, unknownChannel},
		{"GET", "/api/v1/streaming/health/", 400, unknownChannel},
		{"GET", "/api/v1/streaming/Health", 400, unknownChannel},
		{"GET", "/api/v1/streaming/user", 418, "GET /sse/api/v1/streaming/user"},
		{"GET", "/api/v1/streaming/user/notification", 418, "GET /sse/api/v1/streaming/user/notification"},
		{"GET", "/api/v1/streaming/direct", 418, "GET /sse/api/v1/streaming/direct"},
		{"GET", "/api/v1/streaming/public", 418, "GET /sse/api/v1/streaming/public"},
		{"GET", "/api/v1/streaming/public/local", 418, "GET /sse/api/v1/streaming/public/local"},
		{"GET", "/api/v1/streaming/public/remote?only_media=true", 418, "GET /sse/api/v1/streaming/public/remote?only_media=true"},
		{"GET", "/api/v1/streaming/hashtag?tag=caf%C3%A9&access_token=a%20b", 418, "GET /sse/api/v1/streaming/hashtag?tag=caf%C3%A9&access_token=a%20b"},
		{"GET", "/api/v1/streaming/hashtag/local?tag=foo", 418, "GET /sse/api/v1/streaming/hashtag/local?tag=foo"},
		{"GET", "/api/v1/streaming/list?list=1", 418, "GET /sse/api/v1/streaming/list?list=1"},
		{"HEAD", "/api/v1/streaming/user", 400, ""},
		{"POST", "/api/v1/streaming/user", 400, unknownChannel},
		{"GET", "/api/v1/streaming/user/", 400, unknownChannel},
		{"GET", "/api/v1/streaming/User", 400, unknownChannel},
		{"GET", "/api/v1/streaming/us%65r", 400, unknownChannel},
		{"GET", "/api/v1/streaming/user%2Fnotification", 400, unknownChannel},
		{"GET", "/api/v1/streaming/public/media", 400, unknownChannel},
		{"GET", "/api/v1/streaming/list/1", 400, unknownChannel},
		{"GET", "/api/v1/streaming/constructor", 400, unknownChannel},
		{"GET", "/api/v1/streaming/nonsense", 400, unknownChannel},
		{"GET", "/", 404, notFound},
		{"GET", "/api/v1/timelines/home", 404, notFound},
		{"GET", "/api/v1/streamings", 404, notFound},
		{"GET", "/API/V1/STREAMING", 404, notFound},
		{"GET", "/prod", 404, notFound},
		{"POST", "/prod/@connections/PJqB0fHsqRcCHlw%3D", 404, notFound},
		{"PUT", "/anything", 404, notFound},
	} {
		t.Run(c.method+" "+c.target, func(t *testing.T) {
			res, body := ask(edge, c.method, c.target)
			if res.StatusCode != c.status || body != c.body && c.method != "HEAD" {
				t.Errorf("%d %s, want %d %s", res.StatusCode, body, c.status, c.body)
			}
			if c.status == 418 {
				return
			}
			if got := res.Header.Get("Access-Control-Allow-Origin"); got != "*" {
				t.Errorf("Access-Control-Allow-Origin is %q, want *", got)
			}
			want := "application/json"
			if c.status == 200 {
				want = "text/plain"
			}
			if got := res.Header.Get("Content-Type"); got != want {
				t.Errorf("Content-Type is %q, want %q", got, want)
			}
		})
	}
}

func TestAProtocolThatIsLeftOutIsNotFoundAndThatIsSaid(t *testing.T) {
	const (
		noChannels = `{"error":"This stack does not offer Pusher Channels: its parameter Protocols is mastodon"}`
		noStreams  = `{"error":"This stack does not offer streams of Mastodon: its parameter Protocols is pusher"}`
	)
	for _, c := range []struct {
		protocols, target string
		status            int
		body              string
	}{
		{"mastodon", "/app/k", 404, noChannels}, {"mastodon", "/apps/1/events", 404, noChannels}, {"mastodon", "/account", 404, noChannels},
		{"mastodon", "/items", 404, noChannels}, {"mastodon", "/auth/x", 404, noChannels}, {"mastodon", "/elsewhere", 404, notFound},
		{"mastodon", "/api/v1/streaming", 418, "GET /prod/"}, {"mastodon", "/api/v1/streaming/user", 418, "GET /sse/api/v1/streaming/user"},
		{"pusher", "/api/v1/streaming", 404, noStreams}, {"pusher", "/api/v1/streaming/user", 404, noStreams},
		{"pusher", "/app/k", 418, "GET /prod/?app=k"}, {"pusher", "/elsewhere", 404, notFound},
		{"mastodon", "/api/v1/streaming/health", 200, "OK"}, {"pusher", "/api/v1/streaming/health", 200, "OK"},
	} {
		if res, body := ask(deployedFor(t, c.protocols), "GET", c.target); res.StatusCode != c.status || body != c.body {
			t.Errorf("%s, %s: %d %s, want %d %s", c.protocols, c.target, res.StatusCode, body, c.status, c.body)
		}
	}
}

func TestAnEndpointOfTheApplicationItselfIsNeverReached(t *testing.T) {
	edge := deployed(t)
	for _, target := range []string{
		"/api/v1/streaming%2F", "/api/v1/streaming%2fhealth", "/api/v1//streaming", "//api/v1/streaming", "/api/v1/streaming//",
		"/api/v1/./streaming/x", "/api/v1/streaming/../streaming/x", "/api/v1/streaming/%2e%2e/%2e%2e", "/api/v1/streaming;a=b",
		"/api/v1/streaming/\u202e", "/api/v1/streaming%00", "/api/v1/streaming/%00", "/api/v1/streaming/%ff%fe",
		"/api/v1/streaming/%0d%0aX-Evil:%201", "/%", "/api/v1/streaming/${x}", "/api/v1/streaming/<script>",
		"/api/v1/streaming/" + strings.Repeat("a", 4000), "/" + strings.Repeat("../", 300), "/__proto__", "/constructor",
	} {
		res, body := ask(edge, "GET", target)
		if res.StatusCode != 400 && res.StatusCode != 404 {
			t.Errorf("%.60q: %d %s, want 400 or 404", target, res.StatusCode, body)
		}
		if strings.Contains(body, "script") || res.Header.Get("X-Evil") != "" {
			t.Errorf("%.60q comes back in the answer: %v %s", target, res.Header, body)
		}
	}
}

func TestPreflightsAreAnsweredOnEveryPath(t *testing.T) {
	edge := deployed(t)
	for _, target := range []string{"/api/v1/streaming", "/api/v1/streaming/", "/api/v1/streaming/user", "/elsewhere"} {
		res, body := ask(edge, "OPTIONS", target, "Access-Control-Request-Headers", "authorization, last-event-id")
		if res.StatusCode != 204 || body != "" {
			t.Errorf("%s: %d %q, want 204 and nothing", target, res.StatusCode, body)
		}
		for name, want := range map[string]string{
			"Access-Control-Allow-Origin":  "*",
			"Access-Control-Allow-Methods": "GET,HEAD,PUT,PATCH,POST,DELETE",
			"Access-Control-Allow-Headers": "authorization, last-event-id",
			"Vary":                         "Access-Control-Request-Headers",
		} {
			if got := res.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", target, name, got, want)
			}
		}
	}
}

func TestAPreflightReflectsOnlyHeaderNames(t *testing.T) {
	edge := deployed(t)
	for _, asked := range []string{"", "a:b", "<x>", "a\tb", strings.Repeat("a", 1025), "é"} {
		res, _ := ask(edge, "OPTIONS", "/", "Access-Control-Request-Headers", asked)
		if got := res.Header.Get("Access-Control-Allow-Headers"); res.StatusCode != 204 || got != "" {
			t.Errorf("%.20q: %d with Access-Control-Allow-Headers %q, want 204 without", asked, res.StatusCode, got)
		}
	}
}

func TestWhatIdentifiesAClientReachesTheOriginsUntouched(t *testing.T) {
	edge := deployed(t)
	for _, name := range []string{"Sec-Websocket-Protocol", "Authorization", "Last-Event-Id"} {
		for _, target := range []string{"/api/v1/streaming", "/api/v1/streaming/user"} {
			res, _ := ask(edge, "GET", target, name, "Bearer s3cret")
			if got := res.Header.Get("X-Seen-" + name); got != "Bearer s3cret" {
				t.Errorf("%s: the origin saw the %s %q", target, name, got)
			}
		}
	}
}

func TestTheAPIIsToldTheHostThatItIsSeenUnder(t *testing.T) {
	edge := deployed(t)
	for _, sent := range []string{"", "evil.example"} {
		res, _ := ask(edge, "GET", "/account", "X-Edgestream-Host", sent)
		if got := res.Header.Get("X-Seen-X-Edgestream-Host"); got != "edge.example" {
			t.Errorf("the origin saw the host %q", got)
		}
	}
}

// TestAStreamMayPauseLongerThanItsHeartbeat looks at what the origin is allowed, and at what keeps
// CloudFront from holding pieces back.
func TestAStreamMayPauseLongerThanItsHeartbeat(t *testing.T) {
	stack, err := template.Load("../../template.yaml", template.Options{})
	if err != nil {
		t.Fatal(err)
	}
	d := stack.Distributions[0]
	for _, o := range d.Origins {
		if o.ID == "sse" && o.ReadTimeoutSeconds <= 2*15 {
			t.Errorf("it may be silent for %d s; a heartbeat that is late cuts it", o.ReadTimeoutSeconds)
		}
	}
	found := false
	for _, b := range d.Behaviors {
		if b.Origin != "sse" {
			continue
		}
		found = true
		if b.Compress || b.CachePolicy != cloudfront.CachingDisabled || b.OriginRequestPolicy != cloudfront.AllViewerExceptHostHeader {
			t.Errorf("%+v", b)
		}
	}
	if !found {
		t.Error("nothing goes to the event streams")
	}
}

func TestNoErrorIsKeptByCloudFront(t *testing.T) {
	stack, err := template.Load("../../template.yaml", template.Options{})
	if err != nil {
		t.Fatal(err)
	}
	kept := map[int]bool{}
	for _, e := range stack.Distributions[0].Errors {
		kept[e.Code] = e.CachingMinTTLSeconds > 0
	}
	// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/HTTPStatusCodes.html
	for _, code := range []int{404, 414, 500, 501, 502, 503, 504} {
		if keeps, set := kept[code]; !set || keeps {
			t.Errorf("CloudFront would keep a %d for a while", code)
		}
	}
}

// streams are the paths of event streams, below the one of the WebSocket.
var streams = []string{"user", "user/notification", "direct", "public", "public/local", "public/remote", "hashtag", "hashtag/local", "list"}

// FuzzPath holds that whatever the path, the edge answers by itself or hands the
// request to the API's root or to a stream: nothing else of the origins can be reached.
func FuzzPath(f *testing.F) {
	for _, seed := range []string{"/api/v1/streaming", "/api/v1/streaming/health", "/api/v1/streaming/public/local", "/prod/@connections/x", "/%2e%2e/", "/\x00"} {
		f.Add(seed)
	}
	edge := deployed(f)
	f.Fuzz(func(t *testing.T, path string) {
		if !strings.HasPrefix(path, "/") || strings.ContainsAny(path, "?#") {
			return
		}
		res, body := ask(edge, "GET", (&url.URL{Path: path}).EscapedPath())
		switch res.StatusCode {
		case 200, 400, 404, 414:
		case 418:
			stream, is := strings.CutPrefix(body, "GET /sse/api/v1/streaming/")
			if body != "GET /prod/" && !(is && slices.Contains(streams, stream)) {
				t.Errorf("%q reaches the origin as %s", path, body)
			}
		default:
			t.Errorf("%q: %d %s", path, res.StatusCode, body)
		}
	})
}
