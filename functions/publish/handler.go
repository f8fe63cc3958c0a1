package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"edgestream/functions/internal/metric"
	"edgestream/functions/internal/publish"
	"edgestream/functions/internal/stream"
)

// publisher publishes one batch and returns the sequence numbers of what must come again.
type publisher interface {
	Publish(ctx context.Context, changes []stream.Change) (failed []string)
}

// batch is a Lambda event of a DynamoDB stream,
// https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html. Its records stay as they came, so
// that one that cannot be read can be reported whole.
type batch struct {
	Records []json.RawMessage `json:"Records"`
}

var errNoRecords = errors.New("the event is no batch of a DynamoDB stream: it has no Records")

// handler publishes the records of a batch and names those that must come again. Lambda repeats
// the batch from the lowest of them on: the mapping has ReportBatchItemFailures.
// An error, for what is no batch, has Lambda repeat all of it.
func handler(p publisher, change func(json.RawMessage) stream.Change) func(context.Context, json.RawMessage) (events.DynamoDBEventResponse, error) {
	return func(ctx context.Context, event json.RawMessage) (events.DynamoDBEventResponse, error) {
		var b batch
		if err := json.Unmarshal(event, &b); err != nil || b.Records == nil {
			return events.DynamoDBEventResponse{}, errors.Join(errNoRecords, err)
		}
		changes := make([]stream.Change, len(b.Records))
		for i, record := range b.Records {
			changes[i] = change(record)
		}
		answer := events.DynamoDBEventResponse{BatchItemFailures: []events.DynamoDBBatchItemFailure{}}
		for _, sequence := range p.Publish(ctx, changes) {
			answer.BatchItemFailures = append(answer.BatchItemFailures, events.DynamoDBBatchItemFailure{ItemIdentifier: sequence})
		}
		return answer, nil
	}
}

// observer writes the metrics of batches.
type observer struct {
	metrics *metric.Writer
	log     *slog.Logger
}

func (o observer) observe(t publish.Tally) {
	err := o.metrics.Write(time.Now(),
		count("Records", t.Records), count("Messages", t.Messages), count("Listeners", t.Listeners),
		count("Deliveries", t.Deliveries), count("Parked", t.Parked), count("Gone", t.Gone),
		count("Closed", t.Closed), count("TooLarge", t.TooLarge), count("Retried", t.Retried),
		count("Throttled", t.Throttled), count("Poison", t.Poison), count("Failed", t.Failed),
		count("Recorded", t.Recorded), count("Deferred", t.Deferred), count("Filtered", t.Filtered), count("Annotated", t.Annotated),
		metric.Value{Name: "Latency", Unit: metric.Milliseconds, Number: t.Latency.Milliseconds()})
	if err != nil {
		o.log.Error("metrics not written", "reason", err.Error())
	}
}

func count(name string, n int) metric.Value {
	return metric.Value{Name: name, Unit: metric.Count, Number: int64(n)}
}
