package eventsource

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// scenario is a shard and what the function does with each invocation.
type scenario struct {
	mapping StreamMapping
	items   []int // item of each record
	answers []int // by invocation: see act; after the last one all succeeds
}

func drawScenario(t *rapid.T, factor int) scenario {
	m := testMapping()
	m.ParallelizationFactor = factor
	m.BatchSize = rapid.IntRange(1, 6).Draw(t, "batch size")
	m.MaximumRetryAttempts = rapid.IntRange(-1, 2).Draw(t, "retries")
	m.BisectBatchOnFunctionError = rapid.Bool().Draw(t, "bisect")
	m.ReportBatchItemFailures = rapid.Bool().Draw(t, "partial")
	m.OnFailure = "arn:aws:sqs:us-east-1:000000000000:failed"
	return scenario{
		mapping: m,
		items:   rapid.SliceOfN(rapid.IntRange(0, 4), 1, 25).Draw(t, "items"),
		answers: rapid.SliceOfN(rapid.IntRange(0, 99), 0, 30).Draw(t, "answers"),
	}
}

// act is one answer, and how many records from the first of the batch on are
// done with it.
func (s *scenario) act(n int, seqs []string) (payload, functionError string, done int, err error) {
	partial := s.mapping.ReportBatchItemFailures
	whole := len(seqs)
	if partial {
		whole = 0
	}
	switch a := s.answers[n]; {
	case a < 20:
		return "", "", len(seqs), nil
	case a < 40:
		return "{}", "Unhandled", 0, nil
	case a < 50:
		return "", "", 0, errors.New("throttled")
	case a < 60:
		return failures("unknown"), "", whole, nil
	case a < 70:
		return `{"batchItemFailures":[{"itemIdentifier":""}]}`, "", whole, nil
	default:
		from := a % len(seqs)
		if partial {
			whole = from
		}
		return failures(seqs[len(seqs)-1], seqs[from]), "", whole, nil
	}
}

// play runs a scenario and returns the records in the order in which they were
// settled: done, or with "!" given up.
func (s *scenario) play(t *testing.T) (settled, all []string) {
	synctest.Test(t, func(t *testing.T) {
		f, fn := newFake(&fakeShard{id: "a"}), &function{}
		for _, item := range s.items {
			all = append(all, f.put(0, "o", fmt.Sprint(item)))
		}
		n := 0
		fn.answer = func(seqs []string) (string, string, error) {
			if n >= len(s.answers) {
				settled = append(settled, seqs...)
				return "", "", nil
			}
			payload, functionError, done, err := s.act(n, seqs)
			n++
			settled = append(settled, seqs[:done]...)
			return payload, functionError, err
		}
		report := func(body []byte) {
			var r failureReport
			if err := json.Unmarshal(body, &r); err != nil {
				t.Error(err)
			}
			settled = append(settled, "!"+r.BatchInfo.StartSequenceNumber+" "+r.BatchInfo.EndSequenceNumber)
		}
		destination := func(_ context.Context, _ string, body []byte) error {
			fn.mu.Lock()
			defer fn.mu.Unlock()
			report(body)
			return nil
		}
		_, stop := start(t, s.mapping, Options{Invoke: fn.invoke, Streams: f, Destination: destination, Poll: time.Minute, MaxBackoff: time.Second})
		defer stop()
		pass(5 * time.Minute)
	})
	return settled, all
}

func TestWithFactorOneAShardIsSettledInOrderWhateverFails(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := drawScenario(rt, 1)
		settled, all := s.play(t)
		var got []string
		for _, entry := range settled {
			first, last, given := strings.Cut(strings.TrimPrefix(entry, "!"), " ")
			if !given {
				got = append(got, first)
				continue
			}
			if s.mapping.MaximumRetryAttempts < 0 {
				rt.Fatalf("%s was given up although retries have no end", entry)
			}
			got = append(got, all[slices.Index(all, first):slices.Index(all, last)+1]...)
		}
		if diff := cmp.Diff(all, got); diff != "" {
			rt.Fatalf("records are not settled once each, in order: %s", diff)
		}
	})
}

