package lambda

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// alive reports whether a process runs. One that has ended but was not collected does not.
func alive(pid int) bool {
	if runtime.GOOS != "linux" {
		return processExists(pid)
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	_, state, _ := bytes.Cut(stat, []byte(") "))
	return len(state) > 0 && state[0] != 'Z' && state[0] != 'X'
}

func TestCloseLeavesNoProcessBehind(t *testing.T) {
	s := start(t, Options{Concurrency: 3}, probe(), probe(func(f *Function) {
		f.Name, f.Env = "stubborn", map[string]string{"IGNORE_SIGTERM": "1"}
	}))
	results := busy(t, s, 3)
	replies := results()
	r, err := s.Invoke(t.Context(), "stubborn", order{Do: "child"}.json())
	if err != nil {
		t.Fatal(err)
	}
	stubborn := parse(t, r)
	child, err := strconv.Atoi(stubborn.Text)
	if err != nil || !alive(child) {
		t.Fatalf("%q, %v", stubborn.Text, err)
	}
	running := t.TempDir() + "/running"
	hung := invoke(s, order{Do: "hang", Create: running})
	eventually(t, "an invocation is under way", func() bool { return exists(running) })
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-hung
	for _, pid := range []int{replies[0].PID, replies[1].PID, replies[2].PID, stubborn.PID} {
		if alive(pid) {
			t.Errorf("process %d is left", pid)
		}
	}
	eventually(t, "what the function had started ends", func() bool { return !alive(child) })
	if exists(s.runDir) {
		t.Error("the programs of this run are left")
	}
}

func TestCloseKillsWhenItsTimeIsUp(t *testing.T) {
	s := start(t, Options{}, probe(func(f *Function) { f.Env = map[string]string{"IGNORE_SIGTERM": "1"} }))
	pid := call(t, s, order{Do: "echo"}).PID
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Close(ctx); err != nil || alive(pid) {
		t.Errorf("%v; alive: %v", err, alive(pid))
	}
}

// runnerVariable makes the test binary a runner with one warm function, to be killed.
const runnerVariable = "LAMBDA_TEST_RUNNER_CACHE"

func runRunner(cacheDir string) {
	s, err := New(Options{Root: moduleRoot(), CacheDir: cacheDir}, []Function{probe()})
	if err != nil {
		panic(err)
	}
	targets := s.targets()
	batches(targets, filepath.Join(cacheDir, "bin"))
	if err := s.install(targets[0]); err != nil {
		panic(err)
	}
	r, err := s.Invoke(context.Background(), "probe", order{Do: "echo"}.json())
	if err != nil {
		panic(err)
	}
	fmt.Println(string(r.Payload))
	// One more is under way: its process has nothing that would make it end by itself.
	_, _ = s.Invoke(context.Background(), "probe", order{Do: "hang"}.json())
}

func TestAKilledRunnerLeavesNoProcessBehind(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux can kill the functions of a runner that was killed")
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), runnerVariable+"="+cache)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var got reply
	if err := json.NewDecoder(bufio.NewReader(out)).Decode(&got); err != nil || !alive(got.PID) {
		t.Errorf("%+v, %v", got, err)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	eventually(t, "the function ends", func() bool { return !alive(got.PID) })

	s := start(t, Options{}, probe())
	left, err := filepath.Glob(filepath.Join(cache, "run", strconv.Itoa(cmd.Process.Pid)+"-*"))
	if err != nil || len(left) != 0 || !strings.HasPrefix(s.runDir, filepath.Join(cache, "run")) {
		t.Errorf("programs of the killed runner are left: %v, %v", left, err)
	}
}

func TestAProgramThatCannotBeStartedIsAnswered(t *testing.T) {
	s := start(t, Options{}, probe())
	p := s.pools["probe"]
	if err := os.WriteFile(filepath.Join(s.runDir, "bootstrap"), []byte("no program"), 0o755); err != nil {
		t.Fatal(err)
	}
	p.swap(filepath.Join(s.runDir, "bootstrap"))
	r, err := s.Invoke(t.Context(), "probe", nil)
	if err != nil || decodeError(r.Payload).Type != "Runtime.InvalidEntrypoint" {
		t.Errorf("%s, %v", r.Payload, err)
	}
}

func TestADeadProcessIsReplaced(t *testing.T) {
	s := start(t, Options{}, probe())
	first := call(t, s, order{Do: "echo"}).PID
	process, err := os.FindProcess(first)
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = process.Release()
	r, err := s.Invoke(t.Context(), "probe", order{Do: "echo"}.json())
	if err != nil {
		t.Fatal(err)
	}
	if r.FunctionError == "" && parse(t, r).PID == first {
		t.Error("a process that was killed answered")
	}
	eventually(t, "a new one answers", func() bool { return call(t, s, order{Do: "echo"}).PID != first })
}

func TestAnInitMayTakeItsTime(t *testing.T) {
	gate := t.TempDir() + "/gate"
	s := start(t, Options{}, probe(func(f *Function) { f.Env = map[string]string{"INIT_AWAITS": gate}; f.Timeout = 5 * time.Second }))
	result := invoke(s, order{Do: "echo"})
	p := s.pools["probe"]
	eventually(t, "the process starts", func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.starting == 1
	})
	touch(t, gate)
	if r := <-result; r.FunctionError != "" || parse(t, r).Remaining < 4*time.Second {
		t.Errorf("%s %s", r.Payload, r.FunctionError)
	}
}
