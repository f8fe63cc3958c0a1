package main

import (
	"context"
	"slices"

	"github.com/aws/aws-lambda-go/events"
)

// deadLetter is the attribute that a message has, of those that SQS gives, which failed too often on another
// queue.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
const deadLetter = "DeadLetterQueueSourceArn"

// givenUp reports whether the event has dead letters, and nothing else: an operator shows them to the
// function (infra/redrive). Lambda has none in its events.
func givenUp(records []events.SQSMessage) bool {
	return len(records) > 0 && !slices.ContainsFunc(records, func(m events.SQSMessage) bool { return m.Attributes[deadLetter] == "" })
}

// forgetAll closes the slices that parts had open which are not going to be delivered: their groups have gone
// on without them, and their segments would stay wide for hours. What is no part has none: it was given
// up because it could not be reported.
func (h handler) forgetAll(ctx context.Context, batch []*message) {
	for _, m := range batch {
		if m.poison != nil {
			continue
		}
		log := h.log.With("message", m.MessageId, "group", m.part.Group(), "event", m.part.Event)
		if err := h.forget(ctx, m.part); err != nil {
			m.again = true
			log.WarnContext(ctx, "part not forgotten", "reason", err.Error())
			continue
		}
		log.InfoContext(ctx, "part forgotten")
	}
}
