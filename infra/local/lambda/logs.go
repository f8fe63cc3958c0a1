package lambda

import (
	"bytes"
	"errors"
	"io"
	"os"
	"sync"
	"syscall"
)

// Limits of Lambda's logs, in bytes.
const (
	maxLogLine = 256 << 10 // one event of CloudWatch Logs
	maxLogTail = 4 << 10   // X-Amz-Log-Result
)

// logPipe reads what a process writes and cuts it into lines. Reading is non-blocking so that
// drain can take what is there: a line that a function wrote before it answered is then passed
// on, with the right request id, before the answer is.
type logPipe struct {
	emit func(line string, inv *invocation)
	file *os.File
	raw  syscall.RawConn
	done sync.WaitGroup

	mu      sync.Mutex
	inv     *invocation // whose lines these are
	pending []byte      // a line without its end
}

// newLogPipe returns a pipe and the end to write to, which the caller closes.
func newLogPipe(emit func(string, *invocation)) (*logPipe, *os.File, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	raw, err := r.SyscallConn()
	if err != nil {
		r.Close()
		w.Close()
		return nil, nil, err
	}
	l := &logPipe{emit: emit, file: r, raw: raw}
	l.done.Go(l.follow)
	return l, w, nil
}

// follow reads until the pipe ends or is closed.
func (l *logPipe) follow() {
	for {
		var err error
		waitErr := l.raw.Read(func(fd uintptr) bool {
			err = l.readOnce(fd)
			return !errors.Is(err, errNothingToRead)
		})
		if waitErr != nil || err != nil {
			return
		}
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

// split emits the complete lines. mu is held.
func (l *logPipe) split(data []byte) {
	l.pending = append(l.pending, data...)
	for {
		end := bytes.IndexByte(l.pending, '\n')
		switch {
		case end >= 0 && end <= maxLogLine:
			l.emit(string(bytes.TrimSuffix(l.pending[:end], []byte("\r"))), l.inv)
			l.pending = l.pending[end+1:]
		case len(l.pending) >= maxLogLine:
			l.emit(string(l.pending[:maxLogLine]), l.inv)
			l.pending = l.pending[maxLogLine:]
		default:
			return
		}
	}
}

// drain passes on what has been written so far.
func (l *logPipe) drain() {
	if l.raw == nil {
		return
	}
	_ = l.raw.Control(func(fd uintptr) {
		for l.readOnce(fd) == nil {
		}
	})
}

// attribute says whose lines follow.
func (l *logPipe) attribute(inv *invocation) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inv = inv
}

// close passes on what is left, an unfinished line too, when the process has ended.
func (l *logPipe) close() {
	l.drain()
	l.file.Close()
	l.done.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.pending) > 0 {
		l.emit(string(l.pending), l.inv)
		l.pending = nil
	}
}

// tail keeps the end of an invocation's log.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (t *tail) add(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(append(t.text, line...), '\n')
	if excess := len(t.text) - maxLogTail; excess > 0 {
		t.text = append(t.text[:0], t.text[excess:]...)
	}
}

func (t *tail) bytes() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	return bytes.Clone(t.text)
}
