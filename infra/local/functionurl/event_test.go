package functionurl

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"edgestream/infra/local/lambda"
)

func TestARequestBecomesAnEvent(t *testing.T) {
	f := newFake()
	f.result.Payload = []byte("{}")
	ask(newHandler(f, URL{}), "POST", "/my/p%20a%2Fth?parameter1=v%201&parameter1=value2&b", `{"a":1}`,
		"Content-Type: application/json; charset=utf-8", "Header1: value1", "Header1: value2", "Cookie: c1=1; c2=2", "Cookie: c3=3",
		"User-Agent: agent", "X-Forwarded-For: 198.51.100.1", "X-Amzn-Trace-Id: Root=1-a-b", "Connection: close")
	got := f.event(t)
	if len(got.RequestContext.RequestID) != 36 {
		t.Errorf("request id %q", got.RequestContext.RequestID)
	}
	got.RequestContext.RequestID = "id"
	want := payload{
		Version: "2.0", RouteKey: "$default", RawPath: "/my/p%20a%2Fth", RawQueryString: "parameter1=v%201&parameter1=value2&b",
		Cookies: []string{"c1=1", "c2=2", "c3=3"},
		Headers: map[string]string{
			"content-type": "application/json; charset=utf-8", "header1": "value1,value2", "user-agent": "agent", "host": domain,
			"x-forwarded-for": "198.51.100.1, 192.0.2.7", "x-forwarded-proto": "https", "x-forwarded-port": "443", "x-amzn-trace-id": "Root=1-a-b",
		},
		QueryStringParameters: map[string]string{"parameter1": "v 1,value2", "b": ""},
		RequestContext: requestContext{
			AccountID: "anonymous", APIID: "abc", DomainName: domain, DomainPrefix: "abc",
			HTTP:      requestHTTP{"POST", "/my/p%20a%2Fth", "HTTP/1.1", "192.0.2.7", "agent"},
			RequestID: "id", RouteKey: "$default", Stage: "$default", Time: "05/Aug/2022:08:14:39 +0000", TimeEpoch: 1659687279885,
		},
		Body: `{"a":1}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAnEmptyRequestLeavesOutWhatItHasNot(t *testing.T) {
	f := newFake()
	f.result.Payload = []byte("{}")
	ask(newHandler(f, URL{}), "GET", "/", "")
	var got map[string]any
	if err := json.Unmarshal(<-f.events, &got); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"cookies", "queryStringParameters", "body"} {
		if _, there := got[name]; there {
			t.Errorf("%s is there: %v", name, got[name])
		}
	}
	if got["rawQueryString"] != "" || got["isBase64Encoded"] != false {
		t.Errorf("%v", got)
	}
}

func TestABodyIsTextOnlyWhereItsTypeSaysSo(t *testing.T) {
	for _, c := range []struct {
		kind, body, want string
		encoded          bool
	}{
		{"text/plain", "hello", "hello", false},
		{"application/json", "{}", "{}", false},
		{"application/x-www-form-urlencoded", "a=b", "YT1i", true},
		{"application/octet-stream", "\x00", "AA==", true},
		{"text/plain", "\xff", "/w==", true},
		{"", "hello", "aGVsbG8=", true},
		{"text/plain", "", "", false},
	} {
		f := newFake()
		f.result.Payload = []byte("{}")
		ask(newHandler(f, URL{}), "POST", "/", c.body, "Content-Type: "+c.kind)
		if got := f.event(t); got.Body != c.want || got.IsBase64Encoded != c.encoded {
			t.Errorf("%q %q: %q, %v", c.kind, c.body, got.Body, got.IsBase64Encoded)
		}
	}
}

func TestAnEventOverTheLimitIsRefused(t *testing.T) {
	for _, c := range []struct {
		name, kind string
		size       int
		status     int
	}{
		{"text that fits", "text/plain", lambda.MaxSyncPayload - 4096, 200},
		{"text that does not", "text/plain", lambda.MaxSyncPayload + 1, 413},
		{"bytes that fit only before base64", "image/png", lambda.MaxSyncPayload - 4096, 413},
	} {
		f := newFake()
		f.result.Payload = []byte("{}")
		res, body := ask(newHandler(f, URL{}), "POST", "/", strings.Repeat("x", c.size), "Content-Type: "+c.kind)
		if res.StatusCode != c.status || c.status == 413 && (res.Header.Get("X-Amzn-Errortype") != "RequestTooLargeException" || len(f.events) != 0) {
			t.Errorf("%s: %d %.100s", c.name, res.StatusCode, body)
		}
	}
}

func TestASignedURLWantsASignatureAndTellsWhoSigned(t *testing.T) {
	const signed = "Authorization: AWS4-HMAC-SHA256 Credential=AKID/20260102/us-east-1/lambda/aws4_request, SignedHeaders=host;x-amz-date, Signature="
	f := newFake()
	f.result.Payload = []byte("{}")
	h := newHandler(f, URL{AuthType: IAM})
	for _, headers := range [][]string{nil, {"Authorization: Bearer x"}, {signed + strings.Repeat("0", 64)}} {
		if res, body := ask(h, "GET", "/", "", headers...); res.StatusCode != 403 || body != `{"Message":"Forbidden"}` || len(f.events) != 0 {
			t.Errorf("%v: %d %s", headers, res.StatusCode, body)
		}
	}
	if res, _ := ask(h, "GET", "/", "", signed+strings.Repeat("0", 64), "X-Amz-Date: 20260102T030405Z"); res.StatusCode != 200 {
		t.Errorf("signed: %d", res.StatusCode)
	}
	if c := f.event(t).RequestContext; c.Authorizer == nil || c.Authorizer.IAM.AccessKey != "AKID" || c.AccountID != "000000000000" {
		t.Errorf("%+v", c)
	}
}

// FuzzParameters holds that no query stops a request, and that plain ones come back.
func FuzzParameters(f *testing.F) {
	for _, seed := range []string{"a=b&a=c", "%zz=%", "&&=", "a+b=c%20d", "\xff=\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		got := parameters(query)
		if strings.Trim(query, "&") != "" && len(got) == 0 {
			t.Errorf("%q has no parameters", query)
		}
		if !strings.ContainsAny(query, "%+&=") && query != "" {
			if value, there := got[query]; !there || value != "" {
				t.Errorf("%q: %q", query, got)
			}
		}
	})
}
