package stack_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"edgestream/infra/stack"
)

// patience is how long anything that must happen may take, on a machine with much else to do.
const patience = 90 * time.Second

func TestMain(m *testing.M) { os.Exit(run(m)) }

// run ends what the tests share, and fails if that does not end well.
func run(m *testing.M) int {
	code := m.Run()
	for _, end := range endings {
		if err := end(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	if err := goleak.Find(); code == 0 && err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// endings take down what the tests share.
var endings []func() error

// program is infra/local, built when a test first needs it.
var program = sync.OnceValues(func() (*stack.Program, error) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	p, err := stack.Build(ctx, root)
	if err == nil {
		endings = append(endings, func() error { p.Remove(); return nil })
	}
	return p, err
})

// shared is a stack with the template and the flags as they are, but for a quick stream.
var shared = sync.OnceValues(func() (*world, error) {
	p, err := program()
	if err != nil {
		return nil, err
	}
	w, err := start(p, "--stream-poll", "25ms", "--idle-timeout", "30m")
	if err == nil {
		endings = append([]func() error{w.end}, endings...)
	}
	return w, err
})

// theStack is the shared stack. Tests that use it have accounts, lists and tags of their own.
func theStack(t *testing.T) *world {
	t.Helper()
	w, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// newStack is a stack of the test's own.
func newStack(t *testing.T, flags ...string) *world {
	t.Helper()
	p, err := program()
	if err != nil {
		t.Fatal(err)
	}
	w, err := start(p, flags...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.end(); err != nil {
			t.Error(err)
		}
	})
	return w
}
