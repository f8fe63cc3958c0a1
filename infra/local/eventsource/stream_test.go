package eventsource

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func testMapping() StreamMapping {
	return StreamMapping{
		Function: "publish", StreamArn: testStream, BatchSize: 100,
		StartingPosition: "TRIM_HORIZON", MaximumRetryAttempts: -1,
	}
}

// start runs a poller until the returned function is called.
func start(t *testing.T, m StreamMapping, o Options) (p *StreamPoller, stop func()) {
	t.Helper()
	p, err := NewStream(m, o)
	if err != nil {
		t.Fatal(err)
	}
	return p, run(t, p.Run)
}

func run(t *testing.T, runner func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- runner(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	}
}

func TestRecordsArriveInOrderWithinOnePoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, fn := newFake(&fakeShard{id: "a"}), &function{}
		s1, s2 := f.put(0, "o", "1"), f.put(0, "o", "2")
		_, stop := start(t, testMapping(), Options{Invoke: fn.invoke, Streams: f})
		defer stop()
		synctest.Wait()
		s3 := f.put(0, "o", "3")
		pass(250 * time.Millisecond)
		synctest.Wait()
		if diff := cmp.Diff([][]string{{s1, s2}, {s3}}, fn.invocations()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAWakeUpReadsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, fn, wake := newFake(&fakeShard{id: "a"}), &function{}, make(chan struct{})
		_, stop := start(t, testMapping(), Options{Invoke: fn.invoke, Streams: f, Wake: wake, Poll: time.Hour})
		defer stop()
		synctest.Wait()
		s1 := f.put(0, "o", "1")
		wake <- struct{}{}
		synctest.Wait()
		if diff := cmp.Diff([][]string{{s1}}, fn.invocations()); diff != "" {
			t.Error(diff)
		}
		close(wake)
		synctest.Wait()
	})
}

func TestAFullPageIsFollowedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, fn := newFake(&fakeShard{id: "a"}), &function{}
		for range 2500 {
			f.put(0, "o", "1")
		}
		m := testMapping()
		m.BatchSize = 10_000
		_, stop := start(t, m, Options{Invoke: fn.invoke, Streams: f, Poll: time.Hour})
		defer stop()
		synctest.Wait()
		n := 0
		for _, batch := range fn.invocations() {
			n += len(batch)
		}
		if n != 2500 || f.count("GetRecords") != 3 {
			t.Errorf("%d records after %d polls without a pause, want 2500 after 3", n, f.count("GetRecords"))
		}
	})
}

