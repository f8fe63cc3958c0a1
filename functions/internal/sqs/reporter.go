package sqs

import (
	"cmp"
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"

	"edgestream/functions/internal/awscall"
)

// Reporter sends to one queue. It is safe for concurrent use.
type Reporter struct {
	client *awscall.Client
	queue  string
}

// NewReporter makes a Reporter for the queue with this URL.
func NewReporter(queueURL string, cfg aws.Config) *Reporter {
	return &Reporter{client: newClient(queueURL, cfg), queue: queueURL}
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
	_, err := call(ctx, r.client, "SendMessage", m)
	return err
}

func orUnknown(reason string) string { return cmp.Or(reason, "unknown") }
