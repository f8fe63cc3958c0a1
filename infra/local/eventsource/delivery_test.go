package eventsource

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
	"github.com/google/go-cmp/cmp"
)

// puts writes n records of different items.
func (f *fakeStreams) puts(n int) []string {
	var seqs []string
	for i := range n {
		seqs = append(seqs, f.put(0, "o", fmt.Sprint(i)))
	}
	return seqs
}

// short writes invocations as digits: record 3 is "3".
func short(all []string, got [][]string) []string {
	var out []string
	for _, batch := range got {
		var s strings.Builder
		for _, seq := range batch {
			fmt.Fprint(&s, slices.Index(all, seq))
		}
		out = append(out, s.String())
	}
	return out
}

// failing answers "Unhandled" for batches with one of the records.
func failing(bad ...string) func([]string) (string, string, error) {
	return func(seqs []string) (string, string, error) {
		for _, s := range seqs {
			if slices.Contains(bad, s) {
				return `{"errorMessage":"poison"}`, "Unhandled", nil
			}
		}
		return "", "", nil
	}
}

// reporting answers with the failed records of a batch.
func reporting(bad ...string) func([]string) (string, string, error) {
	return func(seqs []string) (string, string, error) {
		var ids []string
		for _, s := range seqs {
			if slices.Contains(bad, s) {
				ids = append(ids, s)
			}
		}
		return failures(ids...), "", nil
	}
}

func TestAFailedBatchIsTriedAgain(t *testing.T) {
	const arn = "arn:aws:sqs:us-east-1:000000000000:failed"
	for name, tt := range map[string]struct {
		change func(*StreamMapping)
		answer func(all []string) func([]string) (string, string, error)
		want   []string // invocations until all is settled
		gone   int      // reports
	}{
		"whole, as often as the mapping says": {
			func(m *StreamMapping) { m.MaximumRetryAttempts = 2 },
			func(all []string) func([]string) (string, string, error) { return failing(all[1]) },
			[]string{"0123", "0123", "0123"}, 1,
		},
		"never with 0 retries": {
			func(m *StreamMapping) { m.MaximumRetryAttempts = 0 },
			func(all []string) func([]string) (string, string, error) { return failing(all[1]) },
			[]string{"0123"}, 1,
		},
		"in halves, which do not count": {
			func(m *StreamMapping) { m.MaximumRetryAttempts, m.BisectBatchOnFunctionError = 1, true },
			func(all []string) func([]string) (string, string, error) { return failing(all[1]) },
			[]string{"0123", "01", "0", "1", "1", "23"}, 1,
		},
		"from the lowest reported record": {
			func(m *StreamMapping) { m.MaximumRetryAttempts, m.ReportBatchItemFailures = 1, true },
			func(all []string) func([]string) (string, string, error) { return reporting(all[3], all[1]) },
			[]string{"0123", "123"}, 1,
		},
		"split at the reported record": {
			func(m *StreamMapping) {
				m.MaximumRetryAttempts, m.ReportBatchItemFailures, m.BisectBatchOnFunctionError = 1, true, true
			},
			func(all []string) func([]string) (string, string, error) { return reporting(all[1]) },
			[]string{"0123", "123", "1", "1", "23"}, 1,
		},
		"whole, when failures are not reported by the mapping": {
			func(m *StreamMapping) { m.MaximumRetryAttempts = 1 },
			func(all []string) func([]string) (string, string, error) { return reporting(all[1]) },
			[]string{"0123"}, 0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, fn, d := newFake(&fakeShard{id: "a"}), &function{}, &destination{}
				all := f.puts(4)
				fn.answer = tt.answer(all)
				m := testMapping()
				m.OnFailure = arn
				tt.change(&m)
				_, stop := start(t, m, Options{Invoke: fn.invoke, Streams: f, Destination: d.send})
				defer stop()
				pass(time.Minute)
				if diff := cmp.Diff(tt.want, short(all, fn.invocations())); diff != "" {
					t.Error(diff)
				}
				if len(d.reports) != tt.gone {
					t.Errorf("reports %v, want %d", d.reports, tt.gone)
				}
			})
		})
	}
}

