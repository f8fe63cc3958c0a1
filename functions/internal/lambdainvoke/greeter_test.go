package lambdainvoke_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"edgestream/functions/internal/lambdainvoke"
	"edgestream/functions/internal/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newGreeter(t *testing.T, function string, handler http.HandlerFunc) *lambdainvoke.Greeter {
	return lambdainvoke.NewGreeter(function, config(t, handler))
}

// config is that of a process whose Lambda is the handler.
func config(t *testing.T, handler http.HandlerFunc) aws.Config {
	server := httptest.NewServer(handler)
	transport := &http.Transport{}
	t.Cleanup(func() { server.Close(); transport.CloseIdleConnections() })
	t.Setenv("AWS_ENDPOINT_URL_LAMBDA", server.URL)
	return aws.Config{
		Region: "eu-west-1", HTTPClient: &http.Client{Transport: transport},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "A", SecretAccessKey: "S"}, nil
		}),
	}
}

var greeting = stream.Greeting{
	Connection: stream.Connection{ID: "PJqB0fHsqRcCHlw=", ConnectedAt: time.UnixMilli(1769900000123).UTC()},
	Frames:     []string{`{"error":"<&>"}`, "second"}, NotBefore: time.UnixMilli(1769900001000).UTC(),
}

func TestAGreetingIsQueuedAsAnEvent(t *testing.T) {
	var uri, kind string
	var got stream.Greeting
	g := newGreeter(t, "arn:aws:lambda:eu-west-1:123456789012:function:greet", func(w http.ResponseWriter, r *http.Request) {
		uri, kind = r.RequestURI, r.Header.Get("X-Amz-Invocation-Type")
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			t.Error(err)
		}
		w.WriteHeader(http.StatusAccepted)
	})
	if err := g.Greet(t.Context(), greeting); err != nil {
		t.Fatal(err)
	}
	if uri != "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3Agreet/invocations" || kind != "Event" {
		t.Errorf("%s, type %s", uri, kind)
	}
	want := greeting
	want.NotAfter = greeting.Connection.ConnectedAt.Add(45 * time.Second)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("greeting (-sent +arrived):\n%s", diff)
	}
}

func TestAThrottledInvokeIsTriedAgain(t *testing.T) {
	var tries atomic.Int64
	g := newGreeter(t, "greet", func(w http.ResponseWriter, _ *http.Request) {
		if tries.Add(1) < 3 {
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		w.WriteHeader(http.StatusAccepted)
	})
	if err := g.Greet(t.Context(), greeting); err != nil || tries.Load() != 3 {
		t.Errorf("%v after %d tries", err, tries.Load())
	}
}

func TestAMissingFunctionIsNamedAtOnce(t *testing.T) {
	g := newGreeter(t, "greet", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Amzn-ErrorType", "ResourceNotFoundException")
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"Message":"Function not found: greet"}`)
	})
	if err := g.Greet(t.Context(), greeting); err == nil || !strings.Contains(err.Error(), "Function not found: greet") {
		t.Error(err)
	}
}

func TestAGreetingOverTheLimitIsNotSent(t *testing.T) {
	g := newGreeter(t, "greet", func(http.ResponseWriter, *http.Request) { t.Error("it was sent") })
	err := g.Greet(t.Context(), stream.Greeting{Frames: []string{strings.Repeat("x", 1<<20)}})
	if !errors.Is(err, stream.ErrTooLarge) {
		t.Error(err)
	}
}
