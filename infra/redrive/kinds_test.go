package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"edgestream/infra/local/sqs"
)

// givenUp is what Lambda reports of a range of the stream.
func (w *world) givenUp(records []record) string {
	return fmt.Sprintf(`{"requestContext":{"requestId":"r","functionArn":"arn:aws:lambda:us-east-1:000000000000:function:Publish","condition":"RetryAttemptsExhausted","approximateInvokeCount":31},
		"version":"1.0","DDBStreamBatchInfo":{"shardId":%q,"startSequenceNumber":%q,"endSequenceNumber":%q,"batchSize":%d,"streamArn":%q}}`,
		w.shard(), records[0].DynamoDB.Sequence, records[len(records)-1].DynamoDB.Sequence, len(records), w.stream)
}

func TestRecordsThatWereGivenUpAreReadFromTheStreamAndPublishedInTheirOrder(t *testing.T) {
	w := newWorld(t)
	w.put("1", "before", "x")
	for i := range 5 {
		w.put("2", fmt.Sprint("status#", i), "x")
	}
	w.put("2", "status#1", "changed within")
	all := w.records()
	w.put("2", "status#3", "changed since")
	w.report(w.givenUp(all[1:]), "")
	out := w.redrive()
	has(t, out, "given up, 6 record(s) of Content by Publish", "RetryAttemptsExhausted, tried 31 times", "id=status#4", "publish 5 record(s) again; 1 are of items that have changed since")
	w.redrive("--apply")
	var want []string
	for _, i := range []int{1, 2, 3, 5, 6} {
		want = append(want, all[i].EventID)
	}
	if len(w.events) != 1 || !slices.Equal(w.events[0], want) || len(w.left(failures)) != 0 {
		t.Errorf("published %q, want %q", w.events, want)
	}
}

func TestRecordsThatTheStreamNoLongerHasAreSaid(t *testing.T) {
	w := newWorld(t)
	w.put("1", "a", "x")
	w.report(strings.Replace(w.givenUp(w.records()), w.shard(), "shardId-00000000000000000000-gone0000", 1), "")
	has(t, w.redrive("--apply"), "cannot be done again: the stream does not have the records any more")
	if len(w.left(failures)) != 1 || len(w.events) != 0 {
		t.Errorf("%d messages, %d invocations", len(w.left(failures)), len(w.events))
	}
}

func TestADeadLetterGoesBackToItsQueue(t *testing.T) {
	w := newWorld(t)
	policy := `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:Failures","maxReceiveCount":1}`
	if _, err := w.queues.EnsureQueue("Tasks", map[string]string{"RedrivePolicy": policy, "VisibilityTimeout": "0"}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.queues.SendMessage("Tasks", sqs.Message{Body: `{"a":1}`}); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second is once too often
		if _, err := w.queues.ReceiveMessage(t.Context(), "Tasks", 10, 0); err != nil {
			t.Fatal(err)
		}
	}
	has(t, w.redrive(), "a dead letter of Tasks", "--apply would send it there again")
	w.redrive("--apply")
	if tasks := w.left("Tasks"); !slices.Equal(tasks, []string{`{"a":1}`}) || len(w.left(failures)) != 0 {
		t.Errorf("tasks %q, failures %q", tasks, w.left(failures))
	}
}

