//go:build unix && !linux

package lambda

import "syscall"

// processAttributes puts a function into a process group of its own, so that a Ctrl-C meant for
// the runner does not reach it. When the runner dies, an idle function ends by itself, because
// its Runtime API is gone.
func processAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
