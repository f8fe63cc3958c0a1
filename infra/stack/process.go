package stack

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Process is a process that the runner started, directly or not.
type Process struct {
	PID int
	// Program is the path of what runs.
	Program string
}

// Processes are those that the runner has started and that still run (Linux).
func (s *Stack) Processes() []Process {
	var all []Process
	for _, pid := range children(s.cmd.Process.Pid) {
		program, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
		if err == nil {
			all = append(all, Process{pid, program})
		}
	}
	return all
}

// Memory is the resident megabytes of the runner and of the functions that it started (Linux).
func (s *Stack) Memory() (runner, functions float64) {
	runner = resident(s.cmd.Process.Pid)
	for _, pid := range children(s.cmd.Process.Pid) {
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
