//go:build !unix

package stack

import "os/exec"

// SetApart does nothing: the terminal's Ctrl-C ends the command too.
func SetApart(*exec.Cmd) {}
