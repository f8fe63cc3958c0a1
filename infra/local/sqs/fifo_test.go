package sqs

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// sendAll sends bodies to a FIFO queue, each to the group that its first letter names.
func sendAll(t *testing.T, s *Service, queue string, bodies ...string) {
	t.Helper()
	for _, b := range bodies {
		send(t, s, queue, Message{Body: b, GroupID: b[:1]})
	}
}

func take(t *testing.T, s *Service, queue string, most int) string {
	t.Helper()
	got, err := s.ReceiveMessage(t.Context(), queue, most, 0)
	if err != nil {
		t.Fatal(err)
	}
	return bodies(got)
}

func TestMessagesOfOneGroupComeTogether(t *testing.T) {
	for name, tt := range map[string]struct {
		most int
		want []string
	}{
		"all of them":                       {10, []string{"a1 a2 a3 b1 b2 c1", ""}},
		"as many as there is room for":      {4, []string{"a1 a2 a3 b1", "c1", ""}},
		"one after the other waits for its": {1, []string{"a1", "b1", "c1", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			s, q := testQueue(t, "q.fifo", fifo)
			sendAll(t, s, q, "a1", "b1", "a2", "c1", "b2", "a3")
			for _, want := range tt.want {
				if got := take(t, s, q, tt.most); got != want {
					t.Errorf("received %q, want %q", got, want)
				}
			}
		})
	}
}

func TestAGroupWaitsForAllOfItsMessagesInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, q := testQueue(t, "q.fifo", fifo)
		sendAll(t, s, q, "a1", "a2", "a3")
		flying := receive(t, s, q, 0)
		for i, seconds := range []time.Duration{1, 5} {
			if err := s.ChangeVisibility(t.Context(), q, flying[i].ReceiptHandle, seconds*time.Second); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.DeleteMessage(t.Context(), q, flying[2].ReceiptHandle); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5*time.Second - time.Nanosecond)
		if got := take(t, s, q, 10); got != "" {
			t.Errorf("received %q while a2 is in flight", got)
		}
		sendAll(t, s, q, "a4")
		began := time.Now()
		if got := bodies(receive(t, s, q, 20*time.Second)); got != "a1 a2 a4" || time.Since(began) != time.Nanosecond {
			t.Errorf("received %q after %v", got, time.Since(began))
		}
	})
}

func TestADelayKeepsAGroupInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, q := testQueue(t, "q.fifo", fifo)
		sendAll(t, s, q, "a1")
		if _, err := s.EnsureQueue("q.fifo", map[string]string{"DelaySeconds": "5"}); err != nil {
			t.Fatal(err)
		}
		sendAll(t, s, q, "a2", "b1")
		if _, err := s.EnsureQueue("q.fifo", map[string]string{"DelaySeconds": "0"}); err != nil {
			t.Fatal(err)
		}
		sendAll(t, s, q, "a3")
		if got := take(t, s, q, 1); got != "a1" {
			t.Errorf("received %q: what was sent before a delayed message need not wait for it", got)
		}
		time.Sleep(30 * time.Second)
		if got := take(t, s, q, 10); got != "a1 a2 a3 b1" {
			t.Errorf("received %q", got)
		}
	})
}

// On a standard dead-letter queue a message is as old as it was, on a FIFO one as its move.
func TestDeadMessagesAge(t *testing.T) {
	for suffix, want := range map[string]string{"": "", ".fifo": "a"} {
		t.Run("q"+suffix, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				attributes := map[string]string{}
				if suffix != "" {
					attributes = map[string]string{"FifoQueue": "true", "ContentBasedDeduplication": "true"}
				}
				s, dead := testQueue(t, "dead"+suffix, attributes)
				attributes["RedrivePolicy"] = `{"deadLetterTargetArn":"` + dead + `","maxReceiveCount":1}`
				q, err := s.EnsureQueue("q"+suffix, attributes)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := s.EnsureQueue("dead"+suffix, map[string]string{"MessageRetentionPeriod": "60"}); err != nil {
					t.Fatal(err)
				}
				send(t, s, q, Message{Body: "a", GroupID: "g"})
				receive(t, s, q, 0)
				time.Sleep(59 * time.Second)
				receive(t, s, q, 0) // moves it
				time.Sleep(time.Second)
				if got := take(t, s, dead, 10); got != want {
					t.Errorf("%q in the dead-letter queue, want %q", got, want)
				}
			})
		})
	}
}

