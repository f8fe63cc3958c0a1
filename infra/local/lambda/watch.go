package lambda

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// settle is how long the source must be quiet before a build: editors write in several steps.
const settleTime = 100 * time.Millisecond

// Watch rebuilds when a Go file, go.mod or go.sum of the module changes, until ctx ends. New
// invocations then start on the new program while those under way finish on the old one. When
// the source does not compile, the error is logged and the old program stays. The error is one of
// setting up the watch; nil when ctx ended.
func (s *Service) Watch(ctx context.Context) error {
	watcher, err := s.openWatch()
	if err != nil {
		return err
	}
	defer watcher.Close()
	return s.follow(ctx, watcher)
}

func (s *Service) openWatch() (*fsnotify.Watcher, error) {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	if err := s.watchTree(watcher, s.opts.Root); err != nil {
		watcher.Close()
		return nil, err
	}
	return watcher, nil
}

func (s *Service) follow(ctx context.Context, watcher *fsnotify.Watcher) error {
	quiet := stoppedTimer()
	defer quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case event := <-watcher.Events:
			if s.concerns(watcher, event) {
				quiet.Reset(settleTime)
			}
		case err := <-watcher.Errors:
			s.opts.Logger.Warn("watching the source", "error", err)
			quiet.Reset(settleTime) // changes may have been missed
		case <-quiet.C:
			s.rebuild(ctx)
		}
	}
}

// concerns reports whether an event may change a program. A new folder is watched from now on.
func (s *Service) concerns(watcher *fsnotify.Watcher, event fsnotify.Event) bool {
	if event.Op == fsnotify.Chmod {
		return false
	}
	if info, err := os.Stat(event.Name); err == nil && info.IsDir() {
		if err := s.watchTree(watcher, event.Name); err != nil {
			s.opts.Logger.Warn("watching a new folder", "error", err)
		}
		return true
	}
	base := filepath.Base(event.Name)
	return base == "go.mod" || base == "go.sum" || strings.HasSuffix(base, ".go") && !strings.HasPrefix(base, ".")
}

// watchTree watches a folder and those below it that can hold the module's packages.
func (s *Service) watchTree(watcher *fsnotify.Watcher, root string) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // deleted meanwhile
		case err != nil:
			return err
		case !entry.IsDir():
			return nil
		case path != s.opts.Root && s.ignored(path, entry.Name()):
			return fs.SkipDir
		}
		return watcher.Add(path)
	})
}

func (s *Service) ignored(path, base string) bool {
	return path == s.opts.CacheDir || base == "node_modules" || base == "testdata" ||
		strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_")
}

func (s *Service) rebuild(ctx context.Context) {
	begin := time.Now()
	before := s.programs()
	if err := s.Build(ctx, nil); err != nil {
		if ctx.Err() == nil {
			s.opts.OnRebuild(nil, time.Since(begin), err)
		}
		return
	}
	var changed []string
	for name, program := range s.programs() {
		if before[name] != program {
			changed = append(changed, name)
		}
	}
	slices.Sort(changed)
	s.opts.OnRebuild(changed, time.Since(begin), nil)
}

// programs is the program of each function.
func (s *Service) programs() map[string]string {
	all := map[string]string{}
	for name, p := range s.pools {
		all[name] = p.program()
	}
	return all
}
