// Package lambdainvoke hands work to another function by Lambda's Invoke API,
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html, asynchronously: the call returns
// once Lambda has queued the event.
package lambdainvoke

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"

	"edgestream/functions/internal/awscall"
	"edgestream/functions/internal/awsenv"
	"edgestream/functions/internal/sign"
	"edgestream/functions/internal/stream"
)

// maxEvent is the most that Lambda takes for an asynchronous invocation.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const maxEvent = 1 << 20

// Greeter invokes the function that posts greetings. It is safe for concurrent use.
type Greeter struct {
	client *awscall.Client
	path   string
}

// NewGreeter makes a Greeter that invokes the function with this name or ARN, at
// AWS_ENDPOINT_URL_LAMBDA if that is set.
func NewGreeter(function string, cfg aws.Config) *Greeter {
	return &Greeter{
		client: awscall.New(cfg, "lambda", awsenv.Endpoint(cfg, "lambda")),
		path:   "/2015-03-31/functions/" + sign.EscapeSegment(function) + "/invocations",
	}
}

// Greet queues the greeting. It may arrive more than once: a call whose answer was lost is made
// again. A greeting of over 1 MiB is stream.ErrTooLarge.
func (g *Greeter) Greet(ctx context.Context, greeting stream.Greeting) error {
	event, err := json.Marshal(greeting)
	if err != nil {
		return fmt.Errorf("lambdainvoke: greeting: %w", err)
	}
	if len(event) > maxEvent {
		return fmt.Errorf("lambdainvoke: %w: greeting of %d bytes", stream.ErrTooLarge, len(event))
	}
	_, err = g.client.Do(ctx, awscall.Request{Path: g.path, Body: event, Header: http.Header{
		"Content-Type":          {"application/json"},
		"X-Amz-Invocation-Type": {"Event"},
	}})
	if err != nil {
		return fmt.Errorf("lambdainvoke: %w", err)
	}
	return nil
}
