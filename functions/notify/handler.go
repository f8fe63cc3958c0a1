package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"edgestream/functions/internal/hook"
	"edgestream/functions/internal/metric"
)

// margin is how long before the invocation is killed it must have answered.
const margin = 2 * time.Second

// handler hands a batch of the queue to the Notifier, and names the messages that must come again.
// The mapping must have ReportBatchItemFailures.
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
func handler(notify func(context.Context, []hook.Message) []string) func(context.Context, events.SQSEvent) (events.SQSEventResponse, error) {
	return func(ctx context.Context, e events.SQSEvent) (events.SQSEventResponse, error) {
		if deadline, ok := ctx.Deadline(); ok {
			early, cancel := context.WithDeadline(ctx, deadline.Add(-margin))
			defer cancel()
			ctx = early
		}
		messages := make([]hook.Message, len(e.Records))
		for i, r := range e.Records {
			messages[i] = hook.Message{ID: r.MessageId, Text: r.Body}
		}
		answer := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
		for _, id := range notify(ctx, messages) {
			answer.BatchItemFailures = append(answer.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: id})
		}
		return answer, nil
	}
}

// observer writes the metrics of batches.
type observer struct {
	metrics *metric.Writer
	log     *slog.Logger
}

func (o observer) observe(t hook.Tally) {
	o.metrics.Now(o.log,
		metric.Counted("Looks", t.Looks), metric.Counted("Posts", t.Posts), metric.Counted("Events", t.Events), metric.Counted("Failed", t.Failed),
		metric.Counted("Repeated", t.Repeated), metric.Counted("Dropped", t.Dropped), metric.Counted("Rested", t.Rested), metric.Counted("Poison", t.Poison))
}
