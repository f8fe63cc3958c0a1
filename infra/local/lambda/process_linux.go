package lambda

import "syscall"

// processAttributes puts a function into a process group of its own, so that a Ctrl-C meant for
// the runner does not reach it, and has the kernel kill it when the runner dies.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
