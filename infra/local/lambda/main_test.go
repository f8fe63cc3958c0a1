package lambda

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// cache holds the programs of testdata, which TestMain builds once.
var cache string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	if cacheDir := os.Getenv(runnerVariable); cacheDir != "" {
		runRunner(cacheDir)
		return 0
	}
	dir, err := os.MkdirTemp("", "lambda-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	cache = dir
	if err := buildPrograms(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if err := goleak.Find(); code == 0 && err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

func buildPrograms() error {
	s, err := New(Options{Root: moduleRoot(), CacheDir: cache}, []Function{
		{Name: "probe", Dir: program("probe")},
		{Name: "pieces", Dir: program("pieces")},
		{Name: "nostart", Dir: program("nostart")},
	})
	if err != nil {
		return err
	}
	defer s.Close(context.Background())
	return s.Build(context.Background(), nil)
}

func moduleRoot() string {
	root, err := filepath.Abs("../../..")
	if err != nil {
		panic(err)
	}
	return root
}

func program(name string) string {
	return filepath.Join(moduleRoot(), "infra/local/lambda/testdata", name)
}

// start returns a Service with the programs that TestMain has built.
func start(t *testing.T, opts Options, functions ...Function) *Service {
	t.Helper()
	opts.Root, opts.CacheDir = moduleRoot(), cache
	s, err := New(opts, functions)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	targets := s.targets()
	batches(targets, filepath.Join(cache, "bin"))
	for _, target := range targets {
		if err := s.install(target); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// probe is a function that runs testdata/probe.
func probe(change ...func(*Function)) Function {
	f := Function{Name: "probe", Dir: program("probe"), Timeout: 20 * time.Second}
	for _, c := range change {
		c(&f)
	}
	return f
}

// order is an event of testdata/probe.
type order struct {
	Do     string `json:"do"`
	Text   string `json:"text,omitempty"`
	Size   int    `json:"size,omitempty"`
	File   string `json:"file,omitempty"`
	Create string `json:"create,omitempty"`
}

// reply is what testdata/probe answers.
type reply struct {
	Text      string            `json:"text"`
	PID       int               `json:"pid"`
	RequestID string            `json:"requestId"`
	ARN       string            `json:"arn"`
	Remaining time.Duration     `json:"remaining"`
	Env       map[string]string `json:"env"`
	Version   string            `json:"version"`
}

func (o order) json() []byte {
	b, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	return b
}

// call invokes probe and fails the test unless it answers well.
func call(t *testing.T, s *Service, o order) reply {
	t.Helper()
	r, err := s.Invoke(t.Context(), "probe", o.json())
	if err != nil || r.FunctionError != "" {
		t.Fatalf("Invoke(%+v) = %s, %q, %v", o, r.Payload, r.FunctionError, err)
	}
	return parse(t, r)
}

func parse(t *testing.T, r Result) reply {
	t.Helper()
	var got reply
	if err := json.Unmarshal(r.Payload, &got); err != nil {
		t.Fatalf("%s: %v", r.Payload, err)
	}
	return got
}

// eventually polls until the condition holds.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatalf("never happened: %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

func touch(t *testing.T, file string) {
	t.Helper()
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

// collector keeps what callbacks report.
type collector[T any] struct {
	mu    sync.Mutex
	items []T
}

func (c *collector[T]) add(item T) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.items = append(c.items, item)
}

func (c *collector[T]) all() []T {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]T(nil), c.items...)
}
