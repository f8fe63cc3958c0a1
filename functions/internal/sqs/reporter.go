// Package sqs reports stream records that could not be published to a queue, where an operator
// finds them whole, by the service's JSON protocol,
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html.
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

// Reporter sends to one queue. It is safe for concurrent use.
type Reporter struct {
	client *awscall.Client
	queue  string
}

// NewReporter makes a Reporter for the queue with this URL. The URL's own host is called, unless
// AWS_ENDPOINT_URL_SQS or AWS_ENDPOINT_URL is set.
func NewReporter(queueURL string, cfg aws.Config) *Reporter {
	endpoint := cmp.Or(os.Getenv("AWS_ENDPOINT_URL_SQS"), os.Getenv("AWS_ENDPOINT_URL"))
	if endpoint == "" {
		if u, err := url.Parse(queueURL); err == nil {
			endpoint = u.Scheme + "://" + u.Host
		}
	}
	return &Reporter{client: awscall.New(cfg, "sqs", endpoint), queue: queueURL}
}

type message struct {
	QueueURL   string               `json:"QueueUrl"`
	Body       string               `json:"MessageBody"`
	Attributes map[string]attribute `json:"MessageAttributes"`
}

type attribute struct {
	Type  string `json:"DataType"`
	Value string `json:"StringValue"`
}

// Report queues a record, whole, with the reason as the message attribute "reason". Characters
// that a message cannot carry are replaced; a record that is too large for a message (1 MiB) is
// cut and has the attribute "cut", but keeps its keys: see fit. The message may arrive more than
// once.
func (r *Reporter) Report(ctx context.Context, record []byte, reason string) error {
	reason = orUnknown(printable(reason, maxReason))
	text, cut := fit(record, maxMessage-len(reason)-attributesSize)
	m := message{QueueURL: r.queue, Body: text, Attributes: map[string]attribute{"reason": {"String", reason}}}
	if cut {
		m.Attributes["cut"] = attribute{"String", fmt.Sprintf("%d bytes", len(record))}
	}
	body, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("sqs: %w", err)
	}
	_, err = r.client.Do(ctx, awscall.Request{Body: body, Header: http.Header{
		"Content-Type": {"application/x-amz-json-1.0"},
		"X-Amz-Target": {"AmazonSQS.SendMessage"},
	}})
	if err != nil {
		return fmt.Errorf("sqs: %w", err)
	}
	return nil
}

func orUnknown(reason string) string { return cmp.Or(reason, "unknown") }
