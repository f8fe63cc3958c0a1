package api_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"edgestream/functions/internal/api"
	"edgestream/functions/internal/functionurl"
	"edgestream/functions/internal/httpapi"
	"edgestream/functions/internal/pusher"
)

// served is a ChannelsAPI that is one function.
type served func(context.Context, httpapi.Request) ([]byte, error)

func (f served) Serve(ctx context.Context, r httpapi.Request) ([]byte, error) { return f(ctx, r) }

// reply is an answer of the function, with its log.
type reply struct {
	status    int
	headers   map[string]string
	body, log string
}

// call is one invocation of the function.
func call(t *testing.T, channels served, cloudApp http.Handler, r functionurl.Request) reply {
	t.Helper()
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	handler := api.Handler{Channels: api.Channels{API: channels, Log: logger}, CloudApp: cloudApp, Log: logger}
	ctx := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "r1"})
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	response, err := functionurl.Serve(handler)(ctx, &r)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{response.StatusCode, response.Headers, string(body), log.String()}
}

func request(method, path, query, body string) functionurl.Request {
	return functionurl.Request{
		RawPath: path, RawQueryString: query, Body: base64.StdEncoding.EncodeToString([]byte(body)), IsBase64Encoded: true,
		RequestContext: events.LambdaFunctionURLRequestContext{
			DomainName: "x.lambda-url.us-east-1.on.aws", HTTP: events.LambdaFunctionURLRequestContextHTTPDescription{Method: method},
		},
	}
}

func nothing(context.Context, httpapi.Request) ([]byte, error) {
	return nil, errors.New("not expected")
}

func TestACallReachesTheAPIAsItWasSent(t *testing.T) {
	var got httpapi.Request
	echo := func(ctx context.Context, r httpapi.Request) ([]byte, error) {
		got = r
		deadline, ok := ctx.Deadline()
		if left := time.Until(deadline); !ok || left > 5*time.Minute-time.Second || left < 3*time.Minute {
			t.Errorf("%v are left", left)
		}
		return []byte(`{"channels":{}}`), nil
	}
	answer := call(t, echo, nil, request("POST", "/apps/1/users/a%2Fb/terminate_connections", "info=a%26;b", "{}\x00"))
	if got.Method != "POST" || got.Path != "/apps/1/users/a%2Fb/terminate_connections" || got.Query != "info=a%26;b" || string(got.Body) != "{}\x00" {
		t.Errorf("got %+v", got)
	}
	if away := time.Since(got.At); away < 0 || away > time.Minute {
		t.Errorf("%v ago", away)
	}
	if answer.status != 200 || answer.body != `{"channels":{}}` || answer.headers["Content-Type"] != "application/json" || answer.log != "" {
		t.Errorf("%+v", answer)
	}
}

func TestRefusalsAreToldInPlainTextAndLogged(t *testing.T) {
	for _, test := range []struct {
		err           error
		status        int
		body          string
		header, value string
		log           string
	}{
		{httpapi.Refusal{Status: 400, Message: "No"}, 400, "No", "Content-Type", "text/plain; charset=utf-8", `level=INFO msg="call refused" status=400 app=4072 method=POST path=/apps/4072/events request=r1 reason=No`},
		{httpapi.Refusal{Status: 401, Message: "but you sent s3cret", Reason: "invalid signature"}, 401, "but you sent s3cret", "X-Content-Type-Options", "nosniff", `reason="invalid signature"`},
		{httpapi.Refusal{Status: 405, Message: "Method not allowed", Allow: "GET"}, 405, "Method not allowed", "Allow", "GET", "status=405"},
		{pusher.ErrNoApp, 404, "Unknown app_id", "X-Request-Id", "r1", "status=404"},
		{errors.New("throttled"), 503, "Service unavailable, please try again", "Retry-After", "1", `level=ERROR msg="call refused" status=503 app=4072 method=POST path=/apps/4072/events request=r1 reason=throttled`},
		{context.DeadlineExceeded, 503, "Service unavailable, please try again", "Cache-Control", "no-store", "level=ERROR"},
	} {
		refuse := func(context.Context, httpapi.Request) ([]byte, error) { return nil, test.err }
		answer := call(t, refuse, nil, request("POST", "/apps/4072/events", "auth_signature=s3cret", `{"data":"s3cret"}`))
		if answer.status != test.status || answer.body != test.body || answer.headers[test.header] != test.value {
			t.Errorf("%v: %+v", test.err, answer)
		}
		if !strings.Contains(answer.log, test.log) || strings.Contains(answer.log, "s3cret") || strings.Count(answer.log, "\n") != 1 {
			t.Errorf("%v: log %s", test.err, answer.log)
		}
	}
}

func TestABodyIsReadNoFurtherThanItMayBeLong(t *testing.T) {
	length := 0
	measure := func(_ context.Context, r httpapi.Request) ([]byte, error) {
		length = len(r.Body)
		return nil, httpapi.Refusal{Status: 413, Message: "The body is too long"}
	}
	call(t, measure, nil, request("POST", "/apps/4072/events", "", strings.Repeat("x", 2*httpapi.MaxBody)))
	if length != httpapi.MaxBody+1 {
		t.Errorf("read %d bytes", length)
	}
}

func TestABodyThatIsNotInBase64IsRefused(t *testing.T) {
	r := request("POST", "/apps/4072/events", "", "")
	r.Body = "%"
	if answer := call(t, nothing, nil, r); answer.status != 400 || answer.body != "The body cannot be read" {
		t.Errorf("%+v", answer)
	}
}

func TestAPanicIsAnsweredAndTellsNoSecret(t *testing.T) {
	broken := func(context.Context, httpapi.Request) ([]byte, error) { panic("out of range") }
	other := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("out of range") })
	for path, logged := range map[string]string{"/apps/4072/events": "path=/apps", "/auth/s3cret": "path=/auth", "//auth//s3cret": "path=/auth"} {
		answer := call(t, broken, other, request("GET", path, "s3cret", ""))
		if answer.status != 500 || answer.body != "An unexpected error occurred" {
			t.Errorf("%s: %+v", path, answer)
		}
		if !strings.Contains(answer.log, logged+" reason=\"out of range\"") || strings.Contains(answer.log, "s3cret") {
			t.Errorf("%s: log %s", path, answer.log)
		}
	}
}

func TestOtherPathsAreCloudApps(t *testing.T) {
	other := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.URL.Path) })
	for _, path := range []string{"/account", "/", "/apps", "/auth/x"} {
		if answer := call(t, nothing, other, request("GET", path, "", "")); answer.body != path {
			t.Errorf("%s: %+v", path, answer)
		}
	}
}
