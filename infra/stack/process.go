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

// CPU is the seconds of processor time that the runner has taken so far, and the functions that it
// has started (Linux). Functions that have ended count too.
func (s *Stack) CPU() (runner, functions float64) {
	runner, functions = processorTime(s.cmd.Process.Pid)
	for _, pid := range children(s.cmd.Process.Pid) {
		own, ended := processorTime(pid)
		functions += own + ended
	}
	return runner, functions
}

// Usage is what a process and all below it have taken: seconds of processor time, with those of
// processes that have ended, and resident megabytes (Linux).
func Usage(pid int) (cpu, memory float64) {
	for _, pid := range append(children(pid), pid) {
		own, ended := processorTime(pid)
		cpu, memory = cpu+own+ended, memory+resident(pid)
	}
	return cpu, memory
}

// Usage is that of the runner and the functions that it has started (Linux).
func (s *Stack) Usage() (cpu, memory float64) { return Usage(s.cmd.Process.Pid) }

// processorTime is what a process has taken, and what its children took that have ended, as
// proc_pid_stat(5) has it: hundredths of a second, after the name in parentheses.
func processorTime(pid int) (own, ended float64) {
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 15 {
		return 0, 0
	}
	var ticks [4]float64 // utime, stime, cutime, cstime
	for i := range ticks {
		fmt.Sscan(fields[11+i], &ticks[i])
	}
	return (ticks[0] + ticks[1]) / 100, (ticks[2] + ticks[3]) / 100
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
