package cloudfront

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestFunctionsChangeTheRequest(t *testing.T) {
	tests := []struct{ name, body, target, want string }{
		{"nothing", "return event.request;", "/a%20b/c?x=1&y&x=2", "GET /prod/a%20b/c?x=1&x=2&y=\n"},
		{"the path goes into the query", `
			var r = event.request, key = r.uri.split('/')[2];
			r.uri = '/';
			r.querystring.key = {value: key};
			delete r.querystring.spare;
			return r;`, "/app/KEY?protocol=7&key=forged&key=again&spare=1", "GET /prod/?protocol=7&key=KEY\n"},
		{"several values", `event.request.querystring.a = {multiValue: [{value: '1'}, {value: '2'}], value: 'ignored'}; return event.request;`, "/", "GET /prod/?a=1&a=2\n"},
		{"the query as a text", `event.request.querystring = 'b=2&a=1'; return event.request;`, "/?x=1", "GET /prod/?b=2&a=1\n"},
		{"no query at all", `delete event.request.querystring; return event.request;`, "/?x=1", "GET /prod/\n"},
		{"letters outside ASCII", `event.request.querystring.q = {value: 'é'}; event.request.uri = '/é'; return event.request;`, "/", "GET /prod/%C3%A9?q=%C3%A9\n"},
		{"an async handler's promise", `return Promise.resolve(event.request);`, "/x", "GET /prod/x\n"},
		{"what an earlier request left is gone", `globalThis.n = (globalThis.n || 0) + 1; event.request.uri = '/' + n; return event.request;`, "/", "GET /prod/1\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, handler(tt.body), echo, Options{})
			for range 2 {
				if response, body := r.do(t, "GET", tt.target, ""); response.StatusCode != 200 || !strings.HasPrefix(body, tt.want) {
					t.Errorf("%d, the origin saw %.200s, want %s", response.StatusCode, body, tt.want)
				}
			}
		})
	}
}

func TestFunctionsChangeHeadersAndCookies(t *testing.T) {
	r := newRig(t, handler(`
		var q = event.request;
		q.headers['x-added'] = {value: event.viewer.ip + ' ' + event.context.eventType};
		delete q.headers['x-gone'];
		q.cookies.b = {value: 'changed'};
		q.cookies.c = {value: q.headers.host ? 'host seen' : 'no host'};
		if (q.headers.upgrade || q.headers.connection || q.headers['x-amzn-trace-id'] || q.headers.cookie) throw 'saw what is hidden';
		return q;`), echo, Options{})
	_, body := r.do(t, "GET", "/", "", "X-Gone: 1", "X-Kept: 2", "Cookie: a=1; b=2", "X-Amzn-Trace-Id: t")
	for _, want := range []string{"X-Added: 127.0.0.1 viewer-request\r\n", "X-Kept: 2\r\n", "Cookie: a=1; b=changed; c=host seen\r\n", "X-Amzn-Trace-Id: t\r\n"} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q in %s", want, body)
		}
	}
	if strings.Contains(body, "X-Gone") {
		t.Errorf("X-Gone came through: %s", body)
	}
}

func TestFunctionsAnswerThemselves(t *testing.T) {
	const none = "-"
	tests := []struct {
		name, body  string
		status      int
		contentType string
		text        string
	}{
		{"a text", `return {statusCode: 200, statusDescription: 'OK', headers: {'content-type': {value: 'text/plain'}}, body: 'OK'};`, 200, "text/plain", "OK"},
		{"a text in an object", `return {statusCode: 404, body: {encoding: 'text', data: 'é'}};`, 404, none, "é"},
		{"bytes", `return {statusCode: 200, body: {encoding: 'base64', data: 'AP8='}};`, 200, none, "\x00\xff"},
		{"nothing", `return {statusCode: 204};`, 204, none, ""},
		{"a redirect", `return {statusCode: 302, headers: {location: {value: '/x'}}};`, 302, none, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, handler(tt.body), func(http.ResponseWriter, *http.Request) { t.Error("the origin was asked") }, Options{})
			response, text := r.do(t, "GET", "/api/v1/streaming/health", "")
			got := none
			if values, ok := response.Header["Content-Type"]; ok {
				got = values[0]
			}
			if response.StatusCode != tt.status || text != tt.text || got != tt.contentType {
				t.Errorf("%d %q %q", response.StatusCode, got, text)
			}
			if response.Header.Get("X-Cache") != "FunctionGeneratedResponse from cloudfront" {
				t.Errorf("headers %v", response.Header)
			}
		})
	}
}