func TestResponsesOfPartialFailures(t *testing.T) {
	const success, whole = "0123", "0123 0123"
	for response, want := range map[string]string{
		``:                           success,
		`null`:                       success,
		`{}`:                         success,
		`[]`:                         success,
		`{"batchItemFailures":[]}`:   success,
		`{"batchItemFailures":null}`: success,
		`{"other":1}`:                success,
		`{"batchItemFailures":[{"itemIdentifier":""}]}`:                                    whole,
		`{"batchItemFailures":[{"itemIdentifier":null}]}`:                                  whole,
		`{"batchItemFailures":[{"itemIdentifier":3}]}`:                                     whole,
		`{"batchItemFailures":[{"foo":"1"}]}`:                                              whole,
		`{"batchItemFailures":[{}]}`:                                                       whole,
		`{"batchItemFailures":["a"]}`:                                                      whole,
		`{"batchItemFailures":{}}`:                                                         whole,
		`{"batchItemFailures":[{"itemIdentifier":"unknown"}]}`:                             whole,
		`{"batchItemFailures":[{"itemIdentifier":"LAST"},{"itemIdentifier":"unknown"}]}`:   whole,
		`{"batchItemFailures":[{"itemIdentifier":"LAST"},{"itemIdentifier":"LAST"}]}`:      "0123 3",
		`{"batchItemFailures":[{"itemIdentifier":"LAST","more":1},{"itemIdentifier":""}]}`: whole,
		`"ok"`:                  whole,
		`5`:                     whole,
		`{"batchItemFailures":`: whole,
	} {
		t.Run(response, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, fn := newFake(&fakeShard{id: "a"}), &function{}
				all := f.puts(4)
				answer := strings.ReplaceAll(response, "LAST", all[3])
				first := true
				fn.answer = func([]string) (string, string, error) {
					if !first {
						return "", "", nil
					}
					first = false
					return answer, "", nil
				}
				m := testMapping()
				m.ReportBatchItemFailures = true
				_, stop := start(t, m, Options{Invoke: fn.invoke, Streams: f})
				defer stop()
				pass(time.Minute)
				if got := strings.Join(short(all, fn.invocations()), " "); got != want {
					t.Errorf("invocations %s, want %s", got, want)
				}
			})
		})
	}
}

func TestRetriesBackOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, fn := newFake(&fakeShard{id: "a"}), &function{}
		all := f.puts(1)
		fn.answer = failing(all...)
		began := time.Now()
		_, stop := start(t, testMapping(), Options{Invoke: fn.invoke, Streams: f, MinBackoff: time.Second, MaxBackoff: 4 * time.Second})
		defer stop()
		pass(14 * time.Second)
		var at []int
		for _, a := range fn.at {
			at = append(at, int(a.Sub(began).Seconds()))
		}
		if diff := cmp.Diff([]int{0, 1, 3, 7, 11}, at); diff != "" {
			t.Error(diff)
		}
	})
}

func TestThrottledInvocationsAreNoAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, fn, d := newFake(&fakeShard{id: "a"}), &function{}, &destination{}
		all := f.puts(1)
		refused := 0
		fn.answer = func([]string) (string, string, error) {
			if refused++; refused <= 5 {
				return "", "", errors.New("TooManyRequestsException")
			}
			return "", "Unhandled", nil
		}
		m := testMapping()
		m.MaximumRetryAttempts, m.OnFailure = 1, "arn:aws:sqs:us-east-1:000000000000:failed"
		_, stop := start(t, m, Options{Invoke: fn.invoke, Streams: f, Destination: d.send})
		defer stop()
		pass(5 * time.Minute)
		if got := len(fn.invocations()); got != 7 || len(d.reports) != 1 {
			t.Errorf("%d calls, reports %v; want 5 refused and 2 attempts of %v", got, d.reports, all)
		}
	})
}

func TestTheReportOnGivenUpRecordsHasAWSsShape(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, fn, d := newFake(&fakeShard{id: "shardId-1"}), &function{}, &destination{fail: 2}
		all := f.puts(2)
		fn.answer = failing(all[1])
		m := testMapping()
		m.MaximumRetryAttempts, m.OnFailure = 1, "arn:aws:sqs:us-east-1:000000000000:failed"
		_, stop := start(t, m, Options{Invoke: fn.invoke, Streams: f, Destination: d.send})
		defer stop()
		pass(time.Minute)
		if len(d.reports) != 1 {
			t.Fatalf("reports %v", d.reports)
		}
		id, rest, _ := strings.Cut(strings.TrimPrefix(d.reports[0], `{"requestContext":{"requestId":"`), `"`)
		if len(id) != 36 {
			t.Errorf("request id %q", id)
		}
		want := `,"functionArn":"arn:aws:lambda:us-east-1:000000000000:function:publish","condition":"RetryAttemptsExhausted","approximateInvokeCount":2},` +
			`"responseContext":{"statusCode":200,"executedVersion":"$LATEST","functionError":"Unhandled"},"version":"1.0","timestamp":"2000-01-01T00:00:00.250Z",` +
			`"DDBStreamBatchInfo":{"shardId":"shardId-1","startSequenceNumber":"` + all[0] + `","endSequenceNumber":"` + all[1] + `",` +
			`"approximateArrivalOfFirstRecord":"2000-01-01T00:00:00Z","approximateArrivalOfLastRecord":"2000-01-01T00:00:00Z","batchSize":2,"streamArn":"` + testStream + `"}}`
		if diff := cmp.Diff(want, rest); diff != "" {
			t.Error(diff)
		}
	})
}