func TestThroughputByGroupNeedsDeduplicationByGroup(t *testing.T) {
	high := map[string]string{"FifoQueue": "true", "DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"}
	s, _ := testQueue(t, "high.fifo", high)
	for name, err := range map[string]error{
		"the scope is left out":   second(s.EnsureQueue("q.fifo", map[string]string{"FifoQueue": "true", "FifoThroughputLimit": "perMessageGroupId"})),
		"the scope is taken back": second(s.EnsureQueue("high.fifo", map[string]string{"DeduplicationScope": "queue"})),
	} {
		if err == nil || !strings.Contains(err.Error(), "only when DeduplicationScope is messageGroup") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	both := map[string]string{"DeduplicationScope": "queue", "FifoThroughputLimit": "perQueue"}
	if _, err := s.EnsureQueue("high.fifo", both); err != nil {
		t.Error(err)
	}
}

func second(_ string, err error) error { return err }

func TestADeadLetterQueueIsOfTheSameKind(t *testing.T) {
	s, standard := testQueue(t, "dead", nil)
	ordered, err := s.EnsureQueue("dead.fifo", fifo)
	if err != nil {
		t.Fatal(err)
	}
	policy := func(dead string) string { return `{"deadLetterTargetArn":"` + dead + `","maxReceiveCount":1}` }
	for _, wrong := range []map[string]string{
		{"FifoQueue": "true", "RedrivePolicy": policy(standard)},
		{"RedrivePolicy": policy(ordered)},
	} {
		name := "q"
		if wrong["FifoQueue"] != "" {
			name += ".fifo"
		}
		if _, err := s.EnsureQueue(name, wrong); err == nil || !strings.Contains(err.Error(), "not of the same type") {
			t.Errorf("%v: error %v", wrong, err)
		}
	}
	if _, err := s.EnsureQueue("q.fifo", map[string]string{"FifoQueue": "true", "RedrivePolicy": policy(ordered)}); err != nil {
		t.Error(err)
	}
}

func TestAFIFOBatchAnswersEachEntry(t *testing.T) {
	s, q := testQueue(t, "q.fifo", map[string]string{"FifoQueue": "true"})
	out := ask[batchOutput](t, s, "SendMessageBatch", `{"QueueUrl":"http://h/000000000000/q.fifo","Entries":[
		{"Id":"1","MessageBody":"a1","MessageGroupId":"a","MessageDeduplicationId":"1"},
		{"Id":"2","MessageBody":"a2","MessageDeduplicationId":"2"},
		{"Id":"3","MessageBody":"a3","MessageGroupId":"a"},
		{"Id":"4","MessageBody":"again","MessageGroupId":"a","MessageDeduplicationId":"1"}]}`)
	var failed []string
	for _, f := range out.Failed {
		failed = append(failed, f.Id+" "+f.Code)
	}
	if diff := cmp.Diff([]string{"2 MissingParameter", "3 InvalidParameterValue"}, failed); diff != "" || len(out.Successful) != 2 {
		t.Errorf("%s, %v", diff, out.Successful)
	}
	if first, again := out.Successful[0].(map[string]any), out.Successful[1].(map[string]any); first["SequenceNumber"] != again["SequenceNumber"] || first["MessageId"] != again["MessageId"] {
		t.Errorf("%v and %v are not one message", first, again)
	}
	if got := take(t, s, q, 10); got != "a1" {
		t.Errorf("received %q", got)
	}
}