func TestADeadLetterOfAFIFOQueueIsNotPutBehindWhatIsNewer(t *testing.T) {
	w := newWorld(t)
	if _, err := w.queues.EnsureQueue("Failures.fifo", map[string]string{"FifoQueue": "true"}); err != nil {
		t.Fatal(err)
	}
	policy := `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:Failures.fifo","maxReceiveCount":1}`
	if _, err := w.queues.EnsureQueue("Parts.fifo", map[string]string{"FifoQueue": "true", "RedrivePolicy": policy, "VisibilityTimeout": "0"}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.queues.SendMessage("Parts.fifo", sqs.Message{Body: "part", GroupID: "g", DeduplicationID: "d"}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := w.queues.ReceiveMessage(t.Context(), "Parts.fifo", 10, 0); err != nil {
			t.Fatal(err)
		}
	}
	queue := []string{"--queue-url", w.queues.URL("", "Failures.fifo")}
	has(t, w.redrive(queue...), "a dead letter of Parts.fifo", "--apply would have its function let go of it")
	w.answer = func(string) (string, bool) { return `{"batchItemFailures":[{"itemIdentifier":"1"}]}`, false }
	has(t, w.ends(errUnmended, append(queue, "--apply")...), "Deliver has failed 1 of 1 records", "\n0 mended, 0 came back, 1 not done\n")
	if left, parts := w.left("Failures.fifo"), w.left("Parts.fifo"); len(left) != 1 || len(parts) != 0 {
		t.Fatalf("%q left, %q put back", left, parts)
	}
	w.answer = nil
	has(t, w.redrive(append(queue, "--apply")...), "done", "\n1 mended, 0 came back\n")
	var event struct {
		Records []struct {
			ID         string `json:"messageId"`
			Body       string
			Attributes map[string]string
			Source     string `json:"eventSourceARN"`
		}
	}
	if err := json.Unmarshal([]byte(w.raw[1]), &event); err != nil || len(event.Records) != 1 {
		t.Fatalf("%v in %s", err, w.raw[1])
	}
	const parts = "arn:aws:sqs:us-east-1:000000000000:Parts.fifo"
	if r := event.Records[0]; r.ID == "" || r.Body != "part" || r.Source != parts || r.Attributes["DeadLetterQueueSourceArn"] != parts {
		t.Errorf("invoked with %+v", r)
	}
	if left, parts := w.left("Failures.fifo"), w.left("Parts.fifo"); len(left)+len(parts) != 0 {
		t.Errorf("%q left, %q put back", left, parts)
	}
}

func TestWhatCannotBeDoneAgainIsKeptAndCanBeDiscarded(t *testing.T) {
	w := newWorld(t)
	raw := string(w.put("2", "a", "x"))
	w.report(`{"requestContext":{"functionArn":"arn:aws:lambda:us-east-1:000000000000:function:Greet:$LATEST","condition":"RetriesExhausted","approximateInvokeCount":1},"requestPayload":{},"responsePayload":{"errorMessage":"gone"}}`, "")
	w.report(`{"cut":"xx","record":`+raw+`}`, "too long")
	w.report(`{"eventName":"MODIFY","eventSourceARN":"`+w.stream+`","dynamodb":{"SequenceNumber":"7","Keys":{"owner":{"S":"2"},"id":{"S":"a"}}}}`, "no image")
	w.report(`]`, "odd")
	out := w.redrive("--apply")
	has(t, out, "an invocation of Greet", "RetriesExhausted, tried 1 times: gone", "its moment has passed", "is there in part", "it is no record of a stream", "says nothing of its item")
	if len(w.left(failures)) != 4 || len(w.events) != 0 {
		t.Fatalf("%d messages, %d invocations", len(w.left(failures)), len(w.events))
	}
	has(t, w.redrive("--discard", "--reason", "odd"), "4 message(s), 1 of them chosen", "discarded")
	if left := w.left(failures); len(left) != 3 || slices.Contains(left, "]") {
		t.Errorf("left %q", left)
	}
	w.redrive("--discard")
	if left := w.left(failures); len(left) != 0 {
		t.Errorf("left %q", left)
	}
}

func TestAMessageThatCannotBeJudgedHoldsUpNoOther(t *testing.T) {
	w := newWorld(t)
	gone := w.report(`{"eventID":"1","eventName":"INSERT","eventSourceARN":"arn:aws:dynamodb:us-east-1:000000000000:table/Gone/stream/x",`+
		`"dynamodb":{"SequenceNumber":"1","Keys":{"id":{"S":"1"}},"NewImage":{"id":{"S":"1"}}}}`, "x")
	w.report(string(w.put("2", "a", "x")), "x")
	has(t, w.ends(errUnmended, "--apply"), "could not be read", "\n1 mended, 0 came back, 1 not done\n")
	if len(w.events) != 1 || len(w.left(failures)) != 1 {
		t.Errorf("%d invocations, %d left", len(w.events), len(w.left(failures)))
	}
	has(t, w.redrive("--discard", "--id", gone), "discarded")
	if left := w.left(failures); len(left) != 0 {
		t.Errorf("left %q", left)
	}
}