func TestAResponsesCookiesAndRepeatedHeadersAreSent(t *testing.T) {
	r := newRig(t, handler(`return {statusCode: 200, headers: {'x-two': {value: 'a', multiValue: [{value: 'a'}, {value: 'b'}]}},
		cookies: {ID: {value: 'id1234', attributes: 'Path=/; Secure'}, m: {multiValue: [{value: '1'}, {value: '2'}]}}};`), echo, Options{})
	response, _ := r.do(t, "GET", "/", "")
	if got := strings.Join(response.Header.Values("Set-Cookie"), "|"); got != "ID=id1234; Path=/; Secure|m=1|m=2" {
		t.Errorf("cookies %s", got)
	}
	if got := strings.Join(response.Header.Values("X-Two"), ","); got != "a,b" {
		t.Errorf("x-two %s", got)
	}
}

func TestAFunctionThatFailsOrReturnsNonsenseIsTheViewersErrorPage(t *testing.T) {
	tests := []struct {
		name, body string
		status     int
	}{
		{"throws", `throw new Error('secret');`, 503},
		{"loops forever", `for (;;) {}`, 503},
		{"loops forever in its answer", `return {toJSON: function() { for (;;) {} }};`, 503},
		{"calls itself forever", `return handler(event);`, 503},
		{"returns nothing", ``, 503},
		{"returns null", `return null;`, 503},
		{"returns a text", `return 'x';`, 503},
		{"returns an array", `return [];`, 503},
		{"returns a circle", `var a = {}; a.a = a; return a;`, 503},
		{"returns a promise that never settles", `return new Promise(function() {});`, 503},
		{"returns a rejected promise", `return Promise.reject(new Error('no'));`, 503},
		{"fetches", `return fetch('http://example.com');`, 503},
		{"requires", `var fs = require('fs'); return event.request;`, 503},
		{"evaluates", `return eval('event.request');`, 503},
		{"makes a function of a text", `return new Function('return 1')();`, 503},
		{"sets a timer", `setTimeout(function() {}, 1); return event.request;`, 503},

		{"returns an empty object", `return {};`, 502},
		{"changes the method", `event.request.method = 'DELETE'; return event.request;`, 502},
		{"a path without a slash", `event.request.uri = 'x'; return event.request;`, 502},
		{"a path that is a number", `event.request.uri = 7; return event.request;`, 502},
		{"a path with a query", `event.request.uri = '/x?y'; return event.request;`, 502},
		{"a path with a line break", `event.request.uri = '/x HTTP/1.1\r\nX-Evil: 1'; return event.request;`, 502},
		{"a path with a broken escape", `event.request.uri = '/%zz'; return event.request;`, 502},
		{"a query with a line break", `event.request.querystring.a = {value: 'x\r\ny'}; return event.request;`, 502},
		{"a query with a space", `event.request.querystring = 'a b'; return event.request;`, 502},
		{"a query value that is a number", `event.request.querystring.a = {value: 7}; return event.request;`, 502},
		{"a query that is a list", `event.request.querystring = [1]; return event.request;`, 502},
		{"a header with a line break", `event.request.headers.x = {value: 'a\r\nX-Evil: 1'}; return event.request;`, 502},
		{"a header name with a line break", `event.request.headers['x\r\ny'] = {value: 'a'}; return event.request;`, 502},
		{"a header name in capitals", `event.request.headers['X-Y'] = {value: 'a'}; return event.request;`, 502},
		{"a header that is a text", `event.request.headers.x = 'a'; return event.request;`, 502},
		{"a hidden header", `event.request.headers.upgrade = {value: 'h2c'}; return event.request;`, 502},
		{"another host", `event.request.headers.host = {value: 'evil.example'}; return event.request;`, 502},
		{"no headers", `delete event.request.headers; return event.request;`, 502},
		{"a cookie with a line break", `event.request.cookies.a = {value: 'x\r\nX-Evil: 1'}; return event.request;`, 502},

		{"a status that is a text", `return {statusCode: '200'};`, 502},
		{"a status that is none", `return {statusCode: 99999};`, 502},
		{"a status that would switch protocols", `return {statusCode: 101};`, 502},
		{"a response header with a line break", `return {statusCode: 200, headers: {x: {value: 'a\r\nSet-Cookie: evil=1'}}};`, 502},
		{"a response with a length of its own", `return {statusCode: 200, headers: {'content-length': {value: '1'}}};`, 502},
		{"a response cookie with a line break", `return {statusCode: 200, cookies: {a: {value: 'x', attributes: 'Path=/\r\nX-Evil: 1'}}};`, 502},
		{"a body that is a number", `return {statusCode: 200, body: 7};`, 502},
		{"a body of an unknown encoding", `return {statusCode: 200, body: {encoding: 'hex', data: '00'}};`, 502},
		{"a body that is no base64", `return {statusCode: 200, body: {encoding: 'base64', data: '%'}};`, 502},
		{"a body too long", `return {statusCode: 200, body: 'x'.repeat(40961)};`, 502},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, handler(tt.body), func(http.ResponseWriter, *http.Request) { t.Error("the origin was asked") }, Options{FunctionBudget: 500 * time.Millisecond})
			response, text := r.do(t, "GET", "/x?y=1", "")
			kind := map[int]string{502: "FunctionValidationError", 503: "FunctionExecutionError"}[tt.status]
			if response.StatusCode != tt.status || response.Header.Get("X-Cache") != kind+" from cloudfront" {
				t.Errorf("%d %q, want %d", response.StatusCode, response.Header.Get("X-Cache"), tt.status)
			}
			if strings.Contains(text, "secret") || response.Header.Get("X-Evil") != "" || response.Header.Get("Set-Cookie") != "" {
				t.Errorf("leaked: %v %s", response.Header, text)
			}
		})
	}
}

