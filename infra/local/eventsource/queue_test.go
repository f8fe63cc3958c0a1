package eventsource

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"edgestream/infra/local/sqs"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
)

var _ Queue = (*sqs.Service)(nil)

// worker is a function behind a queue. answer decides each result by the
// bodies of a batch, one at a time; nil is success.
type worker struct {
	mu     sync.Mutex
	got    []string // bodies of each invocation, joined
	last   events.SQSEvent
	answer func(messages []events.SQSMessage) (payload, functionError string, err error)
}

func (w *worker) invoke(_ context.Context, _ string, event []byte) ([]byte, string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last = events.SQSEvent{}
	if err := json.Unmarshal(event, &w.last); err != nil {
		panic(err)
	}
	var bodies []string
	for _, m := range w.last.Records {
		bodies = append(bodies, m.Body)
	}
	w.got = append(w.got, strings.Join(bodies, " "))
	if w.answer == nil {
		return nil, "", nil
	}
	payload, functionError, err := w.answer(w.last.Records)
	return []byte(payload), functionError, err
}

func (w *worker) invocations() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.got)
}

// queues makes a service with the queue "q" (or "q.fifo") and its dead-letter
// queue "dead" (or "dead.fifo"), which takes what was received twice.
func queues(t *testing.T, fifo bool) (s *sqs.Service, arn string) {
	t.Helper()
	s = sqs.New(sqs.Options{})
	suffix, attributes := "", map[string]string{}
	if fifo {
		suffix, attributes = ".fifo", map[string]string{"FifoQueue": "true", "ContentBasedDeduplication": "true"}
	}
	dead, err := s.EnsureQueue("dead"+suffix, attributes)
	if err != nil {
		t.Fatal(err)
	}
	attributes["RedrivePolicy"] = `{"deadLetterTargetArn":"` + dead + `","maxReceiveCount":2}`
	arn, err = s.EnsureQueue("q"+suffix, attributes)
	if err != nil {
		t.Fatal(err)
	}
	return s, arn
}

func send(t *testing.T, s *sqs.Service, arn, group string, bodies ...string) {
	t.Helper()
	for _, b := range bodies {
		if _, err := s.SendMessage(arn, sqs.Message{Body: b, GroupID: group}); err != nil {
			t.Fatal(err)
		}
	}
}

func left(t *testing.T, s *sqs.Service, queue string) (bodies []string) {
	t.Helper()
	stored, err := s.Messages(queue)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range stored {
		bodies = append(bodies, m.Body)
	}
	return bodies
}

func startQueue(t *testing.T, m QueueMapping, o Options) (stop func()) {
	t.Helper()
	p, err := NewQueue(m, o)
	if err != nil {
		t.Fatal(err)
	}
	return run(t, p.Run)
}

func TestHandledMessagesAreDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, arn := queues(t, false)
		w := &worker{}
		value := "v"
		if _, err := s.SendMessage(arn, sqs.Message{Body: "<one>", Attributes: map[string]sqs.Attribute{
			"a": {DataType: "String", StringValue: &value}, "b": {DataType: "Binary", BinaryValue: []byte{1}}}}); err != nil {
			t.Fatal(err)
		}
		defer startQueue(t, QueueMapping{Function: "deliver", QueueArn: arn}, Options{Invoke: w.invoke, Queue: s, Region: "eu-west-1"})()
		synctest.Wait()
		if got := left(t, s, arn); got != nil {
			t.Errorf("still there: %v", got)
		}
		m := w.last.Records[0]
		if m.MessageId == "" || m.ReceiptHandle == "" || m.Body != "<one>" || len(m.Md5OfBody) != 32 || len(m.Md5OfMessageAttributes) != 32 ||
			m.EventSource != "aws:sqs" || m.EventSourceARN != arn || m.AWSRegion != "eu-west-1" ||
			m.Attributes["ApproximateReceiveCount"] != "1" || m.Attributes["SentTimestamp"] != "946684800000" ||
			*m.MessageAttributes["a"].StringValue != "v" || m.MessageAttributes["a"].StringListValues == nil || m.MessageAttributes["b"].DataType != "Binary" {
			t.Errorf("%+v", m)
		}
	})
}

