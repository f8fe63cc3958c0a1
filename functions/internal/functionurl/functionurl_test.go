package functionurl_test

import (
	"context"
	"io"
	"net/http"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"edgestream/functions/internal/functionurl"
)

// echo answers with what it was asked.
func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("X-Request-Id", functionurl.RequestID(r.Context()))
	w.WriteHeader(http.StatusTeapot)
	_, _ = io.WriteString(w, r.Method+" "+r.URL.EscapedPath()+"?"+r.URL.RawQuery+" "+string(body))
}

func request(method, path, query string) *functionurl.Request {
	return &functionurl.Request{
		RawPath: path, RawQueryString: query, Body: "aGk=", IsBase64Encoded: true,
		RequestContext: events.LambdaFunctionURLRequestContext{
			DomainName: "x.lambda-url.us-east-1.on.aws", HTTP: events.LambdaFunctionURLRequestContextHTTPDescription{Method: method},
		},
	}
}

func TestARequestReachesTheHandlerAsItWasSent(t *testing.T) {
	for _, test := range []struct{ path, query, want string }{
		{"/apps/1/users/a%2Fb%20c", "a=%26&a=;&b", "POST /apps/1/users/a%2Fb%20c?a=%26&a=;&b hi"},
		{"/a%zz", "b=c", "POST /? hi"},
		{"//x", "", "POST //x? hi"},
	} {
		ctx := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "r1"})
		response, err := functionurl.Serve(http.HandlerFunc(echo))(ctx, request("POST", test.path, test.query))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		if err != nil || string(body) != test.want || response.StatusCode != http.StatusTeapot || response.Headers["X-Request-Id"] != "r1" {
			t.Errorf("%d %q %v %v", response.StatusCode, body, response.Headers, err)
		}
	}
}

func TestOutsideOfLambdaRequestsHaveIDsToo(t *testing.T) {
	a, b := functionurl.RequestID(context.Background()), functionurl.RequestID(context.Background())
	if a == "" || a == b {
		t.Errorf("%q, %q", a, b)
	}
}
