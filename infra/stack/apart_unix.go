//go:build unix

package stack

import (
	"os/exec"
	"syscall"
)

// SetApart puts the command into a process group of its own, which the terminal's Ctrl-C does not reach.
func SetApart(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