func TestFailedMessagesComeAgainAndThenAreDead(t *testing.T) {
	for name, tt := range map[string]struct {
		partial bool
		answer  func([]events.SQSMessage) (string, string, error)
		want    []string
		dead    []string
	}{
		"the whole batch": {false, func([]events.SQSMessage) (string, string, error) {
			return "", "Unhandled", nil
		}, []string{"a b c", "a b c"}, []string{"a", "b", "c"}},
		"those that are reported": {true, func(ms []events.SQSMessage) (string, string, error) {
			var ids []string
			for _, m := range ms {
				if m.Body != "b" {
					ids = append(ids, m.MessageId)
				}
			}
			return failures(ids...), "", nil
		}, []string{"a b c", "a c"}, []string{"a", "c"}},
		"all, if the report names another": {true, func(ms []events.SQSMessage) (string, string, error) {
			return failures(ms[0].MessageId, "another"), "", nil
		}, []string{"a b c", "a b c"}, []string{"a", "b", "c"}},
		"all, if the report is malformed": {true, func(ms []events.SQSMessage) (string, string, error) {
			return `{"batchItemFailures":[{"id":"` + ms[0].MessageId + `"}]}`, "", nil
		}, []string{"a b c", "a b c"}, []string{"a", "b", "c"}},
		"none, if the mapping reads no reports": {false, func(ms []events.SQSMessage) (string, string, error) {
			return failures(ms[0].MessageId), "", nil
		}, []string{"a b c"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, arn := queues(t, false)
				w := &worker{answer: tt.answer}
				send(t, s, arn, "", "a", "b", "c")
				defer startQueue(t, QueueMapping{Function: "f", QueueArn: arn, ReportBatchItemFailures: tt.partial}, Options{Invoke: w.invoke, Queue: s})()
				pass(2 * time.Minute)
				if diff := cmp.Diff(tt.want, w.invocations()); diff != "" {
					t.Error(diff)
				}
				if diff := cmp.Diff(tt.dead, left(t, s, "dead")); diff != "" || left(t, s, arn) != nil {
					t.Errorf("%s and %v left", diff, left(t, s, arn))
				}
			})
		})
	}
}

func TestAGroupThatFailsBlocksOnlyItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, arn := queues(t, true)
		w := &worker{answer: func(ms []events.SQSMessage) (string, string, error) {
			if ms[0].Body == "bad" {
				return "", "Unhandled", nil
			}
			return "", "", nil
		}}
		send(t, s, arn, "g", "bad", "good")
		send(t, s, arn, "h", "1", "2")
		defer startQueue(t, QueueMapping{Function: "f", QueueArn: arn, BatchSize: 1, MaximumConcurrency: 4}, Options{Invoke: w.invoke, Queue: s})()
		synctest.Wait()
		got := w.invocations()
		slices.Sort(got)
		if diff := cmp.Diff([]string{"1", "2", "bad"}, got); diff != "" {
			t.Error(diff)
		}
		pass(2 * time.Minute)
		if diff := cmp.Diff([]string{"bad", "good"}, w.invocations()[3:]); diff != "" {
			t.Error("the group goes on after its bad message is dead:", diff)
		}
		if diff := cmp.Diff([]string{"bad"}, left(t, s, "dead.fifo")); diff != "" {
			t.Error(diff)
		}
	})
}

