package cloudfront

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is an edge in front of one origin.
type rig struct {
	*Edge
	front  *httptest.Server
	origin *httptest.Server
}

var allMethods = []string{"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"}

// newRig routes everything through the given viewer-request function to the origin.
func newRig(t testing.TB, source string, origin http.HandlerFunc, opt Options) *rig {
	t.Helper()
	return newRigOf(t, Distribution{
		ID: "EDFDVBD6EXAMPLE", DomainName: "d111111abcdef8.cloudfront.net",
		Origins:   map[string]Origin{"api": {DomainName: "api.example", OriginPath: "/prod"}},
		Behaviors: []Behavior{{PathPattern: "*", Origin: "api", AllowedMethods: allMethods, ViewerRequest: source, OriginRequestPolicy: AllViewerExceptHostHeader, CachePolicy: CachingDisabled}},
	}, origin, opt)
}

func newRigOf(t testing.TB, d Distribution, origin http.HandlerFunc, opt Options) *rig {
	t.Helper()
	r := &rig{origin: httptest.NewServer(origin)}
	t.Cleanup(r.origin.Close)
	if opt.Resolve == nil {
		opt.Resolve = func(string) (*url.URL, bool) {
			u, err := url.Parse(r.origin.URL)
			return u, err == nil
		}
	}
	edge, err := New(d, opt)
	if err != nil {
		t.Fatal(err)
	}
	r.Edge, r.front = edge, httptest.NewServer(edge)
	t.Cleanup(func() { r.front.Close(); edge.Close() })
	return r
}

// echo answers with the request as the origin saw it.
func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	_, _ = fmt.Fprintf(w, "%s %s\n", r.Method, r.RequestURI)
	_ = r.Header.WriteSubset(w, map[string]bool{"Accept-Encoding": true, "X-Amz-Cf-Id": true, "User-Agent": true})
	_, _ = fmt.Fprintf(w, "\n%s", body)
}

func (r *rig) do(t testing.TB, method, target, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	q, err := http.NewRequestWithContext(t.Context(), method, r.front.URL+target, reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range headers {
		name, v, _ := strings.Cut(h, ": ")
		q.Header.Add(name, v)
	}
	response, err := r.front.Client().Transport.RoundTrip(q)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(text)
}

// handler is a function's source around the body of its handler.
func handler(body string) string { return "function handler(event) {\n" + body + "\n}" }
