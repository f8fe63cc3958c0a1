package lambda

import (
	"bytes"
	"os"
	"sync"
)

// Limits of Lambda's logs, in bytes.
const (
	maxLogLine = 256 << 10 // one event of CloudWatch Logs
	maxLogTail = 4 << 10   // X-Amz-Log-Result
)

// logPipe reads what a process writes and cuts it into lines. Where the system can read without
// blocking, drain takes what is there: a line that a function wrote before it answered is then
// passed on, with the right request id, before the answer is.
type logPipe struct {
	emit func(line string, inv *invocation)
	file *os.File
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
	l := &logPipe{emit: emit, file: r}
	l.done.Go(l.follow)
	return l, w, nil
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

// attribute says whose lines follow.
func (l *logPipe) attribute(inv *invocation) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inv = inv
}

// close passes on what is left, an unfinished line too, when the process has ended.
func (l *logPipe) close() {
	l.end()
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