func TestFunctionsThatCannotBePublishedAreRefused(t *testing.T) {
	padding := "\n//" + strings.Repeat("x", maxSource-len(identity)-3)
	tests := []struct{ name, source, want string }{
		{"as long as allowed", identity + padding, ""},
		{"one byte longer", identity + padding + "x", "at most 10240"},
		{"no JavaScript", "function handler(", "does not compile"},
		{"no handler", "function other() {}", "no handler"},
		{"a handler that is no function", "var handler = 1;", "no handler"},
		{"a handler in a constant", "const handler = (event) => event.request;", ""},
		{"an import", "import cf from 'cloudfront';\n" + identity, "does not compile"},
		{"an undeclared variable at the top", "x = 1;\n" + identity, "x is not defined"},
		{"an endless loop at the top", "for (;;) {}", "ran for more than"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := Distribution{Origins: map[string]Origin{"o": {}}, Behaviors: []Behavior{{PathPattern: "*", Origin: "o", ViewerRequest: tt.source}}}
			_, err := New(d, Options{Resolve: func(string) (*url.URL, bool) { return nil, false }, FunctionBudget: 300 * time.Millisecond})
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

func TestConsoleLinesReachTheLog(t *testing.T) {
	var log bytes.Buffer
	r := newRig(t, handler(`console.log('seen', {a: 1}, undefined); return event.request;`), echo, Options{Logger: slog.New(slog.NewJSONHandler(&log, nil))})
	r.do(t, "GET", "/?token=secret", "")
	if got := log.String(); !strings.Contains(got, `seen {\"a\":1} undefined`) || strings.Contains(got, "secret") {
		t.Errorf("log %s", got)
	}
}

func BenchmarkFunction(b *testing.B) {
	f, err := compile("bench", handler(`var r = event.request; r.querystring.key = {value: r.uri.split('/')[2]}; r.uri = '/'; return r;`), time.Second)
	if err != nil {
		b.Fatal(err)
	}
	const event = `{"request":{"method":"GET","uri":"/app/key","querystring":{},"headers":{"host":{"value":"h"}},"cookies":{}}}`
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.run(event, func(string) {}); err != nil {
			b.Fatal(err)
		}
	}
}
