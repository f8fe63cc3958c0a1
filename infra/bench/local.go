package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// local is `infra/local` running as a process of its own, so that its memory is its own.
type local struct {
	cmd *exec.Cmd
	// Edge, DynamoDB and WebSocket are its addresses.
	Edge, DynamoDB, WebSocket string

	mu          sync.Mutex
	invocations map[string]int
	ended       chan struct{}
	dir         string
}

// startLocal builds infra/local and starts it on free ports with these flags added.
func startLocal(ctx context.Context, flags ...string) (*local, error) {
	dir, err := os.MkdirTemp("", "bench-local-")
	if err != nil {
		return nil, err
	}
	program := filepath.Join(dir, "local")
	if printed, err := exec.CommandContext(ctx, "go", "build", "-o", program, "./infra/local").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building infra/local: %w\n%s", err, printed)
	}
	args := append([]string{"--listen", "127.0.0.1:0", "--api", "127.0.0.1:0", "--dynamodb-listen", "127.0.0.1:0", "--log", "json"}, flags...)
	l := &local{cmd: exec.Command(program, args...), invocations: map[string]int{}, ended: make(chan struct{}), dir: dir}
	l.cmd.Stderr = os.Stderr
	out, err := l.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := l.cmd.Start(); err != nil {
		return nil, err
	}
	ready := make(chan struct{})
	go l.read(bufio.NewScanner(out), ready)
	select {
	case <-ready:
		return l, nil
	case <-l.ended:
		return nil, errors.New("infra/local ended before it was ready")
	case <-ctx.Done():
		l.stop()
		return nil, ctx.Err()
	}
}

// read follows its log: the line that says it is ready, and one line per invocation.
func (l *local) read(lines *bufio.Scanner, ready chan struct{}) {
	defer close(l.ended)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line struct {
			Ready                     bool
			Edge, DynamoDB, WebSocket string
			Function, Result          string
		}
		if json.Unmarshal(lines.Bytes(), &line) != nil {
			continue
		}
		if line.Ready {
			l.Edge, l.DynamoDB, l.WebSocket = line.Edge, line.DynamoDB, line.WebSocket
			close(ready)
		}
		if line.Function != "" && line.Result != "" {
			l.mu.Lock()
			l.invocations[line.Function]++
			l.mu.Unlock()
		}
	}
}

// counts is how often each function has run.
func (l *local) counts() map[string]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make(map[string]int, len(l.invocations))
	for name, n := range l.invocations {
		out[name] = n
	}
	return out
}

func (l *local) stop() {
	l.cmd.Process.Signal(os.Interrupt)
	select {
	case <-l.ended:
	case <-time.After(10 * time.Second):
		l.cmd.Process.Signal(syscall.SIGKILL)
	}
	l.cmd.Wait()
	os.RemoveAll(l.dir)
}

// memory is the resident megabytes of the runner and of the functions that it started (Linux).
func (l *local) memory() (runner, functions float64) {
	runner = resident(l.cmd.Process.Pid)
	for _, pid := range children(l.cmd.Process.Pid) {
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
