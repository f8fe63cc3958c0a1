// Package functionurl puts net/http handlers behind Lambda function URLs in response streaming mode,
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html.
package functionurl

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-lambda-go/lambdaurl"
)

// Request and Response are what a function URL in response streaming mode sends and expects.
type (
	Request  = events.LambdaFunctionURLRequest
	Response = events.LambdaFunctionURLStreamingResponse
)

// Serve makes a Lambda handler of an HTTP handler: lambdaurl.Wrap, but that a path that is no path is
// "/", where lambdaurl would fail the invocation. A panic of the handler ends the function.
func Serve(h http.Handler) func(context.Context, *Request) (*Response, error) {
	wrapped := lambdaurl.Wrap(h)
	return func(ctx context.Context, r *Request) (*Response, error) {
		if _, err := url.Parse("https://host" + r.RawPath + "?" + r.RawQueryString); err != nil {
			r.RawPath, r.RawQueryString = "/", ""
		}
		return wrapped(ctx, r)
	}
}

// RequestID is Lambda's id of the invocation, and elsewhere a random one.
func RequestID(ctx context.Context) string {
	if lc, ok := lambdacontext.FromContext(ctx); ok && lc.AwsRequestID != "" {
		return lc.AwsRequestID
	}
	return strings.ToLower(rand.Text())
}
