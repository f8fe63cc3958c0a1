package sqs

import (
	"errors"
	"regexp"
)

const maxEntries = 10

var entryID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

// batchOutput is the answer to a batch: each entry is in one of the lists.
type batchOutput struct {
	Successful []any         `json:"Successful"`
	Failed     []failedEntry `json:"Failed"`
}

type failedEntry struct {
	Id          string
	SenderFault bool
	Code        string
	Message     string
}

// batchInput is a request with entries.
type batchInput[E any] struct {
	QueueUrl string
	Entries  []E
}

func (c *call) sendMessageBatch(in *batchInput[sendInput]) (any, error) {
	size := 0
	for _, e := range in.Entries {
		m := e.message()
		size += m.size()
	}
	if size > maxMessage {
		return nil, fault("BatchRequestTooLong", oldPrefix+"BatchRequestTooLong", "Batch requests cannot be longer than %d bytes. You have sent %d bytes.", maxMessage, size)
	}
	return batch(c, in, func(e *sendInput) string { return e.Id }, func(e *sendInput) (any, error) {
		return c.sendOne(in.QueueUrl, e)
	})
}

func (c *call) deleteMessageBatch(in *batchInput[handleInput]) (any, error) {
	return batch(c, in, func(e *handleInput) string { return e.Id }, func(e *handleInput) (any, error) {
		return map[string]string{"Id": e.Id}, c.deleteOne(in.QueueUrl, e)
	})
}

func (c *call) changeVisibilityBatch(in *batchInput[handleInput]) (any, error) {
	return batch(c, in, func(e *handleInput) string { return e.Id }, func(e *handleInput) (any, error) {
		return map[string]string{"Id": e.Id}, c.changeOne(in.QueueUrl, e)
	})
}

// batch checks a request with entries and runs them one after the other. An
// entry that fails does not stop the others.
func batch[E any](c *call, in *batchInput[E], id func(*E) string, run func(*E) (any, error)) (any, error) {
	ids := make([]string, 0, len(in.Entries))
	for i := range in.Entries {
		ids = append(ids, id(&in.Entries[i]))
	}
	if err := checkEntries(ids); err != nil {
		return nil, err
	}
	if err := c.withQueue(in.QueueUrl, func(*queue) error { return nil }); err != nil {
		return nil, err
	}
	out := batchOutput{Successful: []any{}, Failed: []failedEntry{}}
	for i := range in.Entries {
		done, err := run(&in.Entries[i])
		var e *Error
		switch {
		case err == nil:
			out.Successful = append(out.Successful, done)
		case errors.As(err, &e):
			out.Failed = append(out.Failed, failedEntry{Id: ids[i], SenderFault: true, Code: e.Code, Message: e.Message})
		default:
			return nil, err
		}
	}
	return &out, nil
}

func checkEntries(ids []string) error {
	if len(ids) == 0 {
		return fault("EmptyBatchRequest", oldPrefix+"EmptyBatchRequest", "There should be at least one entry in the request.")
	}
	if len(ids) > maxEntries {
		return fault("TooManyEntriesInBatchRequest", oldPrefix+"TooManyEntriesInBatchRequest", "Maximum number of entries per request are %d. You have sent %d.", maxEntries, len(ids))
	}
	seen := map[string]bool{}
	for _, id := range ids {
		if !entryID.MatchString(id) {
			return fault("InvalidBatchEntryId", oldPrefix+"InvalidBatchEntryId", "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.")
		}
		if seen[id] {
			return fault("BatchEntryIdsNotDistinct", oldPrefix+"BatchEntryIdsNotDistinct", "Id %s repeated.", id)
		}
		seen[id] = true
	}
	return nil
}
