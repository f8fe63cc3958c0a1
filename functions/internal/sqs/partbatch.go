package sqs

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"time"

	"edgestream/functions/internal/awscall"
)

const (
	// sideBySide is how many requests are under way at once.
	sideBySide = 4
	// putPause is the longest pause before entries are sent a second time. It doubles each time.
	putPause = 100 * time.Millisecond
)

// sendAll sends the entries that are due, which are of different groups, and sets the errors of those
// that were not taken.
func (q *Parts) sendAll(ctx context.Context, entries []part, due []int, errs []error) {
	places := make(chan struct{}, sideBySide)
	var requests sync.WaitGroup
	for _, some := range batches(entries, due) {
		places <- struct{}{}
		requests.Go(func() {
			defer func() { <-places }()
			q.send(ctx, entries, some, errs)
		})
	}
	requests.Wait()
}

// batches cuts what is due into requests: ten entries, and as many bytes as a message may have.
func batches(entries []part, due []int) (all [][]int) {
	first, size := 0, 0
	for n, i := range due {
		body := len(entries[i].Body)
		if n > first && (n-first == maxBatch || size+body > maxMessage) {
			all = append(all, due[first:n])
			first, size = n, 0
		}
		size += body
	}
	if first < len(due) {
		all = append(all, due[first:])
	}
	return all
}

// send makes one request, and others for what the service failed to take of it.
func (q *Parts) send(ctx context.Context, entries []part, some []int, errs []error) {
	left := slices.Clone(some)
	for try := 1; ; try++ {
		answer, err := q.put(ctx, entries, left)
		left = slices.DeleteFunc(left, func(i int) bool {
			var again bool
			if errs[i] = err; err == nil {
				again, errs[i] = answer.verdict(strconv.Itoa(i))
			}
			return !again
		})
		if len(left) == 0 || try == putTries || !pause(ctx, rand.N(putPause<<try)) {
			return
		}
	}
}

func (q *Parts) put(ctx context.Context, entries []part, some []int) (answer partsResponse, err error) {
	in := struct {
		QueueURL string `json:"QueueUrl"`
		Entries  []part `json:"Entries"`
	}{QueueURL: q.url}
	for _, i := range some {
		in.Entries = append(in.Entries, entries[i])
	}
	out, err := call(ctx, q.client, "SendMessageBatch", in)
	if err != nil {
		return answer, err
	}
	if err := json.Unmarshal(out, &answer); err != nil {
		return answer, fmt.Errorf("sqs: answer: %w", err)
	}
	return answer, nil
}

// partsResponse is an answer to a batch. What is not said to have succeeded has not.
type partsResponse struct {
	Successful []struct {
		ID string `json:"Id"`
	} `json:"Successful"`
	batchResponse
}

// verdict is what became of an entry. again says that it may be taken if it is sent again.
func (r partsResponse) verdict(id string) (again bool, err error) {
	for _, s := range r.Successful {
		if s.ID == id {
			return false, nil
		}
	}
	for _, f := range r.Failed {
		if f.ID == id {
			throttled := (&awscall.Error{Type: f.Code}).Throttled()
			return !f.SenderFault || throttled, fmt.Errorf("sqs: %w: %s", ErrEntry, f.Code)
		}
	}
	return true, fmt.Errorf("sqs: %w: the answer does not name it", ErrEntry)
}

// pause waits, and returns false as soon as the context ends.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
