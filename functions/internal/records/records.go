// Package records is the door between a table's stream and the domain: the handler of a function
// that an event source mapping of a DynamoDB stream invokes,
// https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html.
//
// The mapping must have ReportBatchItemFailures. Failures are named by sequence number, and Lambda
// repeats the batch from the lowest of them on.
package records

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// batch is the event. Its records stay as they came, so that one that cannot be read can be
// reported whole.
type batch struct {
	Records []json.RawMessage `json:"Records"`
}

// ErrNoBatch is an event that is none of a stream. Lambda repeats all of it.
var ErrNoBatch = errors.New("the event is no batch of a DynamoDB stream: it has no Records")

// Handler decodes a batch's records, in their order, and hands them on together. handle returns the
// sequence numbers of what must come again. Its context ends the margin before the invocation is
// killed, so that there is time to say so; a handle that keeps a part for itself needs none.
func Handler[Change any](decode func(json.RawMessage) Change, margin time.Duration, handle func(context.Context, []Change) (failed []string)) func(context.Context, json.RawMessage) (events.DynamoDBEventResponse, error) {
	return func(ctx context.Context, event json.RawMessage) (events.DynamoDBEventResponse, error) {
		var b batch
		if err := json.Unmarshal(event, &b); err != nil || b.Records == nil {
			return events.DynamoDBEventResponse{}, errors.Join(ErrNoBatch, err)
		}
		if deadline, ok := ctx.Deadline(); ok {
			early, cancel := context.WithDeadline(ctx, deadline.Add(-margin))
			defer cancel()
			ctx = early
		}
		changes := make([]Change, len(b.Records))
		for i, record := range b.Records {
			changes[i] = decode(record)
		}
		return failures(handle(ctx, changes)), nil
	}
}

func failures(sequences []string) events.DynamoDBEventResponse {
	r := events.DynamoDBEventResponse{BatchItemFailures: []events.DynamoDBBatchItemFailure{}}
	for _, s := range sequences {
		r.BatchItemFailures = append(r.BatchItemFailures, events.DynamoDBBatchItemFailure{ItemIdentifier: s})
	}
	return r
}
