package lambda

import (
	"os"
	"syscall"
)

// Windows has no SIGTERM and no process groups of this kind: a function is killed.

func processAttributes() *syscall.SysProcAttr { return nil }

func terminate(p *os.Process) { _ = p.Kill() }

func killProcess(p *os.Process) { _ = p.Kill() }

func killGroup(int) {}

func processExists(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	_ = p.Release()
	return true
}
