package sign_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"edgestream/functions/internal/sign"
)

func static(c aws.Credentials) aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return c, nil })
}

// reference signs a copy of the request with the SDK's signer.
func reference(t rapid.TB, r *http.Request, body []byte, c aws.Credentials, at time.Time) *http.Request {
	t.Helper()
	other := r.Clone(r.Context())
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(r.Context(), c, other, hex.EncodeToString(sum[:]), "execute-api", "eu-west-1", at); err != nil {
		t.Fatal(err)
	}
	return other
}

func compare(t rapid.TB, r *http.Request, body []byte, c aws.Credentials, at time.Time) {
	t.Helper()
	want := reference(t, r, body, c, at)
	if err := sign.New("eu-west-1", "execute-api", static(c)).Sign(r, body, at); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Authorization", "X-Amz-Date", "X-Amz-Security-Token"} {
		if diff := cmp.Diff(want.Header[name], r.Header[name]); diff != "" {
			t.Fatalf("%s of %s differs (-SDK +own):\n%s", name, r.URL, diff)
		}
	}
}

func newRequest(t rapid.TB, method, address string, body []byte) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, address, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestSignaturesEqualTheSDKs(t *testing.T) {
	temporary := aws.Credentials{AccessKeyID: "ASIAX", SecretAccessKey: "se/cr+et", SessionToken: "IQoJ//to+ken=="}
	lasting := aws.Credentials{AccessKeyID: "AKIAX", SecretAccessKey: "secret"}
	at := time.Date(2026, 1, 31, 23, 59, 59, 999, time.FixedZone("", 3600))
	tests := map[string]struct {
		method, url, body string
		header            http.Header
		cred              aws.Credentials
	}{
		"post to a connection":   {"POST", "https://a1.execute-api.eu-west-1.amazonaws.com/prod/@connections/PJqB0fHsqRcCHlw%3D", `{"a":1}`, nil, temporary},
		"delete without a body":  {"DELETE", "https://a1.execute-api.eu-west-1.amazonaws.com/prod/@connections/PJqB0fHsqRcCHlw%3D", "", nil, lasting},
		"root, no path":          {"POST", "http://127.0.0.1:8000", "{}", http.Header{"X-Amz-Target": {"DynamoDB_20120810.GetItem"}, "Content-Type": {"application/x-amz-json-1.0"}}, lasting},
		"implied port":           {"POST", "https://example.com:443/x", "x", nil, temporary},
		"implied plain port":     {"POST", "http://example.com:80/x", "x", nil, temporary},
		"spaces in headers":      {"POST", "https://example.com/", "", http.Header{"X-A": {"  a   b  ", "c"}, "X-B": {""}}, temporary},
		"unsigned headers":       {"POST", "https://example.com/", "", http.Header{"User-Agent": {"x"}, "Expect": {"y"}, "X-Amzn-Trace-Id": {"z"}}, lasting},
		"query out of order":     {"GET", "https://example.com/a%20b/?b=2&a=1&a=%2F&a=-&c&d=e+f&%7E=~", "", nil, lasting},
		"names that share a run": {"GET", "https://example.com/?a%20=1&a=2&ab=3&a-=4", "", nil, lasting},
		"an invoke":              {"POST", "https://lambda.eu-west-1.amazonaws.com/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A1%3Afunction%3Agreet/invocations", "{}", http.Header{"X-Amz-Invocation-Type": {"Event"}}, temporary},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRequest(t, tt.method, tt.url, []byte(tt.body))
			for name, values := range tt.header {
				r.Header[name] = values
			}
			compare(t, r, []byte(tt.body), tt.cred, at)
		})
	}
}

func TestAnySignatureEqualsTheSDKs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u := url.URL{Scheme: "https", Host: "example.com", Path: "/" + rapid.String().Draw(t, "path")}
		u.RawQuery = url.Values{
			rapid.String().Draw(t, "name"): rapid.SliceOf(rapid.String()).Draw(t, "values"),
			"other":                        {rapid.String().Draw(t, "value")},
		}.Encode()
		body := rapid.SliceOf(rapid.Byte()).Draw(t, "body")
		r := newRequest(t, rapid.SampledFrom([]string{"GET", "POST", "DELETE"}).Draw(t, "method"), u.String(), body)
		for _, name := range rapid.SliceOfN(rapid.StringMatching(`[a-z]{1,3}(-[a-z]{1,3})?`), 0, 5).Draw(t, "headers") {
			r.Header.Add("X-"+name, rapid.StringMatching(`[ -~]{0,10}`).Draw(t, "header"))
		}
		c := aws.Credentials{AccessKeyID: "A", SecretAccessKey: rapid.String().Draw(t, "secret"), SessionToken: rapid.StringMatching(`[!-~]{0,9}`).Draw(t, "token")}
		compare(t, r, body, c, time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "at"), 0))
	})
}

