package stack

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Program is infra/local, built once for any number of runs.
type Program struct {
	// Apart says that a terminal's Ctrl-C does not reach what is started (Unix): who started it ends it.
	Apart bool

	root, dir, path string
}

// Build builds infra/local of the module in root into a folder of its own.
func Build(ctx context.Context, root string) (*Program, error) {
	dir, err := os.MkdirTemp("", "edgestream-")
	if err != nil {
		return nil, err
	}
	p := &Program{root: root, dir: dir, path: filepath.Join(dir, "local")}
	build := exec.CommandContext(ctx, "go", "build", "-o", p.path, "./infra/local")
	build.Dir = root
	if printed, err := build.CombinedOutput(); err != nil {
		p.Remove()
		return nil, fmt.Errorf("building infra/local: %w\n%s", err, printed)
	}
	return p, nil
}

// Command is infra/local with these arguments, to be run in the module's root. It is killed when
// ctx ends.
func (p *Program) Command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, p.path, args...)
	cmd.Dir = p.root
	if p.Apart {
		SetApart(cmd)
	}
	return cmd
}

// Remove deletes the program. What runs goes on.
func (p *Program) Remove() { os.RemoveAll(p.dir) }
