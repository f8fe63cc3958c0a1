package apigw_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi"
	"github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi/types"
	"github.com/google/go-cmp/cmp"

	"edgestream/functions/internal/apigw"
	"edgestream/functions/internal/stream"
)

// reference is the SDK's client, which the own one must not differ from.
func (f *fake) reference(t testing.TB) *apigatewaymanagementapi.Client {
	return apigatewaymanagementapi.NewFromConfig(config(t), func(o *apigatewaymanagementapi.Options) {
		o.BaseEndpoint = aws.String(f.URL + "/prod")
		o.RetryMaxAttempts = 1
	})
}

func accept(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
}

func TestRequestsAreTheSDKs(t *testing.T) {
	f := newFake(t, accept(http.StatusOK))
	own, sdk := f.client(t), f.reference(t)
	for _, id := range []string{"PJqB0fHsqRcCHlw=", "a/b", "a b%c", "..", "ü~-_.", "@:+$&"} {
		if err := own.Post(t.Context(), id, []byte(`{"event":"update"}`)); err != nil {
			t.Fatal(err)
		}
		got := f.last()
		in := &apigatewaymanagementapi.PostToConnectionInput{ConnectionId: &id, Data: []byte(`{"event":"update"}`)}
		if _, err := sdk.PostToConnection(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		compare(t, f.last(), got)

		if err := own.Disconnect(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		got = f.last()
		if _, err := sdk.DeleteConnection(t.Context(), &apigatewaymanagementapi.DeleteConnectionInput{ConnectionId: &id}); err != nil {
			t.Fatal(err)
		}
		compare(t, f.last(), got)
	}
}

func compare(t *testing.T, want, got seen) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("request differs (-SDK +own):\n%s", diff)
	}
	if !got.Signed || !want.Signed {
		t.Errorf("%s %s: signature does not fit what arrived", got.Method, got.URI)
	}
}

// meaningOf translates the SDK's errors.
func meaningOf(err error) error {
	var gone *types.GoneException
	var large *types.PayloadTooLargeException
	var limit *types.LimitExceededException
	var forbidden *types.ForbiddenException
	switch {
	case err == nil:
		return nil
	case errors.As(err, &gone):
		return stream.ErrGone
	case errors.As(err, &large):
		return stream.ErrTooLarge
	case errors.As(err, &limit):
		return stream.ErrThrottled
	case errors.As(err, &forbidden):
		return apigw.ErrRefused
	}
	return stream.ErrUnavailable
}

func TestErrorsAreTheSDKs(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"accepted":        accept(http.StatusOK),
		"gone":            failing(http.StatusGone, "GoneException"),
		"too large":       failing(http.StatusRequestEntityTooLarge, "PayloadTooLargeException"),
		"throttled":       failing(http.StatusTooManyRequests, "LimitExceededException"),
		"forbidden":       failing(http.StatusForbidden, "ForbiddenException"),
		"with a URL":      failing(http.StatusGone, "GoneException:http://internal.amazon.com/coral/"),
		"with a name":     failing(http.StatusGone, "com.amazonaws#GoneException"),
		"internal":        failing(http.StatusInternalServerError, "InternalServerErrorException"),
		"bad gateway":     failing(http.StatusBadGateway, ""),
		"type and status": failing(http.StatusInternalServerError, "GoneException"),
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, answer)
			own := f.client(t).Post(context.Background(), "id=", []byte("x"))
			id := "id="
			_, sdk := f.reference(t).PostToConnection(t.Context(), &apigatewaymanagementapi.PostToConnectionInput{ConnectionId: &id, Data: []byte("x")})
			if want := meaningOf(sdk); !errors.Is(own, want) || (own == nil) != (want == nil) {
				t.Errorf("own %v; SDK %v", own, sdk)
			}
		})
	}
}