func TestAnEscapedPathMayStandInOpaque(t *testing.T) {
	at := time.Unix(1769900000, 0)
	c := aws.Credentials{AccessKeyID: "A", SecretAccessKey: "S"}
	plain := newRequest(t, "POST", "https://example.com/prod/@connections/a%3D", nil)
	opaque := newRequest(t, "POST", "https://example.com/", nil)
	opaque.URL = &url.URL{Scheme: "https", Host: "example.com", Opaque: "/prod/@connections/a%3D"}
	signer := sign.New("eu-west-1", "execute-api", static(c))
	for _, r := range []*http.Request{plain, opaque} {
		if err := signer.Sign(r, nil, at); err != nil {
			t.Fatal(err)
		}
	}
	if a, b := plain.Header.Get("Authorization"), opaque.Header.Get("Authorization"); a != b {
		t.Errorf("%s\n%s", a, b)
	}
}

func TestANewSecondANewDayAndNewCredentialsCount(t *testing.T) {
	c := aws.Credentials{AccessKeyID: "A", SecretAccessKey: "one"}
	signer := sign.New("eu-west-1", "execute-api", aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return c, nil }))
	at := time.Date(2026, 1, 31, 23, 59, 58, 0, time.UTC)
	for name, change := range map[string]func(){
		"a second": func() { at = at.Add(time.Second) },
		"a day":    func() { at = at.Add(24 * time.Hour) },
		"back":     func() { at = at.Add(-time.Minute) },
		"a secret": func() { c.SecretAccessKey += "'" },
		"an id":    func() { c.AccessKeyID += "'" },
		"a token":  func() { c.SessionToken += "'" },
	} {
		for range 2 { // before the change and after it
			r := newRequest(t, "GET", "https://example.com/", nil)
			want := reference(t, r, nil, c, at).Header
			if err := signer.Sign(r, nil, at); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, r.Header); diff != "" {
				t.Errorf("%s (-SDK +own):\n%s", name, diff)
			}
			change()
		}
	}
}

func TestWithoutRegionOrCredentialsTheErrorSaysSo(t *testing.T) {
	broken := errors.New("no AWS_ACCESS_KEY_ID")
	failing := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return aws.Credentials{}, broken })
	for want, signer := range map[string]*sign.Signer{
		"AWS_REGION":        sign.New("", "sqs", failing),
		"no credentials":    sign.New("eu-west-1", "sqs", nil),
		"AWS_ACCESS_KEY_ID": sign.New("eu-west-1", "sqs", failing),
	} {
		err := signer.Sign(newRequest(t, "GET", "https://example.com/", nil), nil, time.Now())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it to name %q", err, want)
		}
	}
}

func BenchmarkSign(b *testing.B) {
	c := aws.Credentials{AccessKeyID: "ASIAX", SecretAccessKey: "secret", SessionToken: strings.Repeat("t", 400)}
	body := bytes.Repeat([]byte("x"), 1024)
	address := "https://a1.execute-api.eu-west-1.amazonaws.com/prod/@connections/PJqB0fHsqRcCHlw%3D"
	b.Run("own", func(b *testing.B) {
		b.ReportAllocs()
		signer := sign.New("eu-west-1", "execute-api", static(c))
		r := newRequest(b, "POST", address, body)
		for b.Loop() {
			if err := signer.Sign(r, body, time.Now()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("sdk", func(b *testing.B) {
		b.ReportAllocs()
		signer := v4.NewSigner()
		r := newRequest(b, "POST", address, body)
		for b.Loop() {
			sum := sha256.Sum256(body)
			if err := signer.SignHTTP(b.Context(), c, r, hex.EncodeToString(sum[:]), "execute-api", "eu-west-1", time.Now()); err != nil {
				b.Fatal(err)
			}
		}
	})
}
