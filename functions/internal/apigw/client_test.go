package apigw_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"edgestream/functions/internal/apigw"
	"edgestream/functions/internal/stream"
)

var sentinels = []error{stream.ErrGone, stream.ErrTooLarge, stream.ErrThrottled, stream.ErrUnavailable, apigw.ErrRefused}

// is fails unless err wraps want and none of the other errors.
func is(t *testing.T, err, want error) {
	t.Helper()
	for _, s := range sentinels {
		if errors.Is(err, s) != (s == want) {
			t.Errorf("%v: is %q: %v", err, s, errors.Is(err, s))
		}
	}
}

func TestEveryAnswerHasAMeaning(t *testing.T) {
	for name, tt := range map[string]struct {
		answer http.HandlerFunc
		want   error
	}{
		"no content":                {accept(http.StatusNoContent), nil},
		"gone without a type":       {failing(http.StatusGone, ""), stream.ErrGone},
		"too large without a type":  {failing(http.StatusRequestEntityTooLarge, ""), stream.ErrTooLarge},
		"throttled without a type":  {failing(http.StatusTooManyRequests, ""), stream.ErrThrottled},
		"throttled by another name": {failing(http.StatusBadRequest, "ThrottlingException"), stream.ErrThrottled},
		"malformed id":              {failing(http.StatusBadRequest, "BadRequestException"), apigw.ErrRefused},
		"missing permission":        {failing(http.StatusForbidden, ""), apigw.ErrRefused},
		"wrong stage":               {failing(http.StatusNotFound, ""), apigw.ErrRefused},
		"request timeout":           {failing(http.StatusRequestTimeout, ""), stream.ErrUnavailable},
		"unavailable":               {failing(http.StatusServiceUnavailable, ""), stream.ErrUnavailable},
		"a redirect is not followed": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}, stream.ErrUnavailable},
		"a page instead of an answer":   {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(600); _, _ = io.WriteString(w, "<html>") }, stream.ErrUnavailable},
		"no answer":                     {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, stream.ErrUnavailable},
		"an answer that is not HTTP":    {hijack("garbage\r\n\r\n"), stream.ErrUnavailable},
		"an answer that ends too early": {hijack("HTTP/1.1 200 OK\r\nContent-Le"), stream.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, tt.answer)
			is(t, f.client(t).Post(context.Background(), "id", []byte("x")), tt.want)
			is(t, f.client(t).Disconnect(context.Background(), "id"), tt.want)
		})
	}
}

// hijack answers with raw bytes and closes the connection.
func hijack(raw string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		_, _ = io.WriteString(conn, raw)
		_ = conn.Close()
	}
}

func TestFramesOverTheLimitAreNotSent(t *testing.T) {
	f := newFake(t, accept(http.StatusOK))
	c := f.client(t)
	if err := c.Post(t.Context(), "id", bytes.Repeat([]byte("x"), apigw.MaxFrame)); err != nil {
		t.Error(err)
	}
	f.seen = nil
	is(t, c.Post(t.Context(), "id", bytes.Repeat([]byte("x"), apigw.MaxFrame+1)), stream.ErrTooLarge)
	if len(f.seen) != 0 {
		t.Error("a frame over the limit was sent")
	}
}

func TestASlowAnswerIsUnavailable(t *testing.T) {
	release := make(chan struct{})
	f := newFake(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	defer close(release)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := f.client(t).Post(ctx, "id", []byte("x"))
	is(t, err, stream.ErrUnavailable)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v does not say that the deadline is over", err)
	}
}

func TestALongAnswerIsReadToABound(t *testing.T) {
	f := newFake(t, func(w http.ResponseWriter, _ *http.Request) {
		for range 1 << 12 {
			if _, err := w.Write(make([]byte, 1<<10)); err != nil {
				return
			}
		}
	})
	if err := f.client(t).Post(t.Context(), "id", []byte("x")); err != nil {
		t.Error(err)
	}
}

func TestWhereNobodyListensIsUnavailable(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = ln.Close()
	c := apigw.NewClient("http://"+ln.Addr().String()+"/prod", config(t))
	is(t, c.Post(t.Context(), "id", []byte("x")), stream.ErrUnavailable)
}

func TestAMistakeInTheConfigurationIsRefused(t *testing.T) {
	for _, callback := range []string{"", "abc.execute-api.eu-west-1.amazonaws.com/prod", "wss://x/prod", "http://%zz"} {
		is(t, apigw.NewClient(callback, config(t)).Post(t.Context(), "id", nil), apigw.ErrRefused)
	}
	cfg := config(t)
	cfg.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{}, errors.New("no AWS credentials")
	})
	err := apigw.NewClient("http://127.0.0.1:1", cfg).Post(t.Context(), "id", nil)
	is(t, err, apigw.ErrRefused)
	if !strings.Contains(err.Error(), "no AWS credentials") {
		t.Error(err)
	}
}

func TestErrorsNameTheRequestAndNotTheFrame(t *testing.T) {
	f := newFake(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Amzn-RequestId", "req-1")
		failing(http.StatusForbidden, "ForbiddenException")(w, r)
	})
	err := f.client(t).Post(t.Context(), "id", []byte("private words"))
	if err == nil || !strings.Contains(err.Error(), "req-1") || strings.Contains(err.Error(), "private") || strings.Contains(err.Error(), credentials.SessionToken) {
		t.Error(err)
	}
}
