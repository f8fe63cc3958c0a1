//go:build !race

// What the hot path allocates. The race detector allocates as well, so these tests are not built with
// it; part `allocations` of infra/test runs them.

package apigw

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// accepting is a transport that accepts everything and allocates nothing.
type accepting struct{ answer http.Response }

func (a *accepting) Do(*http.Request) (*http.Response, error) { return &a.answer, nil }

// newAccepting is a client whose posts end there, while another one is under way.
func newAccepting(t testing.TB) *Client {
	cred := aws.Credentials{AccessKeyID: "ASIAX", SecretAccessKey: "secret", SessionToken: strings.Repeat("t", 700)}
	transport := &accepting{http.Response{StatusCode: http.StatusOK, Body: http.NoBody}}
	c := NewClient("https://a1.execute-api.eu-west-1.amazonaws.com/prod", aws.Config{Region: "eu-west-1", HTTPClient: transport,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return cred, nil })})
	other := c.deadlines.begin(t.Context(), time.Now())
	t.Cleanup(func() { c.deadlines.end(other) })
	return c
}

var kilobyte = bytes.Repeat([]byte("x"), 1<<10)

// TestAllocations: of a post, what net/http wants to have on its own (the request, its URL and path, two
// for the header, two for the body, and one to read that again) and the signature, as a text and as a
// header's values.
func TestAllocations(t *testing.T) {
	c := newAccepting(t)
	got := testing.AllocsPerRun(100, func() {
		if err := c.Post(t.Context(), "PJqB0fHsqRcCHlw=", kilobyte); err != nil {
			t.Fatal(err)
		}
	})
	if got > 10 {
		t.Errorf("a post takes %v allocations, want at most 10", got)
	}
}

// BenchmarkRequest is a post without net/http.
func BenchmarkRequest(b *testing.B) {
	c := newAccepting(b)
	b.ReportAllocs()
	for b.Loop() {
		if err := c.Post(b.Context(), "PJqB0fHsqRcCHlw=", kilobyte); err != nil {
			b.Fatal(err)
		}
	}
}
