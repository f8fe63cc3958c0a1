//go:build unix

package lambda

import (
	"errors"
	"io"
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

// follow reads until the pipe ends or is closed.
func (l *logPipe) follow() {
	raw, err := l.file.SyscallConn()
	for err == nil {
		var readErr error
		err = raw.Read(func(fd uintptr) bool {
			readErr = l.readOnce(fd)
			return !errors.Is(readErr, errNothingToRead)
		})
		err = errors.Join(err, readErr)
	}
}

var errNothingToRead = errors.New("nothing to read")

// readOnce takes what one read yields. It returns io.EOF at the end of the pipe.
func (l *logPipe) readOnce(fd uintptr) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var buf [8 << 10]byte
	n, err := readPipe(fd, buf[:])
	if err != nil {
		return err
	}
	if n == 0 {
		return io.EOF
	}
	l.split(buf[:n])
	return nil
}

// drain passes on what has been written so far.
func (l *logPipe) drain() {
	if l.file == nil {
		return // an external instance writes elsewhere
	}
	raw, err := l.file.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		for l.readOnce(fd) == nil {
		}
	})
}

// end reads the rest and closes the pipe. It does not wait for the writers: a process that the
// function has started may hold the pipe open.
func (l *logPipe) end() {
	l.drain()
	l.file.Close()
	l.done.Wait()
}
