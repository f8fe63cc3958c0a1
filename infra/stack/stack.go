// Package stack starts infra/local as a process of its own and follows what it says, for tests
// and benchmarks that look at the whole from outside, as a client, an application and an
// operator do. The process has free ports, its own memory and nothing left of an earlier run.
//
// Its tests are those of the whole: the real template, the real functions, real sockets.
package stack

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Stack is a running infra/local.
type Stack struct {
	// Edge, DynamoDB, WebSocket and Callback are its URLs: the edge, the DynamoDB API, API
	// Gateway's stage, and the stage's @connections without that last part.
	Edge, DynamoDB, WebSocket, Callback string

	cmd   *exec.Cmd
	dir   string
	ended chan struct{}

	mu   sync.Mutex
	seen []Invocation
}

// Invocation is one line of its log: a function ran.
type Invocation struct {
	// Function is its logical id; Route and Connection are empty for events that have none.
	Function, Route, Connection string
	// Records is how many records a stream's or queue's event had.
	Records int
	// Request is the request id.
	Request string
	// Result is "ok", a status such as "200", or what went wrong.
	Result string
}

// Start builds infra/local of the module in root and starts it on free ports with these flags
// added. It returns when everything answers.
func Start(ctx context.Context, root string, flags ...string) (*Stack, error) {
	dir, err := os.MkdirTemp("", "edgestream-")
	if err != nil {
		return nil, err
	}
	program := filepath.Join(dir, "local")
	build := exec.CommandContext(ctx, "go", "build", "-o", program, "./infra/local")
	build.Dir = root
	if printed, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building infra/local: %w\n%s", err, printed)
	}
	args := append([]string{"--listen", "127.0.0.1:0", "--api", "127.0.0.1:0", "--dynamodb-listen", "127.0.0.1:0", "--log", "json"}, flags...)
	s := &Stack{cmd: exec.Command(program, args...), ended: make(chan struct{}), dir: dir}
	s.cmd.Dir = root
	s.cmd.Stderr = os.Stderr
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	ready := make(chan struct{})
	go s.read(bufio.NewScanner(out), ready)
	select {
	case <-ready:
		return s, nil
	case <-s.ended:
		return nil, errors.New("infra/local ended before it was ready")
	case <-ctx.Done():
		s.Stop()
		return nil, ctx.Err()
	}
}

// read follows its log: the line that says it is ready, and one line per invocation.
func (s *Stack) read(lines *bufio.Scanner, ready chan struct{}) {
	defer close(s.ended)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line struct {
			Ready                               bool
			Edge, DynamoDB, WebSocket, Callback string
			Invocation
		}
		if json.Unmarshal(lines.Bytes(), &line) != nil {
			continue
		}
		if line.Ready {
			s.Edge, s.DynamoDB, s.WebSocket, s.Callback = line.Edge, line.DynamoDB, line.WebSocket, line.Callback
			close(ready)
		}
		if line.Function != "" && line.Result != "" {
			s.mu.Lock()
			s.seen = append(s.seen, line.Invocation)
			s.mu.Unlock()
		}
	}
}

// Invocations are those that have ended so far, in order.
func (s *Stack) Invocations() []Invocation {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen)
}

// Counts is how often each function has run.
func (s *Stack) Counts() map[string]int {
	counts := map[string]int{}
	for _, i := range s.Invocations() {
		counts[i.Function]++
	}
	return counts
}

// Stop ends it as Ctrl-C does, and waits.
func (s *Stack) Stop() {
	s.cmd.Process.Signal(os.Interrupt)
	select {
	case <-s.ended:
	case <-time.After(10 * time.Second):
		s.cmd.Process.Signal(syscall.SIGKILL)
	}
	s.cmd.Wait()
	os.RemoveAll(s.dir)
}

// Memory is the resident megabytes of the runner and of the functions that it started (Linux).
func (s *Stack) Memory() (runner, functions float64) {
	runner = resident(s.cmd.Process.Pid)
	for _, pid := range children(s.cmd.Process.Pid) {
		functions += resident(pid)
	}
	return runner, functions
}

func resident(pid int) float64 {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(status)) {
		var kb float64
		if n, _ := fmt.Sscanf(line, "VmRSS: %f kB", &kb); n == 1 {
			return kb / 1024
		}
	}
	return 0
}

// children are the processes below pid, of every generation.
func children(pid int) []int {
	var out []int
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, task := range tasks {
		list, _ := os.ReadFile(task)
		for _, field := range strings.Fields(string(list)) {
			var child int
			if n, _ := fmt.Sscan(field, &child); n == 1 {
				out = append(append(out, child), children(child)...)
			}
		}
	}
	return out
}
