package cloudfront

import (
	"encoding/json"
	"flag"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden file")

func TestTheEventIsThatOfCloudFront(t *testing.T) {
	q := httptest.NewRequest("GET", "/api/v1/streaming?ID=42&NoValue=&bare&mv=val1&mv=val2,val3&e=%C3%A9+%zz&__proto__=x", nil)
	q.Host = "d111111abcdef8.cloudfront.net"
	for _, h := range []string{"Accept: text/html", "Accept: application/xhtml+xml", "Cookie: id=CookieId; loggedIn=false; id=again", "Upgrade: websocket",
		"Connection: Upgrade", "X-Amz-Cf-Id: forged", "X-Edge-Location: here", "X-Amzn-Trace-Id: t", "Sec-WebSocket-Key: k", "X-Forwarded-For: 203.0.113.9"} {
		name, v, _ := strings.Cut(h, ": ")
		q.Header.Add(name, v)
	}
	got, err := json.MarshalIndent(functionEvent{Version: "1.0", Viewer: eventViewer{"198.51.100.11"}, Request: newFunctionRequest(q),
		Context: eventContext{"d111111abcdef8.cloudfront.net", "EDFDVBD6EXAMPLE", "viewer-request", "EXAMPLE=="}}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("testdata/event.json", append(got, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/event.json")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)+"\n"); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
}

const identity = "function handler(event) { return event.request; }"

// FuzzEventConversion sends a request through the identity function: query, cookies
// and path must come out as they went in.
func FuzzEventConversion(f *testing.F) {
	f.Add("/a%20b", "a=1&b=2&a=3&c", "x=1; y=2", "v1")
	f.Add("/", "__proto__=1&constructor=2&1=b&0=a", "", "")
	function, err := compile("identity", identity, 5*time.Second)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, path, query, cookie, header string) {
		if !isASCII(path+query+cookie+header) || !printable(path+query) || strings.ContainsAny(path+query, "#") || strings.Contains(path, "?") || !headerValue(cookie+header) {
			return
		}
		q := httptest.NewRequest("GET", "/", nil)
		setPath(q.URL, "/"+strings.TrimLeft(path, "/"))
		q.URL.RawQuery = query
		q.Header.Set("Cookie", cookie)
		q.Header.Set("X-Test", header)
		before := newFunctionRequest(q)
		event, err := json.Marshal(functionEvent{Request: before})
		if err != nil {
			t.Fatal(err)
		}
		returned, err := function.run(string(event), func(string) {})
		if err != nil {
			t.Fatal(err)
		}
		result, err := parseResult(returned, before)
		if err != nil {
			if strings.Contains(path, "%") {
				return // an escape that is none
			}
			t.Fatal(err)
		}
		// JavaScript puts names that are whole numbers first: compare by name.
		for _, pair := range [][2]fields{{before.QueryString, result.request.QueryString}, {before.Cookies, result.request.Cookies}, {before.Headers, result.request.Headers}} {
			compareFields(t, pair[0], pair[1])
		}
		if before.URI != result.request.URI {
			t.Errorf("path %q became %q", before.URI, result.request.URI)
		}
	})
}

func compareFields(t *testing.T, want, got fields) {
	t.Helper()
	if len(want) != len(got) {
		t.Fatalf("%v became %v", want, got)
	}
	for _, field := range want {
		values, ok := got.get(field.name)
		if diff := cmp.Diff(field.values, values, cmp.AllowUnexported(value{})); !ok || diff != "" {
			t.Errorf("%q: %s", field.name, diff)
		}
	}
}

// FuzzResult hands arbitrary objects to the reader of results: it must refuse or
// accept, and what it accepts must be fit for the wire.
func FuzzResult(f *testing.F) {
	f.Add(`{"statusCode":200,"headers":{"a":{"value":"b"}},"body":{"encoding":"base64","data":"eA=="}}`)
	f.Add(`{"method":"GET","uri":"/x","querystring":"a=1","headers":{"host":{"value":"h"}},"cookies":{}}`)
	before := functionRequest{Method: "GET", URI: "/", Headers: fields{{"host", []value{{Value: "h"}}}}}
	f.Fuzz(func(t *testing.T, result string) {
		parsed, err := parseResult(result, before)
		if err != nil {
			return
		}
		if parsed.request != nil {
			q := httptest.NewRequest("GET", "/", nil)
			parsed.request.apply(q)
			if !printable(q.URL.RequestURI()) || !isASCII(q.URL.RequestURI()) {
				t.Errorf("request line %q", q.URL.RequestURI())
			}
			return
		}
		w := httptest.NewRecorder()
		parsed.response.write(w)
		for name, values := range w.Header() {
			for _, v := range values {
				if strings.ContainsAny(name+v, "\r\n\x00") {
					t.Errorf("header %q: %q", name, v)
				}
			}
		}
	})
}
