package eventsource

import (
	"fmt"

	"github.com/aws/aws-lambda-go/events"
)

// The shape of a message in Lambda's event:
// https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html.
type messageJSON struct {
	MessageID         string                          `json:"messageId"`
	ReceiptHandle     string                          `json:"receiptHandle"`
	Body              string                          `json:"body"`
	Attributes        map[string]string               `json:"attributes"`
	MessageAttributes map[string]messageAttributeJSON `json:"messageAttributes"`
	MD5OfAttributes   string                          `json:"md5OfMessageAttributes,omitempty"`
	MD5OfBody         string                          `json:"md5OfBody"`
	EventSource       string                          `json:"eventSource"`
	EventSourceARN    string                          `json:"eventSourceARN"`
	AWSRegion         string                          `json:"awsRegion"`
}

type messageAttributeJSON struct {
	StringValue      *string  `json:"stringValue,omitempty"`
	BinaryValue      []byte   `json:"binaryValue,omitempty"`
	StringListValues []string `json:"stringListValues"`
	BinaryListValues [][]byte `json:"binaryListValues"`
	DataType         string   `json:"dataType"`
}

func (p *QueuePoller) encodeMessage(in *events.SQSMessage) *message {
	out := messageJSON{
		MessageID:         in.MessageId,
		ReceiptHandle:     in.ReceiptHandle,
		Body:              in.Body,
		Attributes:        in.Attributes,
		MessageAttributes: map[string]messageAttributeJSON{},
		MD5OfAttributes:   in.Md5OfMessageAttributes,
		MD5OfBody:         in.Md5OfBody,
		EventSource:       "aws:sqs",
		EventSourceARN:    p.mapping.QueueArn,
		AWSRegion:         p.options.Region,
	}
	for name, a := range in.MessageAttributes {
		out.MessageAttributes[name] = messageAttributeJSON{
			StringValue:      a.StringValue,
			BinaryValue:      a.BinaryValue,
			StringListValues: []string{},
			BinaryListValues: [][]byte{},
			DataType:         a.DataType,
		}
	}
	event, err := marshal(out)
	if err != nil {
		panic(fmt.Sprintf("eventsource: encoding a message: %v", err)) // plain values only
	}
	m := &message{id: in.MessageId, handle: in.ReceiptHandle, event: event}
	if p.mapping.fifo() {
		m.group = in.Attributes["MessageGroupId"]
	}
	return m
}
