package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// leftovers are what is in failure queues.
type leftovers struct {
	// counts are how many messages there are, by what they are.
	counts map[string]int
	// given are the events that an instance of greet had that died.
	given map[eventName]bool
}

func (l leftovers) total() (n int) {
	for _, count := range l.counts {
		n += count
	}
	return n
}

// excuse takes out of a verdict what was lost with an instance of greet: Lambda must not try that again,
// and who keeps no ids does not come back for it (functions/internal/sim says so too).
func (l leftovers) excuse(v *verdict) {
	v.faulty = slices.DeleteFunc(v.faulty, func(m misfortune) bool {
		excused := m.what == "lost" && !m.client.kind.resumes() && l.given[m.eventName]
		if excused {
			v.of[m.client.kind].lost--
			v.of[m.client.kind].greet++
		}
		return excused
	})
}

// print prints them, and what is to be done about them.
func (l leftovers) print(out io.Writer) {
	if len(l.counts) == 0 {
		fmt.Fprintln(out, "failure queues: empty")
		return
	}
	fmt.Fprintln(out, "failure queues:")
	for _, what := range slices.Sorted(maps.Keys(l.counts)) {
		fmt.Fprintf(out, "%6d %s\n", l.counts[what], what)
	}
	fmt.Fprintln(out, `They are gone with this run. On AWS they wait for 14 days: go run ./infra/redrive --queue-url URL
lists them and says what can be done about each, --apply does it, --discard removes what is of no more
use, such as greetings of clients that have gone (infra/RUNBOOK.md, "FailureQueueAlarm").`)
}

// failureQueues are the stack's.
var failureQueues = []string{"FailureQueue", "DeliverFailures.fifo"}

// left receives what is in the failure queues.
func (s *chaosStage) left(ctx context.Context) (leftovers, error) {
	found := leftovers{map[string]int{}, map[eventName]bool{}}
	for _, name := range failureQueues {
		for {
			some, err := s.receive(ctx, name)
			if err != nil {
				return found, err
			}
			if len(some) == 0 {
				break
			}
			for _, m := range some {
				found.counts[m.String()]++
				for _, e := range m.events() {
					found.given[e] = true
				}
			}
		}
	}
	return found, nil
}

// failure is a message of a failure queue: one of Lambda's reports, a dead letter, or a record that a
// function has put there itself.
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
type failure struct {
	Body       string
	Attributes map[string]string
	Own        map[string]struct{ StringValue string } `json:"MessageAttributes"`
}

// String says whose it is, and why it is there.
func (f failure) String() string {
	if source := f.Attributes["DeadLetterQueueSourceArn"]; source != "" {
		return "dead letter of " + last(source) + ": received too often"
	}
	var r struct {
		Context struct{ FunctionArn, Condition string } `json:"requestContext"`
		Answer  struct{ ErrorMessage string }           `json:"responsePayload"`
		Source  string                                  `json:"eventSourceARN"`
	}
	json.Unmarshal([]byte(f.Body), &r) // of something else nothing is known
	if r.Context.FunctionArn == "" {
		of := "something else"
		if _, table, ok := strings.Cut(r.Source, ":table/"); ok {
			table, _, _ = strings.Cut(table, "/")
			of = "record of the table " + table
		}
		return of + ": " + cmp.Or(f.Own["reason"].StringValue, "no reason")
	}
	return strings.TrimSuffix(last(r.Context.FunctionArn), "Function") + ": " +
		strings.TrimSuffix(r.Context.Condition+", "+cmp.Or(requestID.ReplaceAllString(r.Answer.ErrorMessage, ""), "no answer"), ", no answer")
}

// events are those in the frames of a greeting.
func (f failure) events() (all []eventName) {
	var r struct {
		Greeting struct{ Frames []string } `json:"requestPayload"`
	}
	json.Unmarshal([]byte(f.Body), &r) // of something else there are none
	for _, frame := range r.Greeting.Frames {
		if e := eventOf([]byte(frame)); e.N > 0 {
			all = append(all, e)
		}
	}
	return all
}

// last is the last part of an ARN, without a version.
func last(arn string) string {
	arn = strings.TrimSuffix(arn, ":$LATEST")
	return arn[strings.LastIndexByte(arn, ':')+1:]
}

// requestID is how Lambda begins what it says of an instance that has ended.
var requestID = regexp.MustCompile(`^RequestId: [-0-9a-f]+ `)

// receive takes some messages; none if there are no more. They are not seen again for an hour.
func (s *chaosStage) receive(ctx context.Context, queue string) ([]failure, error) {
	var url struct{ QueueUrl string }
	if err := s.queues(ctx, "GetQueueUrl", map[string]any{"QueueName": queue}, &url); err != nil {
		return nil, err
	}
	var answer struct{ Messages []failure }
	err := s.queues(ctx, "ReceiveMessage", map[string]any{"QueueUrl": url.QueueUrl, "MaxNumberOfMessages": 10, "VisibilityTimeout": 3600,
		"AttributeNames": []string{"All"}, "MessageAttributeNames": []string{"All"}}, &answer)
	return answer.Messages, err
}

// queues calls the runner's SQS, which wants a signature and takes any.
func (s *chaosStage) queues(ctx context.Context, operation string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.API, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header = http.Header{"Content-Type": {"application/x-amz-json-1.0"}, "X-Amz-Target": {"AmazonSQS." + operation},
		"Authorization": {"AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=none"}}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", operation, response.Status)
	}
	return json.NewDecoder(response.Body).Decode(out)
}
