//go:build unix

package apigw_test

import (
	"syscall"
	"time"
)

// processorTime is what this process has taken of the processors so far.
func processorTime() time.Duration {
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
