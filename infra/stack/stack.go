// Package stack starts infra/local as a process of its own and follows what it says, for tests
// and benchmarks that look at the whole from outside, as a client, an application and an
// operator do. The process has free ports, its own memory and nothing left of an earlier run.
//
// Its tests are those of the whole: the real template, the real functions, real sockets.
package stack

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"sync"
	"syscall"
	"time"
)

// Stack is a running infra/local. Its methods may be called by many goroutines at once.
type Stack struct {
	// Edge, DynamoDB, WebSocket and Callback are its URLs: the edge, the DynamoDB API, API
	// Gateway's stage, and the stage's @connections without that last part. API is where the
	// Lambda and SQS APIs answer.
	Edge, DynamoDB, WebSocket, Callback, API string

	cmd   *exec.Cmd
	built *Program // to be removed with the stack; nil if others use it
	ended chan struct{}

	mu    sync.Mutex
	seen  []Invocation
	lines []Line
}

// Start builds infra/local of the module in root and starts it on free ports with these flags
// added. It returns when everything answers.
func Start(ctx context.Context, root string, flags ...string) (*Stack, error) {
	p, err := Build(ctx, root)
	if err != nil {
		return nil, err
	}
	return p.StartOnce(ctx, flags...)
}

// StartOnce is Start of a program that is removed when the stack stops, or does not start.
func (p *Program) StartOnce(ctx context.Context, flags ...string) (*Stack, error) {
	s, err := p.Start(ctx, flags...)
	if err != nil {
		p.Remove()
		return nil, err
	}
	s.built = p
	return s, nil
}

// Start starts the program on free ports with these flags added. It returns when everything
// answers; what it writes to standard error goes to this process's.
func (p *Program) Start(ctx context.Context, flags ...string) (*Stack, error) {
	args := append([]string{"--listen", "127.0.0.1:0", "--api", "127.0.0.1:0", "--dynamodb-listen", "127.0.0.1:0", "--log", "json"}, flags...)
	s := &Stack{cmd: p.Command(context.WithoutCancel(ctx), args...), ended: make(chan struct{})}
	s.cmd.Stderr = os.Stderr
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	ready := make(chan struct{})
	go s.read(out, ready)
	select {
	case <-ready:
		return s, nil
	case <-s.ended:
		return nil, errors.Join(errors.New("infra/local ended before it was ready"), s.Stop())
	case <-ctx.Done():
		s.Stop()
		return nil, ctx.Err()
	}
}

// read follows its log to the end.
func (s *Stack) read(out io.Reader, ready chan struct{}) {
	defer close(s.ended)
	lines := bufio.NewReader(out)
	for {
		text, err := lines.ReadBytes('\n')
		if s.take(text) {
			close(ready)
		}
		if err != nil {
			return
		}
	}
}

// Invocations are those that have ended so far, in order.
func (s *Stack) Invocations() []Invocation {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen)
}

// Lines are what the functions have written so far, in order.
func (s *Stack) Lines() []Line {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.lines)
}

// Counts is how often each function has run.
func (s *Stack) Counts() map[string]int {
	counts := map[string]int{}
	for _, i := range s.Invocations() {
		counts[i.Function]++
	}
	return counts
}

// Stop ends it as Ctrl-C does, and waits. The error says that it did not end by itself, or not
// with status 0.
func (s *Stack) Stop() error {
	s.cmd.Process.Signal(os.Interrupt)
	var err error
	select {
	case <-s.ended:
	case <-time.After(30 * time.Second):
		err = errors.New("infra/local did not end and was killed")
		s.cmd.Process.Signal(syscall.SIGKILL)
	}
	if ended := s.cmd.Wait(); ended != nil {
		err = errors.Join(err, fmt.Errorf("infra/local: %w", ended))
	}
	if s.built != nil {
		s.built.Remove()
	}
	return err
}
