package main

import (
	"context"

	"edgestream/functions/internal/lease"
	"edgestream/functions/internal/sqs"
)

// queue is what the handler asks of the queue that its messages came from.
type queue interface {
	lease.Queue
	Return(ctx context.Context, messages ...sqs.Returned) error
}

// hold keeps the batch from others until it is released. What another has got meanwhile is lost, and left to it.
func (h handler) hold(ctx context.Context, batch []*message) (held context.Context, release func()) {
	receipts := make([]string, len(batch))
	for i, m := range batch {
		receipts[i] = m.ReceiptHandle
	}
	mine, held, release := lease.Holder{Queue: h.queue, Log: h.log}.Hold(ctx, receipts)
	for i, ok := range mine {
		batch[i].lost = !ok
	}
	return held, release
}
