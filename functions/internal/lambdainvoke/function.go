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

// function is one that is invoked.
type function struct {
	client *awscall.Client
	path   string
}

func newFunction(name string, cfg aws.Config) function {
	return function{
		client: awscall.New(cfg, "lambda", awsenv.Endpoint(cfg, "lambda")),
		path:   "/2015-03-31/functions/" + sign.EscapeSegment(name) + "/invocations",
	}
}

// invoke queues the event, as JSON.
func (f function) invoke(ctx context.Context, event any) error {
	body, err := json.Marshal(event)
	if err != nil {
		return err
	}
	if len(body) > maxEvent {
		return fmt.Errorf("%w: event of %d bytes", stream.ErrTooLarge, len(body))
	}
	_, err = f.client.Do(ctx, awscall.Request{Path: f.path, Body: body, Header: http.Header{
		"Content-Type":          {"application/json"},
		"X-Amz-Invocation-Type": {"Event"},
	}})
	return err
}
