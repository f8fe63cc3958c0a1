package main

import (
	"context"
	"log/slog"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"edgestream/functions/internal/publish"
	"edgestream/functions/internal/sqs"
)

const (
	// soon is when a group comes again that got on, or that only ran out of time.
	soon = time.Second
	// patience is the longest pause before a group comes again that did not get on.
	patience = 30 * time.Second
	// last is how long before the invocation is killed what fails has run out of time.
	last = 5 * time.Second
)

// handler is the function. Its mapping must have ReportBatchItemFailures.
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
type handler struct {
	deliver func(context.Context, []publish.Part) (failed []int)
	forget  func(context.Context, publish.Part) error // closes its slice
	queue   queue
	report  func(ctx context.Context, record []byte, reason string) error
	observe func(publish.Tally)
	log     *slog.Logger
}

// message is one of the batch.
type message struct {
	*events.SQSMessage
	part   publish.Part
	poison error // why it is no part
	lost   bool  // it is another's
	again  bool  // it must come again
}

// handle delivers a batch, and names the messages that must come again. A message that is no part is
// reported and counts as done. Dead letters are not delivered, but forgotten.
func (h handler) handle(ctx context.Context, e events.SQSEvent) (events.SQSEventResponse, error) {
	batch := read(e.Records)
	if givenUp(e.Records) {
		h.reportPoison(ctx, batch)
		h.forgetAll(ctx, batch)
	} else {
		h.work(ctx, batch)
	}
	answer := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
	for _, m := range batch {
		if m.again {
			answer.BatchItemFailures = append(answer.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: m.MessageId})
		}
	}
	return answer, nil
}

func (h handler) work(ctx context.Context, batch []*message) {
	held, release := h.hold(ctx, batch)
	h.reportPoison(held, batch)
	h.deliverAll(held, batch)
	release()
	h.giveBack(ctx, batch)
}

func read(records []events.SQSMessage) []*message {
	batch := make([]*message, len(records))
	for i := range records {
		m := &message{SQSMessage: &records[i]}
		m.part, m.poison = publish.ParsePart([]byte(m.Body))
		batch[i] = m
	}
	return batch
}

// group is what the message is delivered in order with. One that is no part has none.
func (m *message) group() string {
	if m.poison != nil {
		return "message " + m.MessageId
	}
	return m.part.Group()
}

func (h handler) reportPoison(ctx context.Context, batch []*message) {
	var seen publish.Tally
	for _, m := range batch {
		if m.poison == nil || m.lost {
			continue
		}
		if err := h.report(ctx, []byte(m.Body), m.poison.Error()); err != nil {
			m.again = true
			h.log.ErrorContext(ctx, "message not reported", "message", m.MessageId, "reason", err.Error())
			continue
		}
		seen.Poison++
		h.log.WarnContext(ctx, "message reported", "message", m.MessageId, "reason", m.poison.Error())
	}
	if seen.Poison > 0 {
		h.observe(seen)
	}
}

// deliverAll delivers the parts. What follows one that must come again, or is another's, comes again too.
func (h handler) deliverAll(ctx context.Context, batch []*message) {
	spread(batch, func(m *message) bool { return m.lost })
	var parts []publish.Part
	var of []*message
	for _, m := range batch {
		if m.poison == nil && !m.again {
			parts, of = append(parts, m.part), append(of, m)
		}
	}
	if len(parts) == 0 {
		return
	}
	for _, i := range h.deliver(ctx, parts) {
		of[i].again = true
	}
	spread(batch, func(m *message) bool { return m.again })
}

// spread has those come again of which wrong is true, and what follows in their groups.
func spread(batch []*message, wrong func(*message) bool) {
	stuck := map[string]bool{}
	for _, m := range batch {
		group := m.group()
		stuck[group] = stuck[group] || wrong(m)
		m.again = m.again || stuck[group]
	}
}

// giveBack has what must come again come before the queue's timeout.
func (h handler) giveBack(ctx context.Context, batch []*message) {
	late := false
	if deadline, ok := ctx.Deadline(); ok {
		late = time.Until(deadline) < last
	}
	after := map[string]time.Duration{}
	var back []sqs.Returned
	for _, m := range batch {
		group := m.group()
		if _, known := after[group]; !known {
			after[group] = soon // also if one is done, and others follow
			if m.again && !late {
				after[group] = pause(m.Attributes["ApproximateReceiveCount"])
			}
		}
		if m.again && !m.lost {
			back = append(back, sqs.Returned{Receipt: m.ReceiptHandle, After: after[group]})
		}
	}
	if len(back) == 0 {
		return
	}
	if err := h.queue.Return(ctx, back...); err != nil {
		h.log.WarnContext(ctx, "messages not returned", "messages", len(back), "reason", err.Error())
	}
}

// pause doubles each time that a message has come.
func pause(receives string) time.Duration {
	n, err := strconv.Atoi(receives)
	if err != nil {
		n = 1
	}
	return min(soon<<min(max(n, 1), 10), patience)
}
