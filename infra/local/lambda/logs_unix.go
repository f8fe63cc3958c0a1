//go:build unix

package lambda

import (
	"errors"
	"syscall"
)

// readPipe is one non-blocking read. It returns errNothingToRead when that would block.
func readPipe(fd uintptr, buf []byte) (int, error) {
	for {
		n, err := syscall.Read(int(fd), buf)
		switch {
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.EAGAIN):
			return 0, errNothingToRead
		default:
			return n, err
		}
	}
}
