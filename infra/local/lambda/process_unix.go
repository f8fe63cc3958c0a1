//go:build unix

package lambda

import (
	"os"
	"syscall"
)

// terminate asks the process and what it has started to end.
func terminate(p *os.Process) { _ = syscall.Kill(-p.Pid, syscall.SIGTERM) }

func killProcess(p *os.Process) { _ = syscall.Kill(-p.Pid, syscall.SIGKILL) }

func killGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }

func processExists(pid int) bool { return syscall.Kill(pid, 0) != syscall.ESRCH }
