package sqs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"

	"edgestream/functions/internal/awscall"
	"edgestream/functions/internal/publish"
)

// Parts is the FIFO queue of what is delivered to wide streams. It is safe for concurrent use.
//
// Parts of one group never are in one request, because one that the service failed to take would be
// overtaken by a later one that it took. So a request holds up to ten groups.
type Parts struct {
	client *awscall.Client
	url    string
}

// NewParts makes Parts of the FIFO queue with this URL.
func NewParts(queueURL string, cfg aws.Config) *Parts {
	return &Parts{client: newClient(queueURL, cfg), url: queueURL}
}

// ErrEarlier is the error of a part that was not sent because an earlier one of its group may not be on
// the queue.
var ErrEarlier = errors.New("an earlier part of its group is not on the queue")

// part is an entry of SendMessageBatch. A FIFO queue takes no delay.
type part struct {
	ID            string `json:"Id"`
	Body          string `json:"MessageBody"`
	Group         string `json:"MessageGroupId"`
	Deduplication string `json:"MessageDeduplicationId"`
}

// Send implements publish.Queue. A part that is too large for a message (1 MiB) has an error that wraps
// publish.ErrPart: it never can be sent, and must be cut. All other errors may pass.
func (q *Parts) Send(ctx context.Context, parts []publish.Part) []error {
	errs := make([]error, len(parts))
	entries := make([]part, len(parts))
	for i, p := range parts {
		entries[i], errs[i] = newPart(i, p)
	}
	stuck := map[string]bool{}
	for _, round := range rounds(entries) {
		var due []int
		for _, i := range round {
			switch {
			case stuck[entries[i].Group]:
				errs[i] = ErrEarlier
			case errs[i] == nil:
				due = append(due, i)
			}
		}
		q.sendAll(ctx, entries, due, errs)
		for _, i := range round {
			stuck[entries[i].Group] = errs[i] != nil
		}
	}
	return errs
}

// newPart makes an entry, whose id is the part's index.
func newPart(i int, p publish.Part) (part, error) {
	e := part{strconv.Itoa(i), carry(string(p.JSON())), group(p.Group()), deduplication(p)}
	if len(e.Body) > maxMessage {
		return e, fmt.Errorf("sqs: %w: %d bytes of event %s are too large for a message of %d", publish.ErrPart, len(e.Body), p.Event, maxMessage)
	}
	return e, nil
}

// group is a group's text, so that an operator can read it, or its hash if it cannot be an id.
func group(text string) string {
	if plain(text) {
		return text
	}
	return hash(text)
}

// plain reports whether the text may be a message group's id: 1 to 128 of ASCII's letters, digits and
// marks. It is no regular expression, which would be half of what a function's packages take to start.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatchRequestEntry.html
func plain(text string) bool {
	for i := range len(text) {
		if text[i] < '!' || text[i] > '~' {
			return false
		}
	}
	return text != "" && len(text) <= 128
}

// deduplication is the same for a part that is sent again, whatever instance sends it.
func deduplication(p publish.Part) string {
	return hash(fmt.Sprintf("%d %s %s %d", len(p.Event), p.Event, p.Segment, p.Slice))
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// rounds are the first entries of all groups, then the second ones, and so on.
func rounds(entries []part) (all [][]int) {
	seen := map[string]int{}
	for i, e := range entries {
		n := seen[e.Group]
		seen[e.Group]++
		if n == len(all) {
			all = append(all, nil)
		}
		all[n] = append(all[n], i)
	}
	return all
}
