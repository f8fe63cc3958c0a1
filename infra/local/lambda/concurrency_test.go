package lambda

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// busy starts n invocations that run until release is called, and returns when all n run.
func busy(t *testing.T, s *Service, n int) (results func() []reply) {
	t.Helper()
	dir := t.TempDir()
	gate := filepath.Join(dir, "gate")
	var all collector[reply]
	var running sync.WaitGroup
	for k := range n {
		created := filepath.Join(dir, fmt.Sprint(k))
		running.Go(func() {
			r, err := s.Invoke(t.Context(), "probe", order{Do: "await", File: gate, Create: created}.json())
			if err != nil || r.FunctionError != "" {
				t.Errorf("%s %v", r.Payload, err)
				return
			}
			all.add(parse(t, r))
		})
		eventually(t, "the invocation runs", func() bool { return exists(created) })
	}
	return func() []reply {
		touch(t, gate)
		running.Wait()
		return all.all()
	}
}

func pids(replies []reply) map[int]int {
	count := map[int]int{}
	for _, r := range replies {
		count[r.PID]++
	}
	return count
}

func TestInstancesGrowWithLoadAndAreReused(t *testing.T) {
	s := start(t, Options{Concurrency: 3}, probe())
	results := busy(t, s, 3)
	var queued sync.WaitGroup
	var late collector[reply]
	for range 5 {
		queued.Go(func() { late.add(call(t, s, order{Do: "echo"})) })
	}
	eventually(t, "five invocations wait", func() bool {
		p := s.pools["probe"]
		p.mu.Lock()
		defer p.mu.Unlock()
		return len(p.queue) == 5 && len(p.instances) == 3
	})
	first := pids(results())
	queued.Wait()
	if len(first) != 3 {
		t.Errorf("three invocations at once ran in the processes %v", first)
	}
	for pid := range pids(late.all()) {
		if first[pid] == 0 {
			t.Errorf("process %d was started past the limit", pid)
		}
	}
}

func TestTheInstanceUsedLastIsUsedFirst(t *testing.T) {
	s := start(t, Options{Concurrency: 2}, probe())
	busy(t, s, 2)()
	last := call(t, s, order{Do: "echo"}).PID
	for range 5 {
		if got := call(t, s, order{Do: "echo"}).PID; got != last {
			t.Fatalf("process %d, want %d again", got, last)
		}
	}
}

func TestIdleInstancesAreStopped(t *testing.T) {
	s := start(t, Options{IdleTimeout: 20 * time.Millisecond}, probe())
	first := call(t, s, order{Do: "echo"}).PID
	eventually(t, "the idle process ends", func() bool { return !processExists(first) })
	if second := call(t, s, order{Do: "echo"}).PID; second == first {
		t.Error("the process that had ended answered")
	}
}

func TestReservedConcurrencyThrottles(t *testing.T) {
	s := start(t, Options{}, probe(func(f *Function) { f.ReservedConcurrency = new(2) }),
		probe(func(f *Function) { f.Name = "switched off"; f.ReservedConcurrency = new(0) }))
	results := busy(t, s, 2)
	if _, err := s.Invoke(t.Context(), "probe", nil); !errors.Is(err, ErrThrottled) {
		t.Error(err)
	}
	if _, err := s.Invoke(t.Context(), "switched off", nil); !errors.Is(err, ErrThrottled) {
		t.Error(err)
	}
	results()
	call(t, s, order{Do: "echo"})
}

func TestEachLogLineCarriesItsRequest(t *testing.T) {
	var lines collector[LogLine]
	s := start(t, Options{Log: lines.add, Concurrency: 3}, probe())
	var running sync.WaitGroup
	for k := range 30 {
		running.Go(func() {
			text := fmt.Sprintf("number %d", k)
			r, err := s.Invoke(t.Context(), "probe", order{Do: "log", Text: text}.json())
			if err != nil {
				t.Error(err)
				return
			}
			var own []string // all there is by now: nothing arrives after the answer
			for _, line := range lines.all() {
				if line.RequestID == r.RequestID {
					own = append(own, line.Text)
				}
			}
			if got := strings.Join(own, "|"); got != "to stdout: "+text+"|to stderr: "+text {
				t.Errorf("log of %s: %s", text, got)
			}
		})
	}
	running.Wait()
	for _, line := range lines.all() {
		if line.Function != "probe" || (line.RequestID == "") != (line.Text == "probe starts") {
			t.Errorf("line = %+v", line)
		}
	}
}

func TestAFunctionMayHaveItsOwnNumberOfInstances(t *testing.T) {
	s := start(t, Options{Concurrency: 1}, probe(func(f *Function) { f.Concurrency = 2 }))
	if got := pids(busy(t, s, 2)()); len(got) != 2 {
		t.Errorf("%d instances ran, want 2 side by side", len(got))
	}
}