func TestADestinationThatIsDownDoesNotBlockTheShard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, fn, d := newFake(&fakeShard{id: "a"}), &function{}, &destination{fail: 1000}
		bad := f.put(0, "o", "1")
		fn.answer = failing(bad)
		m := testMapping()
		m.MaximumRetryAttempts, m.OnFailure, m.BatchSize = 0, "arn:aws:sqs:us-east-1:000000000000:failed", 1
		_, stop := start(t, m, Options{Invoke: fn.invoke, Streams: f, Destination: d.send})
		defer stop()
		good := f.put(0, "o", "2")
		pass(time.Minute)
		if diff := cmp.Diff([][]string{{bad}, {good}}, fn.invocations()); diff != "" || d.fail != 995 {
			t.Errorf("%s after %d attempts", diff, 1000-d.fail)
		}
	})
}

func TestRecordsThatAreTooOldAreGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, fn, d := newFake(&fakeShard{id: "a"}), &function{}, &destination{}
		old := f.put(0, "o", "0")
		pass(time.Minute)
		failed := f.put(0, "o", "1")
		unknown := f.putRecord(0, types.Record{Dynamodb: &types.StreamRecord{ApproximateCreationDateTime: aws.Time(time.Time{})}})
		fn.answer = failing(failed)
		m := testMapping()
		m.MaximumRecordAge, m.OnFailure = 50*time.Second, "arn:aws:sqs:us-east-1:000000000000:failed"
		_, stop := start(t, m, Options{Invoke: fn.invoke, Streams: f, Destination: d.send, MaxBackoff: 20 * time.Second})
		defer stop()
		pass(2 * time.Minute)
		if len(d.reports) != 2 || !strings.Contains(d.reports[0], `"RecordAgeExceeded","approximateInvokeCount":0},"version"`) || !strings.Contains(d.reports[0], old) ||
			!strings.Contains(d.reports[1], `"RecordAgeExceeded","approximateInvokeCount":`) || !strings.Contains(d.reports[1], failed) {
			t.Errorf("reports %v", d.reports)
		}
		got := fn.invocations()
		if diff := cmp.Diff([]string{unknown}, got[len(got)-1]); diff != "" {
			t.Error(diff)
		}
	})
}

func TestABatchWaitsForItsWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, fn := newFake(&fakeShard{id: "a"}), &function{}
		m := testMapping()
		m.BatchSize, m.BatchingWindow = 3, 5*time.Second
		_, stop := start(t, m, Options{Invoke: fn.invoke, Streams: f})
		defer stop()
		all := f.puts(1)
		pass(2 * time.Second)
		all = append(all, f.puts(1)...)
		pass(2 * time.Second)
		if got := fn.invocations(); got != nil {
			t.Fatalf("%v sent within the window", got)
		}
		pass(2 * time.Second)
		all = append(all, f.puts(4)...)
		pass(time.Second)
		if diff := cmp.Diff([]string{"01", "234"}, short(all, fn.invocations())); diff != "" {
			t.Error("a full batch must not wait:", diff)
		}
		pass(5 * time.Second)
		if diff := cmp.Diff([]string{"01", "234", "5"}, short(all, fn.invocations())); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAnEventHasAtMostSixMegabytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(&fakeShard{id: "a"})
		for i := range 20 {
			f.putRecord(0, types.Record{Dynamodb: &types.StreamRecord{
				Keys:     map[string]types.AttributeValue{"id": &types.AttributeValueMemberN{Value: fmt.Sprint(i)}},
				NewImage: map[string]types.AttributeValue{"text": &types.AttributeValueMemberS{Value: strings.Repeat("<", 390<<10)}},
			}})
		}
		records := 0
		var sizes []int
		invoke := func(_ context.Context, _ string, event []byte) ([]byte, string, error) {
			records += bytes.Count(event, []byte(`"eventID"`))
			sizes = append(sizes, len(event))
			return nil, "", nil
		}
		m := testMapping()
		m.BatchSize, m.BatchingWindow = 1000, time.Second
		_, stop := start(t, m, Options{Streams: f, Invoke: invoke})
		defer stop()
		pass(time.Minute)
		if records != 20 || len(sizes) != 2 || slices.Max(sizes) > maxEventBytes {
			t.Errorf("%d records in events of %v bytes, want 20 in 2", records, sizes)
		}
	})
}

func TestFilteredRecordsCostNoInvocationAndAreDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, fn := newFake(&fakeShard{id: "a"}, &fakeShard{id: "b", parent: "a"}), &function{}
		f.put(0, "skip", "1")
		first := f.put(0, "want", "1")
		f.put(0, "skip", "2")
		f.do(func() { f.shards[0].closed = true })
		second := f.put(1, "also", "1")
		m := testMapping()
		m.Filters = []string{
			`{"dynamodb":{"Keys":{"owner":{"S":["want"]}}}}`,
			`{"eventName":["INSERT"],"dynamodb":{"Keys":{"owner":{"S":[{"prefix":"al"}]}}}}`,
		}
		_, stop := start(t, m, Options{Invoke: fn.invoke, Streams: f})
		defer stop()
		pass(10 * time.Second)
		if diff := cmp.Diff([][]string{{first}, {second}}, fn.invocations()); diff != "" {
			t.Error(diff)
		}
	})
}