func TestAChildShardWaitsForItsParent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, fn := newFake(&fakeShard{id: "child", parent: "parent"}, &fakeShard{id: "parent", parent: "long gone"}), &function{}
		f.pageSize = 1
		parent, child := f.put(1, "o", "1"), f.put(0, "o", "1")
		var block atomic.Bool
		block.Store(true)
		fn.answer = func([]string) (string, string, error) {
			if block.Load() {
				return "", "Unhandled", nil
			}
			return "", "", nil
		}
		_, stop := start(t, testMapping(), Options{Invoke: fn.invoke, Streams: f})
		defer stop()
		f.do(func() { f.shards[1].closed = true })
		pass(time.Minute)
		for _, batch := range fn.invocations() {
			if batch[0] == child {
				t.Fatal("the child was read while a record of its parent was failing")
			}
		}
		block.Store(false)
		fn.forget()
		pass(time.Minute)
		if diff := cmp.Diff([][]string{{parent}, {child}}, fn.invocations()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAShardThatAppearsLaterIsReadFromItsStart(t *testing.T) {
	for _, position := range []string{"TRIM_HORIZON", "LATEST"} {
		t.Run(position, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, fn := newFake(&fakeShard{id: "a"}), &function{}
				old := f.put(0, "o", "0")
				m := testMapping()
				m.StartingPosition = position
				_, stop := start(t, m, Options{Invoke: fn.invoke, Streams: f})
				defer stop()
				synctest.Wait()
				last := f.put(0, "o", "1")
				f.do(func() {
					f.shards[0].closed = true
					f.shards = append(f.shards, &fakeShard{id: "b", parent: "a"})
				})
				first := f.put(1, "o", "2")
				pass(10 * time.Second)
				want := [][]string{{old}, {last}, {first}}
				if position == "LATEST" {
					want = want[1:]
				}
				if diff := cmp.Diff(want, fn.invocations()); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func TestLatestSkipsShardsThatAreClosedAlready(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, fn := newFake(&fakeShard{id: "a", closed: true}, &fakeShard{id: "b", parent: "a"}), &function{}
		f.put(0, "o", "0")
		m := testMapping()
		m.StartingPosition = "LATEST"
		_, stop := start(t, m, Options{Invoke: fn.invoke, Streams: f})
		defer stop()
		synctest.Wait()
		s := f.put(1, "o", "1")
		pass(time.Second)
		if diff := cmp.Diff([][]string{{s}}, fn.invocations()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAnExpiredIteratorLosesAndRepeatsNothing(t *testing.T) {
	for _, position := range []string{"TRIM_HORIZON", "LATEST"} {
		t.Run(position, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, fn := newFake(&fakeShard{id: "a"}), &function{}
				before := f.put(0, "o", "0")
				pass(2 * time.Second)
				m := testMapping()
				m.StartingPosition = position
				_, stop := start(t, m, Options{Invoke: fn.invoke, Streams: f})
				defer stop()
				synctest.Wait()
				var s1 string
				f.do(func() { f.expired = f.iterators })
				s1 = f.put(0, "o", "1")
				pass(time.Second)
				f.do(func() { f.expired = f.iterators })
				s2 := f.put(0, "o", "2")
				pass(time.Second)
				want := [][]string{{before}, {s1}, {s2}}
				if position == "LATEST" {
					want = want[1:]
				}
				if diff := cmp.Diff(want, fn.invocations()); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func TestIteratorsThatAlwaysExpireAreNotAskedForInALoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, fn := newFake(&fakeShard{id: "a"}), &function{}
		f.expired = 1 << 30
		_, stop := start(t, testMapping(), Options{Invoke: fn.invoke, Streams: f})
		defer stop()
		pass(time.Minute)
		if n := f.count("GetRecords"); n < 3 || n > 12 {
			t.Errorf("%d polls in a minute, want a few", n)
		}
	})
}

func TestAnEndpointThatIsDownLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, fn := newFake(&fakeShard{id: "a"}), &function{}
		f.down = errors.New("connection refused")
		_, stop := start(t, testMapping(), Options{Invoke: fn.invoke, Streams: f, MaxBackoff: 4 * time.Second})
		defer stop()
		pass(time.Minute)
		if n := f.count("DescribeStream"); n > 30 {
			t.Errorf("%d attempts in a minute: there is no backoff", n)
		}
		s1 := f.put(0, "o", "1")
		f.do(func() { f.down = nil })
		pass(5 * time.Second)
		f.do(func() { f.down = errors.New("connection refused") })
		s2 := f.put(0, "o", "2")
		pass(time.Minute)
		f.do(func() { f.down = nil })
		pass(5 * time.Second)
		if diff := cmp.Diff([][]string{{s1}, {s2}}, fn.invocations()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestTrimmedRecordsAreSkipped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, fn := newFake(&fakeShard{id: "a"}), &function{}
		s1 := f.put(0, "o", "1")
		p, stop := start(t, testMapping(), Options{Invoke: fn.invoke, Streams: f})
		synctest.Wait()
		stop()
		f.put(0, "o", "2")
		s3 := f.put(0, "o", "3")
		f.do(func() { f.shards[0].trimmed = 2 })
		stop = run(t, p.Run)
		defer stop()
		pass(5 * time.Second)
		if diff := cmp.Diff([][]string{{s1}, {s3}}, fn.invocations()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAShardThatIsGoneGivesWayToItsChild(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, fn := newFake(&fakeShard{id: "a"}), &function{}
		_, stop := start(t, testMapping(), Options{Invoke: fn.invoke, Streams: f})
		defer stop()
		synctest.Wait()
		f.do(func() { f.shards = []*fakeShard{{id: "b", parent: "a"}} })
		s := f.put(0, "o", "1")
		pass(10 * time.Second)
		if diff := cmp.Diff([][]string{{s}}, fn.invocations()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestASecondRunGoesOnAfterWhatWasDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, fn := newFake(&fakeShard{id: "a"}), &function{}
		s1, s2 := f.put(0, "o", "1"), f.put(0, "o", "2")
		fn.answer = func(seqs []string) (string, string, error) {
			if seqs[0] == s2 {
				return "", "", errors.New("throttled")
			}
			return "", "", nil
		}
		m := testMapping()
		m.BatchSize = 1
		p, stop := start(t, m, Options{Invoke: fn.invoke, Streams: f})
		pass(time.Second)
		stop()
		fn.answer, fn.got = nil, nil
		stop = run(t, p.Run)
		defer stop()
		synctest.Wait()
		if diff := cmp.Diff([][]string{{s2}}, fn.invocations()); diff != "" {
			t.Errorf("%s done before was %s", diff, s1)
		}
	})
}

func TestTheReaderStaysABoundedWayAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, fn := newFake(&fakeShard{id: "a"}), &function{}
		for range 20_000 {
			f.put(0, "o", "1")
		}
		fn.answer = func([]string) (string, string, error) { return "", "Unhandled", nil }
		_, stop := start(t, testMapping(), Options{Invoke: fn.invoke, Streams: f})
		defer stop()
		pass(10 * time.Minute)
		if n := f.count("GetRecords"); n != 2 {
			t.Errorf("%d pages were read behind a record that fails, want 2", n)
		}
	})
}

func TestNewStreamNamesWhatIsWrong(t *testing.T) {
	good := Options{Invoke: (&function{}).invoke, Streams: newFake()}
	for name, tt := range map[string]struct {
		change func(*StreamMapping)
		want   string
	}{
		"no function":      {func(m *StreamMapping) { m.Function = "" }, "Function is missing"},
		"no stream":        {func(m *StreamMapping) { m.StreamArn = "" }, "StreamArn is missing"},
		"batch too large":  {func(m *StreamMapping) { m.BatchSize = 10_001 }, "BatchSize 10001"},
		"window too long":  {func(m *StreamMapping) { m.BatchingWindow = 301 * time.Second }, "BatchingWindow 5m1s"},
		"factor too large": {func(m *StreamMapping) { m.ParallelizationFactor = 11 }, "ParallelizationFactor 11"},
		"no position":      {func(m *StreamMapping) { m.StartingPosition = "" }, "TRIM_HORIZON or LATEST"},
		"position in time": {func(m *StreamMapping) { m.StartingPosition = "AT_TIMESTAMP" }, "TRIM_HORIZON or LATEST"},
		"retries":          {func(m *StreamMapping) { m.MaximumRetryAttempts = -2 }, "MaximumRetryAttempts -2"},
		"age":              {func(m *StreamMapping) { m.MaximumRecordAge = -time.Second }, "MaximumRecordAge -1s"},
		"tumbling window":  {func(m *StreamMapping) { m.TumblingWindow = time.Second }, "TumblingWindow is not supported"},
		"six filters":      {func(m *StreamMapping) { m.Filters = make([]string, 6) }, "6 filters, at most 5"},
		"bad filter":       {func(m *StreamMapping) { m.Filters = []string{`{"a":["b"]}`, `{"a":"b"}`} }, `filter 2: invalid filter pattern: "a" must be`},
		"no destination":   {func(m *StreamMapping) { m.OnFailure = "arn:aws:sqs:us-east-1:0:q" }, "OnFailure needs Options.Destination"},
		"two at once":      {func(m *StreamMapping) { m.BatchSize, m.Function = -1, "" }, "Function is missing\nBatchSize -1"},
	} {
		t.Run(name, func(t *testing.T) {
			m := testMapping()
			tt.change(&m)
			if _, err := NewStream(m, good); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q in it", err, tt.want)
			}
		})
	}
	if _, err := NewStream(testMapping(), Options{}); err == nil || !strings.Contains(err.Error(), "Invoke is missing") || !strings.Contains(err.Error(), "Streams is missing") {
		t.Errorf("error %v without Invoke and Streams", err)
	}
}

// pass lets time pass in a bubble, and then everything that it set off.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}
