package sqs

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"edgestream/functions/internal/awscall"
)

// Returned is a message that is to come again.
type Returned struct {
	// Receipt is the receipt handle of the last time that it came.
	Receipt string
	// After is when it comes, in whole seconds; less than one is at once.
	After time.Duration
}

// Hold keeps received messages from others for so long, whatever is left of their queue's own timeout,
// and reports which of them are still the caller's: another may have got one whose time was over. With
// an error, messages of which nothing is known are reported as the caller's.
func (q *Parts) Hold(ctx context.Context, receipts []string, d time.Duration) (held []bool, err error) {
	messages := make([]Returned, len(receipts))
	held = make([]bool, len(receipts))
	for i, r := range receipts {
		messages[i], held[i] = Returned{r, d}, true
	}
	err = q.hide(ctx, messages, func(i int, fault bool, _ string) { held[i] = !fault })
	return held, err
}

// Return has messages come again sooner than their queue's own timeout would. What cannot be returned
// comes when that is over.
func (q *Parts) Return(ctx context.Context, messages ...Returned) error {
	var refused error
	err := q.hide(ctx, messages, func(i int, _ bool, code string) {
		refused = fmt.Errorf("sqs: a message cannot be returned: %s", code)
	})
	if err == nil {
		err = refused
	}
	return err
}

// visibility is an entry of ChangeMessageVisibilityBatch.
type visibility struct {
	ID      string `json:"Id"`
	Receipt string `json:"ReceiptHandle"`
	Seconds int    `json:"VisibilityTimeout"`
}

// hide changes when messages can be received, ten at a time, and tells which the service refused. fault
// says that it is because of the message.
func (q *Parts) hide(ctx context.Context, messages []Returned, refused func(i int, fault bool, code string)) error {
	for from := 0; from < len(messages); from += maxBatch {
		in := struct {
			QueueURL string       `json:"QueueUrl"`
			Entries  []visibility `json:"Entries"`
		}{QueueURL: q.url}
		for i := from; i < min(from+maxBatch, len(messages)); i++ {
			in.Entries = append(in.Entries, visibility{strconv.Itoa(i), messages[i].Receipt, int(messages[i].After / time.Second)})
		}
		out, err := call(ctx, q.client, "ChangeMessageVisibilityBatch", in)
		if err != nil {
			return err
		}
		var answer batchResponse
		if err := json.Unmarshal(out, &answer); err != nil {
			return fmt.Errorf("sqs: answer: %w", err)
		}
		for _, f := range answer.Failed {
			if i, err := strconv.Atoi(f.ID); err == nil && i >= from && i < from+len(in.Entries) {
				refused(i, f.SenderFault && !(&awscall.Error{Type: f.Code}).Throttled(), f.Code)
			}
		}
	}
	return nil
}
