package lambda

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// newModule writes a module with the function probe and what it needs, and returns its root.
func newModule(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	copyFile(t, filepath.Join(moduleRoot(), "go.mod"), filepath.Join(root, "go.mod"))
	copyFile(t, filepath.Join(moduleRoot(), "go.sum"), filepath.Join(root, "go.sum"))
	copyFile(t, filepath.Join(program("probe"), "main.go"), filepath.Join(root, "functions/probe/main.go"))
	return root
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	write(t, to, string(data))
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// syncBuffer is a bytes.Buffer for several goroutines.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// watched is a Service on a module of its own, built and under Watch.
func watched(t *testing.T, root string, log *syncBuffer) *Service {
	t.Helper()
	s, err := New(Options{Root: root, CacheDir: filepath.Join(root, ".cache"), OnRebuild: func(changed []string, _ time.Duration, err error) { fmt.Fprintln(log, changed, err) }},
		[]Function{{Name: "probe", Dir: filepath.Join(root, "functions/probe"), Timeout: 20 * time.Second}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Build(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	watcher, err := s.openWatch()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var following sync.WaitGroup
	following.Go(func() { _ = s.follow(ctx, watcher) })
	t.Cleanup(func() {
		cancel()
		following.Wait()
		watcher.Close()
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestASourceChangeSwapsTheProgramAndLosesNothing(t *testing.T) {
	root := newModule(t)
	var log syncBuffer
	s := watched(t, root, &log)
	if got := call(t, s, order{Do: "echo"}).Version; got != "one" {
		t.Fatalf("version %s", got)
	}
	results := busy(t, s, 2)

	source := filepath.Join(root, "functions/probe/main.go")
	text, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	write(t, source, strings.Replace(string(text), `version = "one"`, `version = "two"`, 1))
	eventually(t, "the new program answers", func() bool { return call(t, s, order{Do: "echo"}).Version == "two" })
	for _, old := range results() {
		if old.Version != "one" {
			t.Errorf("an invocation under way finished on version %s", old.Version)
		}
		eventually(t, "the old instance ends", func() bool { return !alive(old.PID) })
	}

	eventually(t, "the change is reported", func() bool { return strings.Contains(log.String(), "[probe] <nil>") })

	write(t, filepath.Join(root, "functions/probe/new/broken.go"), "package broken\n")
	write(t, filepath.Join(root, "functions/probe/more.go"), "package main\n\nvar _ = undefined\n")
	eventually(t, "the error is reported", func() bool { return strings.Contains(log.String(), "more.go:3:9: undefined: undefined") })
	if got := call(t, s, order{Do: "echo"}).Version; got != "two" {
		t.Errorf("version %s after a change that does not build", got)
	}
	if !strings.Contains(log.String(), "does not build: probe") {
		t.Errorf("the error does not name the function: %s", log.String())
	}
}

func TestAFolderWithoutSourceIsTheFaultOfItsFunctionAlone(t *testing.T) {
	s, err := New(Options{Root: moduleRoot(), CacheDir: cache}, []Function{
		{Name: "a", Dir: program("probe")}, {Name: "lost", Dir: filepath.Join(t.TempDir(), "nowhere")}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	var wrong *BuildError
	if err := s.Build(t.Context(), nil); !errors.As(err, &wrong) || !slices.Equal(wrong.Functions, []string{"lost"}) {
		t.Errorf("%v", err)
	}
}

func TestABuildThatChangesNothingKeepsThePrograms(t *testing.T) {
	s, err := New(Options{Root: moduleRoot(), CacheDir: cache}, []Function{
		{Name: "a", Dir: program("probe")}, {Name: "b", Dir: program("probe")}, {Name: "c", Dir: program("pieces")},
		{Name: "outside", Dir: program("nostart")}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	var progress collector[string]
	report := func(name string, done, total int, took time.Duration) {
		if total != 4 || done != len(progress.all())+1 || took <= 0 {
			t.Errorf("%s: %d of %d in %v", name, done, total, took)
		}
		progress.add(name)
	}
	if err := s.Build(t.Context(), report); err != nil {
		t.Fatal(err)
	}
	if got := slices.Sorted(slices.Values(progress.all())); !slices.Equal(got, []string{"a", "b", "c", "outside"}) {
		t.Errorf("progress on %v", got)
	}
	before := s.programs()
	if err := s.Build(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	for name, program := range s.programs() {
		if program != before[name] {
			t.Errorf("%s changed from %s to %s", name, before[name], program)
		}
	}
}

func TestABuildErrorNamesTheFunction(t *testing.T) {
	targets := []*target{
		{dir: "/m/functions/connect", functions: []string{"Connect"}},
		{dir: "/m/functions/connected", functions: []string{"Connected", "Again"}},
	}
	tests := []struct {
		name, output string
		want         []string
	}{
		{"a package that does not compile", "# m/functions/connect\nfunctions/connect/main.go:3:1: syntax error", []string{"Connect"}},
		{"a file with a wrong import", "functions/connected/main.go:4:2: package nope is not in std", []string{"Again", "Connected"}},
		{"two of them", "# m/functions/connect\nx\n# m/functions/connected\ny", []string{"Again", "Connect", "Connected"}},
		{"a shared package", "# m/functions/internal/stream\nfunctions/internal/stream/x.go:1:1: oh", []string{"Again", "Connect", "Connected"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := newBuildError("/m", test.output+"\n", targets)
			if !slices.Equal(err.Functions, test.want) || !strings.Contains(err.Error(), test.output) {
				t.Errorf("%v: %v", err.Functions, err)
			}
		})
	}
}

func TestFoldersOfOneNameAreBuiltApart(t *testing.T) {
	groups := batches([]*target{{dir: "/m/a/api"}, {dir: "/m/b/api"}, {dir: "/m/a/sse"}}, "/cache/bin")
	if len(groups) != 2 || len(groups["/cache/bin/0"]) != 2 || groups["/cache/bin/1"][0].dir != "/m/b/api" {
		t.Errorf("%v", groups)
	}
}

func TestABuildCanBeCancelled(t *testing.T) {
	s, err := New(Options{Root: moduleRoot(), CacheDir: t.TempDir()}, []Function{probe()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Build(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestAFunctionWithoutSourceDoesNotBuild(t *testing.T) {
	root := newModule(t)
	s, err := New(Options{Root: root, CacheDir: filepath.Join(root, ".cache")},
		[]Function{{Name: "gone", Dir: filepath.Join(root, "functions/gone")}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	var failed *BuildError
	if err := s.Build(t.Context(), nil); !errors.As(err, &failed) || !slices.Equal(failed.Functions, []string{"gone"}) {
		t.Error(err)
	}
}
