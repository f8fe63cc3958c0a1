package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestAFetchThatFailsSaysHow(t *testing.T) {
	t.Chdir(t.TempDir())
	err := fetch(t.Context(), "nothing", nice(t.Context(), "go", "no-such-command"), "nothing")
	if err == nil || !strings.Contains(err.Error(), "nothing: exit status 2") || !strings.Contains(err.Error(), "go help") {
		t.Error(err)
	}
	if err := fetch(t.Context(), "go", nice(t.Context(), "go", "version"), "go"); err != nil {
		t.Error(err)
	}
	if line := lastLine(filepath.Join(cacheLogs, "go.log")); !strings.HasPrefix(line, "go version") {
		t.Errorf("%q", line)
	}
}

func TestAProcessThatEndsDoesNotAnswer(t *testing.T) {
	t.Chdir(t.TempDir())
	_, err := startChild(t.Context(), exec.Command("go", "version"), "go", "http://127.0.0.1:1/")
	if err == nil || !strings.Contains(err.Error(), "ended before it answered") {
		t.Error(err)
	}
}

// The lock file must install from any mirror of npm, and be what package.json asks for.
func TestTheLockFileNamesNoRegistry(t *testing.T) {
	text, err := os.ReadFile("versus/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	var lock struct {
		Packages map[string]struct {
			Version, Resolved string
			Dependencies      map[string]string
		}
	}
	if err := json.Unmarshal(text, &lock); err != nil {
		t.Fatal(err)
	}
	for name, p := range lock.Packages {
		if p.Resolved != "" {
			t.Errorf("%s is resolved", name)
		}
	}
	for name, version := range lock.Packages[""].Dependencies {
		if got := lock.Packages["node_modules/"+name].Version; got != version {
			t.Errorf("%s is pinned to %s and locked to %s", name, version, got)
		}
	}
}