func TestConcurrencyIsCapped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, arn := queues(t, false)
		var mu sync.Mutex
		running, most, total := 0, 0, 0
		invoke := func(context.Context, string, []byte) ([]byte, string, error) {
			mu.Lock()
			running++
			total++
			most = max(most, running)
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			running--
			mu.Unlock()
			return nil, "", nil
		}
		for i := range 20 {
			send(t, s, arn, "", fmt.Sprint(i))
		}
		defer startQueue(t, QueueMapping{Function: "f", QueueArn: arn, BatchSize: 1, MaximumConcurrency: 3}, Options{Invoke: invoke, Queue: s})()
		pass(10 * time.Second)
		if most != 3 || total != 20 {
			t.Errorf("%d of 20 messages, %d at once; want 3", total, most)
		}
	})
}

func TestAQueuesBatchWaitsForItsWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, arn := queues(t, false)
		w := &worker{}
		defer startQueue(t, QueueMapping{Function: "f", QueueArn: arn, BatchSize: 100, BatchingWindow: 3 * time.Second}, Options{Invoke: w.invoke, Queue: s})()
		send(t, s, arn, "", "a")
		pass(2 * time.Second)
		send(t, s, arn, "", "b")
		synctest.Wait()
		if got := w.invocations(); got != nil {
			t.Errorf("%v sent within the window", got)
		}
		pass(time.Second)
		if diff := cmp.Diff([]string{"a b"}, w.invocations()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestMessagesOfLargeBatchesAreSplitAtSixMegabytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, arn := queues(t, false)
		w := &worker{}
		for range 8 {
			send(t, s, arn, "", strings.Repeat("x", 1<<20))
		}
		defer startQueue(t, QueueMapping{Function: "f", QueueArn: arn}, Options{Invoke: w.invoke, Queue: s})()
		synctest.Wait()
		if got := w.invocations(); len(got) != 2 || left(t, s, arn) != nil {
			t.Errorf("%d invocations, %d messages left; want 2 and 0", len(got), len(left(t, s, arn)))
		}
	})
}

func TestFilteredMessagesAreDeleted(t *testing.T) {
	for name, tt := range map[string]struct {
		filters []string
		want    string
	}{
		"plain text":          {[]string{`{"body":["hello",{"prefix":"by"}]}`}, "hello bye"},
		"JSON":                {[]string{`{"body":{"n":[{"numeric":[">",1]}]}}`}, `{"n":2}`},
		"either":              {[]string{`{"body":["hello"]}`, `{"body":{"n":[1]}}`}, `hello {"n":1}`},
		"one pattern, either": {[]string{`{"$or":[{"body":{"n":[1]}},{"body":{"n":[2]}}]}`}, `{"n":1} {"n":2}`},
		"not the body":        {[]string{`{"attributes":{"ApproximateReceiveCount":["1"]}}`}, `hello bye {"n":1} {"n":2}`},
		"text that is JSON":   {[]string{`{"body":[{"prefix":"{"}]}`}, ""},
		"absent in JSON":      {[]string{`{"body":{"m":[{"exists":false}]}}`}, `{"n":1} {"n":2}`},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, arn := queues(t, false)
				w := &worker{}
				send(t, s, arn, "", "hello", "bye", `{"n":1}`, `{"n":2}`)
				defer startQueue(t, QueueMapping{Function: "f", QueueArn: arn, Filters: tt.filters}, Options{Invoke: w.invoke, Queue: s})()
				synctest.Wait()
				if got := strings.Join(w.invocations(), "|"); got != tt.want || left(t, s, arn) != nil {
					t.Errorf("%q was sent, %v is left; want %q and nothing", got, left(t, s, arn), tt.want)
				}
			})
		})
	}
}

func TestAFunctionThatDoesNotRunGetsItsMessagesLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, arn := queues(t, false)
		var until time.Time
		w := &worker{answer: func([]events.SQSMessage) (string, string, error) {
			if time.Now().Before(until) {
				return "", "", errors.New("TooManyRequestsException")
			}
			return "", "", nil
		}}
		until = time.Now().Add(25 * time.Second)
		send(t, s, arn, "", "a")
		defer startQueue(t, QueueMapping{Function: "f", QueueArn: arn}, Options{Invoke: w.invoke, Queue: s})()
		pass(time.Minute)
		if count := w.last.Records[0].Attributes["ApproximateReceiveCount"]; count != "2" || left(t, s, arn) != nil || left(t, s, "dead") != nil {
			t.Errorf("received %s times, want 2: it was handed back once", count)
		}
	})
}

