package lambda

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// Errors of the Service itself, as opposed to those of a function (see Result.FunctionError).
var (
	// ErrNotFound: no function has this name.
	ErrNotFound = errors.New("function not found")
	// ErrThrottled: the function's reserved concurrency is in use.
	ErrThrottled = errors.New("reserved concurrency exceeded")
	// ErrNotBuilt: Build has not succeeded for this function yet.
	ErrNotBuilt = errors.New("function is not built")
	// ErrClosed: the Service is closed.
	ErrClosed = errors.New("lambda service is closed")
)

// Service runs a set of functions. It is safe for concurrent use.
type Service struct {
	opts    Options
	pools   map[string]*pool
	runDir  string
	builds  sync.Mutex // one build at a time
	spawner *spawner
	api     http.Handler

	life   context.Context // ends with Close
	cancel context.CancelFunc
	closed sync.Once

	admission sync.Mutex     // no asynchronous event begins after Close
	events    sync.WaitGroup // asynchronous events under way
	ran       sync.WaitGroup // processes and their reapers
}

// New checks the functions and prepares CacheDir. No process is started before an invocation.
func New(opts Options, functions []Function) (*Service, error) {
	opts = opts.withDefaults()
	runDir, err := makeRunDir(opts.CacheDir)
	if err != nil {
		return nil, err
	}
	s := &Service{opts: opts, pools: map[string]*pool{}, runDir: runDir, spawner: newSpawner()}
	s.api = s.newAPI()
	s.life, s.cancel = context.WithCancel(context.Background())
	for _, f := range functions {
		if err := s.add(f.withDefaults()); err != nil {
			_ = s.Close(context.Background())
			return nil, err
		}
	}
	return s, nil
}

func (s *Service) add(f Function) error {
	if f.Name == "" || s.pools[f.Name] != nil {
		return fmt.Errorf("function name %q is empty or used twice", f.Name)
	}
	p := newPool(s, f)
	s.pools[f.Name] = p
	if !s.opts.External[f.Name] {
		return nil
	}
	return p.openExternal()
}

// ARN returns the ARN of a function of this name, whether it exists or not.
func (s *Service) ARN(name string) string {
	return "arn:aws:lambda:" + s.opts.Region + ":" + s.opts.AccountID + ":function:" + name
}

// ExternalEnv returns the environment ("KEY=value") that a person gives to the function of this
// name when starting it in a debugger. It is nil unless Options.External names the function.
func (s *Service) ExternalEnv(name string) []string {
	p := s.pools[name]
	if p == nil || p.external == nil {
		return nil
	}
	return p.external.environment(p.fn.Dir)
}

func (s *Service) pool(name string) (*pool, error) {
	p := s.pools[name]
	if p == nil {
		return nil, fmt.Errorf("%w: %s", ErrNotFound, s.ARN(name))
	}
	return p, nil
}

func (s *Service) names() []string { return slices.Sorted(maps.Keys(s.pools)) }

// Close stops every instance, first with SIGTERM and after half a second, or when ctx ends, with
// SIGKILL, and returns when no process is left. Invocations under way are answered with
// Runtime.ExitError, waiting ones with ErrClosed; asynchronous events that wait are dropped.
func (s *Service) Close(ctx context.Context) error {
	s.closed.Do(func() { s.shutdown(ctx) })
	return nil
}

func (s *Service) shutdown(ctx context.Context) {
	s.admission.Lock()
	s.cancel()
	s.admission.Unlock()
	for _, p := range s.pools {
		p.close()
	}
	stopKilling := context.AfterFunc(ctx, s.killAll)
	s.ran.Wait()
	stopKilling()
	s.events.Wait()
	s.spawner.close()
	if err := os.RemoveAll(s.runDir); err != nil {
		s.opts.Logger.Warn("removing the programs of this run", "dir", s.runDir, "error", err)
	}
}

func (s *Service) killAll() {
	for _, p := range s.pools {
		p.kill()
	}
}

// makeRunDir creates the folder for the programs of this run, and removes those of runs that
// were killed before they could do it.
func makeRunDir(cacheDir string) (string, error) {
	parent := filepath.Join(cacheDir, "run")
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return "", fmt.Errorf("creating the cache folder: %w", err)
	}
	removeStaleRuns(parent)
	return os.MkdirTemp(parent, fmt.Sprintf("%d-", os.Getpid()))
}

func removeStaleRuns(parent string) {
	entries, _ := os.ReadDir(parent) // an unreadable folder shows in MkdirTemp
	for _, e := range entries {
		var pid int
		if _, err := fmt.Sscanf(e.Name(), "%d-", &pid); err == nil && !processExists(pid) {
			_ = os.RemoveAll(filepath.Join(parent, e.Name()))
		}
	}
}
