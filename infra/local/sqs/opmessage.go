package sqs

import (
	"slices"
	"strings"
	"time"
)

type sendInput struct {
	Id                      string // in a batch
	QueueUrl                string
	MessageBody             string
	DelaySeconds            *int
	MessageAttributes       map[string]Attribute
	MessageSystemAttributes map[string]Attribute
	MessageDeduplicationId  string
	MessageGroupId          string
}

func (in *sendInput) message() Message {
	m := Message{
		Body:            in.MessageBody,
		Attributes:      in.MessageAttributes,
		System:          in.MessageSystemAttributes,
		GroupID:         in.MessageGroupId,
		DeduplicationID: in.MessageDeduplicationId,
	}
	if in.DelaySeconds != nil {
		delay := time.Duration(*in.DelaySeconds) * time.Second
		m.Delay = &delay
	}
	return m
}

type sendOutput struct {
	Id                           string `json:"Id,omitempty"` // in a batch
	MessageId                    string `json:"MessageId"`
	MD5OfMessageBody             string `json:"MD5OfMessageBody"`
	MD5OfMessageAttributes       string `json:"MD5OfMessageAttributes,omitempty"`
	MD5OfMessageSystemAttributes string `json:"MD5OfMessageSystemAttributes,omitempty"`
	SequenceNumber               string `json:"SequenceNumber,omitempty"`
}

func (c *call) sendMessage(in *sendInput) (any, error) {
	if in.QueueUrl == "" {
		return nil, missing("QueueUrl")
	}
	return c.sendOne(in.QueueUrl, in)
}

// sendOne answers with digests of what was sent: a repeated message has the
// id of the first, not its content.
func (c *call) sendOne(url string, in *sendInput) (*sendOutput, error) {
	m := in.message()
	e, err := c.send(url, m)
	if err != nil {
		return nil, err
	}
	return &sendOutput{
		Id:                           in.Id,
		MessageId:                    e.id,
		MD5OfMessageBody:             digest(m.Body),
		MD5OfMessageAttributes:       attributesDigest(m.Attributes),
		MD5OfMessageSystemAttributes: attributesDigest(m.System),
		SequenceNumber:               e.sequence,
	}, nil
}

type receiveInput struct {
	QueueUrl                    string
	AttributeNames              []string
	MessageSystemAttributeNames []string
	MessageAttributeNames       []string
	MaxNumberOfMessages         *int
	VisibilityTimeout           *int
	WaitTimeSeconds             *int
	ReceiveRequestAttemptId     string
}

type receiveOutput struct {
	Messages []receivedMessage `json:"Messages,omitempty"`
}

type receivedMessage struct {
	MessageId              string               `json:"MessageId"`
	ReceiptHandle          string               `json:"ReceiptHandle"`
	Body                   string               `json:"Body"`
	MD5OfBody              string               `json:"MD5OfBody"`
	Attributes             map[string]string    `json:"Attributes,omitempty"`
	MessageAttributes      map[string]Attribute `json:"MessageAttributes,omitempty"`
	MD5OfMessageAttributes string               `json:"MD5OfMessageAttributes,omitempty"`
}

func (c *call) receiveMessage(in *receiveInput) (any, error) {
	if in.QueueUrl == "" {
		return nil, missing("QueueUrl")
	}
	if in.ReceiveRequestAttemptId != "" {
		return nil, unsupported("ReceiveRequestAttemptId is not supported here.")
	}
	most, err := ranged("MaxNumberOfMessages", in.MaxNumberOfMessages, 1, 1, 10)
	if err != nil {
		return nil, err
	}
	visibility, err := ranged("VisibilityTimeout", in.VisibilityTimeout, -1, 0, 43_200)
	if err != nil {
		return nil, err
	}
	wait, err := ranged("WaitTimeSeconds", in.WaitTimeSeconds, -1, 0, 20)
	if err != nil {
		return nil, err
	}
	receipts, err := c.receive(c.ctx, in.QueueUrl, most, time.Duration(visibility)*time.Second, time.Duration(wait)*time.Second)
	if err != nil {
		return nil, err
	}
	var out receiveOutput
	for i := range receipts {
		out.Messages = append(out.Messages, c.received(&receipts[i], in))
	}
	return &out, nil
}

// ranged checks an optional number.
func ranged(name string, n *int, fallback, least, most int) (int, error) {
	if n == nil {
		return fallback, nil
	}
	if *n < least || *n > most {
		return 0, invalid("Value %d for parameter %s is invalid. Reason: Must be between %d and %d, if provided.", *n, name, least, most)
	}
	return *n, nil
}

// received shows a message with the attributes that were asked for.
func (c *call) received(r *receipt, in *receiveInput) receivedMessage {
	m := receivedMessage{
		MessageId:         r.id,
		ReceiptHandle:     r.handle,
		Body:              r.Body,
		MD5OfBody:         digest(r.Body),
		MessageAttributes: selectAttributes(r.Attributes, in.MessageAttributeNames),
	}
	m.MD5OfMessageAttributes = attributesDigest(m.MessageAttributes)
	names := append(slices.Clone(in.AttributeNames), in.MessageSystemAttributeNames...)
	if len(names) > 0 {
		m.Attributes = c.systemAttributes(&r.entry)
		for name := range m.Attributes {
			if !slices.Contains(names, "All") && !slices.Contains(names, name) {
				delete(m.Attributes, name)
			}
		}
	}
	return m
}

// selectAttributes picks attributes by name; "All" and ".*" mean all, "a.*"
// those that begin with "a.".
func selectAttributes(attributes map[string]Attribute, names []string) map[string]Attribute {
	selected := map[string]Attribute{}
	for name, a := range attributes {
		for _, wanted := range names {
			prefix, any := strings.CutSuffix(wanted, ".*")
			if wanted == "All" || wanted == ".*" || wanted == name || any && strings.HasPrefix(name, prefix+".") {
				selected[name] = a
			}
		}
	}
	return selected
}

type handleInput struct {
	Id                string // in a batch
	QueueUrl          string
	ReceiptHandle     string
	VisibilityTimeout *int
}

func (c *call) deleteMessage(in *handleInput) (any, error) {
	return empty{}, c.deleteOne(in.QueueUrl, in)
}

func (c *call) deleteOne(url string, in *handleInput) error {
	return c.withQueue(url, func(q *queue) error { return q.delete(in.ReceiptHandle, time.Now()) })
}

func (c *call) changeVisibility(in *handleInput) (any, error) {
	return empty{}, c.changeOne(in.QueueUrl, in)
}

func (c *call) changeOne(url string, in *handleInput) error {
	if in.VisibilityTimeout == nil {
		return missing("VisibilityTimeout")
	}
	timeout := time.Duration(*in.VisibilityTimeout) * time.Second
	return c.withQueue(url, func(q *queue) error { return q.hide(in.ReceiptHandle, timeout, time.Now()) })
}
