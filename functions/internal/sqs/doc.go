// Package sqs puts messages on queues: what could not be published or delivered, for an operator to
// find it whole (Reporter), the tasks of webhooks (Queue), and what is to be delivered to wide streams
// (Parts). It speaks the service's JSON protocol,
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/Welcome.html.
package sqs

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"

	"edgestream/functions/internal/awscall"
)

// newClient makes a client for the queue with this URL. The URL's own host is called, unless
// AWS_ENDPOINT_URL_SQS or AWS_ENDPOINT_URL is set.
func newClient(queueURL string, cfg aws.Config) *awscall.Client {
	endpoint := cmp.Or(os.Getenv("AWS_ENDPOINT_URL_SQS"), os.Getenv("AWS_ENDPOINT_URL"))
	if endpoint == "" {
		if u, err := url.Parse(queueURL); err == nil {
			endpoint = u.Scheme + "://" + u.Host
		}
	}
	return awscall.New(cfg, "sqs", endpoint)
}

// call makes one call, of the operation with this name.
func call(ctx context.Context, client *awscall.Client, operation string, in any) ([]byte, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("sqs: %w", err)
	}
	out, err := client.Do(ctx, awscall.Request{Body: body, Header: http.Header{
		"Content-Type": {"application/x-amz-json-1.0"},
		"X-Amz-Target": {"AmazonSQS." + operation},
	}})
	if err != nil {
		return nil, fmt.Errorf("sqs: %w", err)
	}
	return out, nil
}
