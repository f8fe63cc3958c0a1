package eventsource

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestAFIFOBatchHoldsSeveralGroupsInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, arn := queues(t, true)
		w := &worker{}
		for i := range 12 {
			send(t, s, arn, []string{"g", "h", "i"}[i%3], fmt.Sprint(i))
		}
		defer startQueue(t, QueueMapping{Function: "f", QueueArn: arn}, Options{Invoke: w.invoke, Queue: s})()
		synctest.Wait()
		if diff := cmp.Diff([]string{"0 3 6 9 1 4 7 10 2 5", "8 11"}, w.invocations()); diff != "" {
			t.Error(diff)
		}
		a := w.last.Records[0].Attributes
		if a["MessageGroupId"] != "i" || a["MessageDeduplicationId"] == "" || len(a["SequenceNumber"]) != 20 {
			t.Errorf("%v", a)
		}
	})
}

// Only what a function names fails, on a FIFO queue too: one that keeps an order must name what follows.
func TestNamedMessagesOfAGroupComeAgainInOrder(t *testing.T) {
	for name, tt := range map[string]struct {
		named string // bodies
		again string
	}{
		"one and all that follow": {"a2 a3", "a2 a3"},
		"one alone":               {"a2", "a2"},
		"the last":                {"a3", "a3"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, arn := queues(t, true)
				tries := 0
				w := &worker{answer: func(ms []events.SQSMessage) (string, string, error) {
					if tries++; tries > 1 {
						return "", "", nil
					}
					var ids []string
					for _, m := range ms {
						if slices.Contains(strings.Fields(tt.named), m.Body) {
							ids = append(ids, m.MessageId)
						}
					}
					return failures(ids...), "", nil
				}}
				send(t, s, arn, "a", "a1", "a2", "a3")
				send(t, s, arn, "b", "b1")
				defer startQueue(t, QueueMapping{Function: "f", QueueArn: arn, ReportBatchItemFailures: true}, Options{Invoke: w.invoke, Queue: s})()
				pass(time.Minute)
				if diff := cmp.Diff([]string{"a1 a2 a3 b1", tt.again}, w.invocations()); diff != "" || left(t, s, arn) != nil {
					t.Error(diff, left(t, s, arn))
				}
			})
		})
	}
}

// Ten messages of a megabyte are two events. What follows a failed message is not in the second.
func TestASplitBatchKeepsTheOrderOfItsGroups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, arn := queues(t, true)
		var got []string
		invoke := func(_ context.Context, _ string, event []byte) ([]byte, string, error) {
			var e events.SQSEvent
			if err := json.Unmarshal(event, &e); err != nil {
				return nil, "", err
			}
			var letters []string
			for _, m := range e.Records {
				letters = append(letters, m.Body[:2])
			}
			got = append(got, strings.Join(letters, " "))
			if len(got) == 1 {
				return []byte(failures(e.Records[len(e.Records)-1].MessageId)), "", nil
			}
			return nil, "", nil
		}
		for _, head := range []string{"a1", "a2", "a3", "b1", "b2", "b3", "b4", "c1"} {
			send(t, s, arn, head[:1], head+strings.Repeat("x", 1<<20-2))
		}
		defer startQueue(t, QueueMapping{Function: "f", QueueArn: arn, ReportBatchItemFailures: true}, Options{Invoke: invoke, Queue: s})()
		pass(time.Minute)
		if diff := cmp.Diff([]string{"a1 a2 a3 b1 b2", "c1", "b2 b3 b4"}, got); diff != "" || left(t, s, arn) != nil {
			t.Error(diff)
		}
	})
}

// Whatever fails, and however many batches are under way: no group is in two at a time, and its
// messages succeed in their order.
func TestGroupsAreOrderedAndExcludeThemselves(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		groups := rapid.SliceOfN(rapid.IntRange(0, 4), 1, 40).Draw(rt, "groups")
		verdicts := rapid.SliceOfN(rapid.IntRange(0, 5), 1, 20).Draw(rt, "verdicts")
		concurrency := rapid.IntRange(2, 5).Draw(rt, "concurrency")
		synctest.Test(t, func(t *testing.T) {
			s, arn := queues(t, true)
			if _, err := s.EnsureQueue("q.fifo", map[string]string{"RedrivePolicy": ""}); err != nil {
				t.Fatal(err)
			}
			f := &strict{verdicts: verdicts, busy: map[string]bool{}, done: map[string][]string{}}
			want := map[string][]string{}
			for i, g := range groups {
				group, body := fmt.Sprint("g", g), fmt.Sprint(i)
				send(t, s, arn, group, body)
				want[group] = append(want[group], body)
			}
			defer startQueue(t, QueueMapping{Function: "f", QueueArn: arn, BatchSize: 3, MaximumConcurrency: concurrency, ReportBatchItemFailures: true},
				Options{Invoke: f.invoke, Queue: s})()
			pass(2 * time.Hour)
			if f.wrong != "" {
				rt.Error(f.wrong)
			}
			if diff := cmp.Diff(want, f.done); diff != "" {
				rt.Error(diff)
			}
		})
	})
}

// strict fails as its verdicts say, and notes a group that is in two batches at a time.
type strict struct {
	mu       sync.Mutex
	verdicts []int // 0: the function fails; 1: it fails from the middle on, by name; else: all is done
	busy     map[string]bool
	done     map[string][]string
	wrong    string
}

func (f *strict) invoke(_ context.Context, _ string, event []byte) ([]byte, string, error) {
	var e events.SQSEvent
	if err := json.Unmarshal(event, &e); err != nil {
		return nil, "", err
	}
	verdict := f.begin(e.Records)
	time.Sleep(time.Second)
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, m := range e.Records {
		delete(f.busy, m.Attributes["MessageGroupId"])
	}
	keep := len(e.Records)
	if verdict < 2 {
		keep = verdict * keep / 2
	}
	var ids []string
	for i, m := range e.Records {
		if group := m.Attributes["MessageGroupId"]; i < keep {
			f.done[group] = append(f.done[group], m.Body)
		} else {
			ids = append(ids, m.MessageId)
		}
	}
	if verdict == 0 {
		return nil, "Unhandled", nil
	}
	return []byte(failures(ids...)), "", nil
}

func (f *strict) begin(records []events.SQSMessage) (verdict int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	mine := map[string]bool{}
	for _, m := range records {
		group := m.Attributes["MessageGroupId"]
		if f.busy[group] && !mine[group] {
			f.wrong = group + " is in two batches at a time"
		}
		f.busy[group], mine[group] = true, true
	}
	verdict = 2
	if len(f.verdicts) > 0 {
		verdict, f.verdicts = f.verdicts[0], f.verdicts[1:]
	}
	return verdict
}
