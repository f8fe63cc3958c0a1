package lambda

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// target is one program to build. Functions may share it.
type target struct {
	dir       string // of the main package
	output    string // the program
	functions []string
	before    os.FileInfo // of output; nil when missing
}

// Build compiles every function that is not External and makes its program the one that new
// instances run. One go build does all of them: it shares the loading of packages and relinks
// only what has changed. progress, which may be nil, is called as each function is done, with
// the time since Build began. The error is a *BuildError when source code does not compile.
func (s *Service) Build(ctx context.Context, progress func(function string, done, total int, took time.Duration)) error {
	s.builds.Lock()
	defer s.builds.Unlock()
	targets := s.targets()
	if err := checkSources(targets); err != nil {
		return err
	}
	report := newReporter(targets, progress)
	for batch, ts := range batches(targets, filepath.Join(s.opts.CacheDir, "bin")) {
		if err := s.goBuild(ctx, batch, ts, report); err != nil {
			return err
		}
	}
	for _, t := range targets {
		if err := s.install(t); err != nil {
			return err
		}
	}
	report.finish()
	return nil
}

// targets are the programs to build, in the order of their functions' names.
func (s *Service) targets() []*target {
	byDir := map[string]*target{}
	var list []*target
	for _, name := range s.names() {
		p := s.pools[name]
		if p.external != nil {
			continue
		}
		t := byDir[p.fn.Dir]
		if t == nil {
			t = &target{dir: filepath.Clean(p.fn.Dir)}
			byDir[p.fn.Dir] = t
			list = append(list, t)
		}
		t.functions = append(t.functions, name)
	}
	return list
}

// checkSources names the function whose folder has no source: go build would name none.
func checkSources(targets []*target) error {
	for _, t := range targets {
		if files, _ := filepath.Glob(filepath.Join(t.dir, "*.go")); len(files) == 0 {
			return &BuildError{Functions: t.functions, Output: t.dir + ": there is no Go source (is CodeUri right?)"}
		}
	}
	return nil
}

// batches groups targets by output folder. go build names a program after its folder, so
// that programs whose folders have the same name go to different ones.
func batches(targets []*target, bin string) map[string][]*target {
	used := map[string]int{}
	groups := map[string][]*target{}
	for _, t := range targets {
		base := filepath.Base(t.dir)
		dir := filepath.Join(bin, strconv.Itoa(used[base]))
		used[base]++
		t.output = filepath.Join(dir, base+exeSuffix())
		t.before, _ = os.Stat(t.output)
		groups[dir] = append(groups[dir], t)
	}
	return groups
}

func exeSuffix() string {
	if os.PathSeparator == '\\' {
		return ".exe"
	}
	return ""
}

// goBuild builds the targets into one folder. cgo and version stamping are off, because both
// make programs depend on more than their source.
func (s *Service) goBuild(ctx context.Context, folder string, targets []*target, report *reporter) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("creating the folder for programs: %w", err)
	}
	args := []string{"build", "-buildvcs=false", "-o", folder + string(filepath.Separator)}
	for _, t := range targets {
		args = append(args, t.dir)
	}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = s.opts.Root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	var output bytes.Buffer
	cmd.Stderr, cmd.Stdout = &output, io.Discard
	err := report.during(cmd.Run)
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &exit):
		return newBuildError(s.opts.Root, output.String(), targets)
	case err != nil:
		return fmt.Errorf("running go build (is Go on the PATH?): %w", err)
	}
	return nil
}

// install gives the target's functions their program, if it is a new one. A hard link keeps it
// as it is while later builds replace the original.
func (s *Service) install(t *target) error {
	for _, name := range t.functions {
		p := s.pools[name]
		if sameFile(p.program(), t.output) {
			continue
		}
		dir, err := os.MkdirTemp(s.runDir, name+"-")
		if err != nil {
			return err
		}
		binary := filepath.Join(dir, "bootstrap"+exeSuffix())
		if err := linkOrCopy(t.output, binary); err != nil {
			return fmt.Errorf("installing %s: %w", name, err)
		}
		p.swap(binary)
	}
	return nil
}

func (p *pool) program() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.binary
}

func sameFile(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}

func linkOrCopy(from, to string) error {
	if os.Link(from, to) == nil {
		return nil
	}
	data, err := os.ReadFile(from) // a file system without hard links
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o755)
}
