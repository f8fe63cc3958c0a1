package main

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"edgestream/functions/internal/enforce"
)

// enforcer carries out one batch and returns the sequence numbers of what must come again.
type enforcer interface {
	Enforce(ctx context.Context, changes []enforce.Change) (failed []string)
}

// batch is a Lambda event of a DynamoDB stream,
// https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html.
type batch struct {
	Records []json.RawMessage `json:"Records"`
}

var errNoRecords = errors.New("the event is no batch of a DynamoDB stream: it has no Records")

// margin is the part of an invocation's time that is kept for the answer.
const margin = 2 * time.Second

// handler carries out the records of a batch and names those that must come again. Lambda repeats
// the batch from the lowest of them on: the mapping has ReportBatchItemFailures.
// An error, for what is no batch, has Lambda repeat all of it.
func handler(e enforcer, change func(json.RawMessage) enforce.Change) func(context.Context, json.RawMessage) (events.DynamoDBEventResponse, error) {
	return func(ctx context.Context, event json.RawMessage) (events.DynamoDBEventResponse, error) {
		var b batch
		if err := json.Unmarshal(event, &b); err != nil || b.Records == nil {
			return events.DynamoDBEventResponse{}, errors.Join(errNoRecords, err)
		}
		if deadline, ok := ctx.Deadline(); ok {
			early, cancel := context.WithDeadline(ctx, deadline.Add(-margin))
			defer cancel()
			ctx = early
		}
		changes := make([]enforce.Change, len(b.Records))
		for i, record := range b.Records {
			changes[i] = change(record)
		}
		answer := events.DynamoDBEventResponse{BatchItemFailures: []events.DynamoDBBatchItemFailure{}}
		for _, sequence := range e.Enforce(ctx, changes) {
			answer.BatchItemFailures = append(answer.BatchItemFailures, events.DynamoDBBatchItemFailure{ItemIdentifier: sequence})
		}
		return answer, nil
	}
}