func TestWithAnyFactorAnItemIsSettledInOrderWhateverFails(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := drawScenario(rt, rapid.IntRange(2, 10).Draw(rt, "factor"))
		s.mapping.MaximumRetryAttempts = -1
		settled, all := s.play(t)
		for item := range 5 {
			var want, got []string
			for i, seq := range all {
				if s.items[i] == item {
					want = append(want, seq)
				}
			}
			for _, seq := range settled {
				if i := slices.Index(all, seq); i >= 0 && s.items[i] == item {
					got = append(got, seq)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				rt.Fatalf("item %d is not settled in order: %s", item, diff)
			}
		}
	})
}

// Two items of one partition key in two lanes, and a function that fails the
// first record for a while.
func TestFactorTwoKeepsOrderPerItemButNotPerPartitionKey(t *testing.T) {
	for _, tt := range []struct {
		name   string
		factor int
		want   []string
	}{
		{"factor 1 keeps the partition key's order", 1, []string{"x1", "y1", "x2", "y2"}},
		{"factor 2 lets another item overtake", 2, []string{"y1", "y2", "x1", "x2"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, fn := newFake(&fakeShard{id: "a"}), &function{}
				x, y := itemsOfDifferentLanes(t)
				names := map[string]string{}
				for i := 1; i <= 2; i++ {
					names[f.put(0, "owner", x)] = fmt.Sprint("x", i)
					names[f.put(0, "owner", y)] = fmt.Sprint("y", i)
				}
				attempts := 0
				var done []string
				fn.answer = func(seqs []string) (string, string, error) {
					if attempts++; names[seqs[0]] == "x1" && attempts < 5 {
						return "", "Unhandled", nil
					}
					for _, s := range seqs {
						done = append(done, names[s])
					}
					return "", "", nil
				}
				m := testMapping()
				m.BatchSize = 1
				// The mapping says 1; Override is how a test runs another factor.
				_, stop := start(t, m, Options{Invoke: fn.invoke, Streams: f, Override: func(m *StreamMapping) { m.ParallelizationFactor = tt.factor }})
				defer stop()
				pass(time.Minute)
				if diff := cmp.Diff(tt.want, done); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func keysOf(pk, sk string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{
		"owner": &types.AttributeValueMemberS{Value: pk},
		"id":    &types.AttributeValueMemberS{Value: sk},
	}
}

// itemsOfDifferentLanes returns two sort keys of the partition key "owner".
func itemsOfDifferentLanes(t *testing.T) (x, y string) {
	for i := range 100 {
		y = fmt.Sprint(i)
		if lane(keysOf("owner", "x"), 2, 0) != lane(keysOf("owner", y), 2, 0) {
			return "x", y
		}
	}
	t.Fatal("all items have the same lane")
	return
}

func TestLanesAreEvenAndDependOnKeyAndSeed(t *testing.T) {
	const n, lanes = 10_000, 10
	counts, moved := make([]int, lanes), 0
	for i := range n {
		k := keysOf("owner", fmt.Sprint(i))
		l := lane(k, lanes, 1)
		if l != lane(keysOf("owner", fmt.Sprint(i)), lanes, 1) {
			t.Fatal("an item has two lanes")
		}
		if l != lane(k, lanes, 2) {
			moved++
		}
		counts[l]++
	}
	if slices.Min(counts) < n/lanes*8/10 || slices.Max(counts) > n/lanes*12/10 {
		t.Errorf("uneven lanes: %v", counts)
	}
	if moved < n/2 {
		t.Errorf("another seed moved only %d of %d items", moved, n)
	}
}

func TestTheCheckpointIsBeforeTheFirstUnfinishedRecord(t *testing.T) {
	p := newProgress("0")
	marks := []*mark{p.add("1", 10), p.add("2", 20), p.add("3", 30)}
	for _, step := range []struct {
		finish     int
		checkpoint string
		records    int
		bytes      int
	}{{1, "0", 3, 40}, {0, "2", 1, 30}, {2, "3", 0, 0}} {
		marks[step.finish].finish()
		checkpoint, records, bytes := p.position()
		if checkpoint != step.checkpoint || records != step.records || bytes != step.bytes {
			t.Errorf("after %d: %q, %d records, %d bytes; want %+v", step.finish, checkpoint, records, bytes, step)
		}
	}
}