func TestMessagesNotSentGoBackWhenThePollerStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, arn := queues(t, false)
		w := &worker{}
		send(t, s, arn, "", "a")
		stop := startQueue(t, QueueMapping{Function: "f", QueueArn: arn, BatchSize: 20, BatchingWindow: time.Minute}, Options{Invoke: w.invoke, Queue: s})
		pass(time.Second)
		stop()
		stored, err := s.Messages(arn)
		if err != nil || len(stored) != 1 || stored[0].InFlight || w.invocations() != nil {
			t.Errorf("%+v %v", stored, err)
		}
	})
}

// faulty fails calls to a queue before it lets them through.
type faulty struct {
	Queue
	mu       sync.Mutex
	failures int
}

func (f *faulty) ReceiveMessage(ctx context.Context, queue string, max int, wait time.Duration) ([]events.SQSMessage, error) {
	f.mu.Lock()
	f.failures--
	failed := f.failures >= 0
	f.mu.Unlock()
	if failed {
		return nil, errors.New("connection refused")
	}
	return f.Queue.ReceiveMessage(ctx, queue, max, wait)
}

func TestAQueueThatIsDownIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, arn := queues(t, false)
		w := &worker{}
		send(t, s, arn, "", "a")
		defer startQueue(t, QueueMapping{Function: "f", QueueArn: arn}, Options{Invoke: w.invoke, Queue: &faulty{Queue: s, failures: 5}})()
		pass(time.Second)
		if got := w.invocations(); got != nil {
			t.Errorf("%v after a second: there is no backoff", got)
		}
		pass(time.Minute)
		if diff := cmp.Diff([]string{"a"}, w.invocations()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestNewQueueNamesWhatIsWrong(t *testing.T) {
	s := sqs.New(sqs.Options{})
	for name, tt := range map[string]struct {
		m    QueueMapping
		want string
	}{
		"no function":          {QueueMapping{QueueArn: "q"}, "Function is missing"},
		"no queue":             {QueueMapping{Function: "f"}, "QueueArn is missing"},
		"batch without window": {QueueMapping{Function: "f", QueueArn: "q", BatchSize: 11}, "needs a BatchingWindow"},
		"large FIFO batch":     {QueueMapping{Function: "f", QueueArn: "q.fifo", BatchSize: 11}, "a FIFO queue's is at most 10"},
		"FIFO window":          {QueueMapping{Function: "f", QueueArn: "q.fifo", BatchingWindow: time.Second}, "a FIFO queue takes none"},
		"batch":                {QueueMapping{Function: "f", QueueArn: "q", BatchSize: 10_001, BatchingWindow: time.Second}, "BatchSize 10001"},
		"window":               {QueueMapping{Function: "f", QueueArn: "q", BatchingWindow: time.Hour}, "BatchingWindow 1h0m0s"},
		"one at once":          {QueueMapping{Function: "f", QueueArn: "q", MaximumConcurrency: 1}, "MaximumConcurrency 1"},
		"too many at once":     {QueueMapping{Function: "f", QueueArn: "q", MaximumConcurrency: 1001}, "MaximumConcurrency 1001"},
		"filter":               {QueueMapping{Function: "f", QueueArn: "q", Filters: []string{"{}"}}, "filter 1"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := NewQueue(tt.m, Options{Invoke: (&worker{}).invoke, Queue: s}); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q in it", err, tt.want)
			}
		})
	}
	if _, err := NewQueue(QueueMapping{Function: "f", QueueArn: "q"}, Options{}); err == nil || !strings.Contains(err.Error(), "Queue is missing") {
		t.Errorf("error %v without a Queue", err)
	}
}
