package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// hidden is for how many seconds others do not see what was received, so that two who redrive at a
// time do not do the same.
const hidden = 900

// letter is a message as SQS hands it out,
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html.
type letter struct {
	ID         string `json:"MessageId"`
	Handle     string `json:"ReceiptHandle"`
	Body       string
	System     map[string]string `json:"Attributes"`
	Attributes map[string]struct {
		DataType    string
		StringValue string
	} `json:"MessageAttributes"`
}

// asEvent is the letter as a record of an event that Lambda makes of its queue.
// https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
func (l letter) asEvent(queueARN string) json.RawMessage {
	text, _ := json.Marshal(map[string]any{"messageId": l.ID, "receiptHandle": l.Handle, "body": l.Body, "attributes": l.System,
		"messageAttributes": map[string]any{}, "eventSource": "aws:sqs", "eventSourceARN": queueARN}) // texts
	return text
}

func (l *letter) sent() time.Time {
	ms, _ := strconv.ParseInt(l.System["SentTimestamp"], 10, 64)
	return time.UnixMilli(ms)
}

// receive takes what is in the queue, up to so many, the oldest first. Two long polls that find
// nothing are its end: a short one asks only some of a queue's servers.
func (a *account) receive(ctx context.Context, queueURL string, most, wait int) (all []letter, err error) {
	for empty := 0; empty < 2 && len(all) < most; {
		var answer struct{ Messages []letter }
		err := a.call(ctx, sqsAPI, "ReceiveMessage", map[string]any{
			"QueueUrl": queueURL, "MaxNumberOfMessages": min(10, most-len(all)), "VisibilityTimeout": hidden, "WaitTimeSeconds": wait,
			"AttributeNames": []string{"All"}, "MessageAttributeNames": []string{"All"},
		}, &answer)
		if err != nil {
			return all, err
		}
		if empty++; len(answer.Messages) > 0 {
			empty = 0
		}
		for _, l := range answer.Messages {
			if !slices.ContainsFunc(all, func(o letter) bool { return o.ID == l.ID }) {
				all = append(all, l)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b letter) int { return a.sent().Compare(b.sent()) })
	return all, nil
}

// release lets others receive the message at once.
func (a *account) release(ctx context.Context, queueURL string, l letter) error {
	return a.call(ctx, sqsAPI, "ChangeMessageVisibility", map[string]any{
		"QueueUrl": queueURL, "ReceiptHandle": l.Handle, "VisibilityTimeout": 0}, &struct{}{})
}

func (a *account) delete(ctx context.Context, queueURL string, l letter) error {
	return a.call(ctx, sqsAPI, "DeleteMessage", map[string]any{"QueueUrl": queueURL, "ReceiptHandle": l.Handle}, &struct{}{})
}

// sendBack puts a dead letter on the queue that it was on, with what it had there.
func (a *account) sendBack(ctx context.Context, queueARN string, l letter) error {
	url, err := a.urlOf(ctx, queueARN)
	if err != nil {
		return err
	}
	in := map[string]any{"QueueUrl": url, "MessageBody": l.Body}
	if len(l.Attributes) > 0 {
		in["MessageAttributes"] = l.Attributes
	}
	return a.call(ctx, sqsAPI, "SendMessage", in, &struct{}{})
}

// urlOf asks for the URL of a queue by its ARN, arn:aws:sqs:REGION:ACCOUNT:NAME.
func (a *account) urlOf(ctx context.Context, arn string) (string, error) {
	parts := strings.Split(arn, ":")
	if len(parts) != 6 {
		return "", fmt.Errorf("%q is no ARN of a queue", arn)
	}
	var answer struct {
		URL string `json:"QueueUrl"`
	}
	err := a.call(ctx, sqsAPI, "GetQueueUrl", map[string]any{"QueueName": parts[5], "QueueOwnerAWSAccountId": parts[4]}, &answer)
	return answer.URL, err
}
