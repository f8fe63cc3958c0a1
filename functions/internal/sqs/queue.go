package sqs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"edgestream/functions/internal/awscall"
	"edgestream/functions/internal/hook"
)

const (
	// maxBatch is how many messages one request takes.
	maxBatch = 10
	// maxDelay is the longest that a message can be held back.
	maxDelay = 15 * time.Minute
	// putTries is how often entries are sent that the service failed to take.
	putTries = 3
)

// Queue is a queue of tasks for webhooks. It is safe for concurrent use.
type Queue struct {
	client *awscall.Client
	url    string
}

// NewQueue makes a Queue of the queue with this URL.
func NewQueue(queueURL string, cfg aws.Config) *Queue {
	return &Queue{client: newClient(queueURL, cfg), url: queueURL}
}

type batchRequest struct {
	QueueURL string  `json:"QueueUrl"`
	Entries  []entry `json:"Entries"`
}

type entry struct {
	ID    string `json:"Id"`
	Body  string `json:"MessageBody"`
	Delay int    `json:"DelaySeconds"`
}

// batchResponse is an answer: a request may succeed in part.
type batchResponse struct {
	Failed []struct {
		ID          string `json:"Id"`
		Code        string `json:"Code"`
		SenderFault bool   `json:"SenderFault"`
	} `json:"Failed"`
}

// ErrEntry is a task, or a part, that the queue did not take.
var ErrEntry = errors.New("the queue has not taken a message")

// Put implements hook.Queue. Tasks are put in their order, ten at a time; after an error some of them may be stored.
func (q *Queue) Put(ctx context.Context, delay time.Duration, tasks ...hook.Task) error {
	seconds := int(min(max(0, delay), maxDelay) / time.Second)
	var entries []entry
	size := 0
	for i, t := range tasks {
		e := entry{strconv.Itoa(i), carry(t.Text()), seconds}
		if len(entries) == maxBatch || len(entries) > 0 && size+len(e.Body) > maxMessage {
			if err := q.send(ctx, entries); err != nil {
				return err
			}
			entries, size = nil, 0
		}
		entries, size = append(entries, e), size+len(e.Body)
	}
	if len(entries) == 0 {
		return nil
	}
	return q.send(ctx, entries)
}

// send sends entries until all are taken. Those that the service failed to take are sent again.
func (q *Queue) send(ctx context.Context, entries []entry) error {
	for try := 1; ; try++ {
		out, err := call(ctx, q.client, "SendMessageBatch", batchRequest{q.url, entries})
		if err != nil {
			return err
		}
		var answer batchResponse
		if err := json.Unmarshal(out, &answer); err != nil {
			return fmt.Errorf("sqs: answer: %w", err)
		}
		if len(answer.Failed) == 0 {
			return nil
		}
		left, fault := answer.left(entries)
		if fault || try == putTries {
			return fmt.Errorf("sqs: %w: %s", ErrEntry, answer.Failed[0].Code)
		}
		entries = left
	}
}

// left are the entries that failed; fault says that one would fail again.
func (r batchResponse) left(entries []entry) (left []entry, fault bool) {
	for _, f := range r.Failed {
		fault = fault || f.SenderFault
		for _, e := range entries {
			if e.ID == f.ID {
				left = append(left, e)
			}
		}
	}
	return left, fault
}

// carry is a JSON text whose characters a message can carry: JSON alone lets two through that it
// cannot, see printable.
func carry(text string) string {
	return strings.NewReplacer("\uFFFE", `\ufffe`, "\uFFFF", `\uffff`).Replace(text)
}
