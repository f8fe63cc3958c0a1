package awscall

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newClient(t *testing.T, handler http.HandlerFunc, path string) *Client {
	server := httptest.NewServer(handler)
	transport := &http.Transport{}
	t.Cleanup(func() { server.Close(); transport.CloseIdleConnections() })
	c := New(aws.Config{
		Region: "eu-west-1", HTTPClient: &http.Client{Transport: transport},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "A", SecretAccessKey: "S"}, nil
		}),
	}, "dynamodb", server.URL+path)
	c.backoff = time.Microsecond
	return c
}

func TestARequestArrivesWholeAndSigned(t *testing.T) {
	c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %s %s %v", r.Method, r.RequestURI, r.Header.Get("X-Amz-Target"), body,
			strings.Contains(r.Header.Get("Authorization"), "/eu-west-1/dynamodb/aws4_request, SignedHeaders=content-length;host;x-amz-date;x-amz-target,"))
	}, "/base/")
	header := http.Header{"X-Amz-Target": {"X.Y"}}
	for path, want := range map[string]string{
		"/a%3Ab": "POST /base/a%3Ab X.Y {} true",
		"":       "POST /base X.Y {} true",
	} {
		got, err := c.Do(t.Context(), Request{Path: path, Header: header, Body: []byte("{}")})
		if err != nil || string(got) != want {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
	if len(header) != 1 {
		t.Errorf("the caller's header was changed: %v", header)
	}
}

func TestWhatIsTriedAgain(t *testing.T) {
	answer := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status); _, _ = io.WriteString(w, body) }
	}
	for name, tt := range map[string]struct {
		handler http.HandlerFunc
		tries   int64
	}{
		"success":            {answer(200, ""), 1},
		"validation":         {answer(400, `{"__type":"com.amazon.coral.validate#ValidationException"}`), 1},
		"condition":          {answer(400, `{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"}`), 1},
		"throughput":         {answer(400, `{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"}`), attempts},
		"throttling":         {answer(400, `{"__type":"ThrottlingException"}`), attempts},
		"in progress":        {answer(400, `{"__type":"TransactionInProgressException"}`), attempts},
		"too many":           {answer(429, ``), attempts},
		"internal":           {answer(500, `{"__type":"InternalServerError"}`), attempts},
		"unavailable":        {answer(503, `<html>`), attempts},
		"connection dropped": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, attempts},
		"answer cut off": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "10")
			_, _ = io.WriteString(w, "{")
		}, attempts},
	} {
		t.Run(name, func(t *testing.T) {
			var tries atomic.Int64
			c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
				tries.Add(1)
				tt.handler(w, r)
			}, "")
			_, err := c.Do(t.Context(), Request{Body: []byte("{}")})
			if (err == nil) != (name == "success") {
				t.Error(err)
			}
			if got := tries.Load(); got != tt.tries {
				t.Errorf("%d tries, want %d", got, tt.tries)
			}
		})
	}
}

func TestOnceIsOnce(t *testing.T) {
	var tries atomic.Int64
	c := newClient(t, func(w http.ResponseWriter, _ *http.Request) {
		tries.Add(1)
		w.WriteHeader(http.StatusServiceUnavailable)
	}, "")
	if _, err := c.Once().Do(t.Context(), Request{}); err == nil || tries.Load() != 1 {
		t.Errorf("%v after %d tries", err, tries.Load())
	}
	if _, err := c.Do(t.Context(), Request{}); err == nil || tries.Load() != 1+attempts {
		t.Errorf("%v after %d tries", err, tries.Load())
	}
}

func TestACallThatSucceedsLaterSucceeds(t *testing.T) {
	var tries atomic.Int64
	c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if tries.Add(1) < attempts {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write(body)
	}, "")
	got, err := c.Do(t.Context(), Request{Body: []byte("again whole")})
	if err != nil || string(got) != "again whole" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestTheDeadlineEndsTheTries(t *testing.T) {
	var tries atomic.Int64
	c := newClient(t, func(w http.ResponseWriter, _ *http.Request) {
		tries.Add(1)
		w.WriteHeader(http.StatusServiceUnavailable)
	}, "")
	c.backoff = time.Hour
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := c.Do(ctx, Request{})
	var e *Error
	if !errors.As(err, &e) || e.Status != 503 || tries.Load() != 1 {
		t.Errorf("%v after %d tries", err, tries.Load())
	}
	ctx, cancel = context.WithCancel(t.Context())
	cancel()
	if _, err := c.Do(ctx, Request{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestAnErrorSaysWhatTheServiceSaid(t *testing.T) {
	c := newClient(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Amzn-RequestId", "req-1")
		w.WriteHeader(400)
		_, _ = io.WriteString(w, `{"__type":"a.b#ValidationException","message":"`+strings.Repeat("long ", 1000)+`"}`)
	}, "")
	_, err := c.Do(t.Context(), Request{})
	if !Is(err, "ValidationException") || Is(err, "Other") || !strings.Contains(err.Error(), "req-1") || len(err.Error()) > 500 {
		t.Error(err)
	}
}

func TestAnErrorTypeMayStandInTheHeader(t *testing.T) {
	c := newClient(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Amzn-ErrorType", "ResourceNotFoundException:http://x/")
		w.WriteHeader(404)
		_, _ = io.WriteString(w, `{"Message":"Function not found"}`)
	}, "")
	_, err := c.Do(t.Context(), Request{})
	if !Is(err, "ResourceNotFoundException") || !strings.Contains(err.Error(), "Function not found") {
		t.Error(err)
	}
}

func TestAMalformedEndpointFailsEveryCall(t *testing.T) {
	for _, endpoint := range []string{"", "dynamodb", "ftp://x", "http://%zz"} {
		c := New(aws.Config{}, "dynamodb", endpoint)
		if _, err := c.Do(t.Context(), Request{}); err == nil || !strings.Contains(err.Error(), "dynamodb endpoint") {
			t.Errorf("%q: %v", endpoint, err)
		}
	}
}
