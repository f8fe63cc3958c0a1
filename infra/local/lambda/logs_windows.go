package lambda

// follow reads until the pipe ends.
func (l *logPipe) follow() {
	buf := make([]byte, 8<<10)
	for {
		n, err := l.file.Read(buf)
		l.mu.Lock()
		l.split(buf[:n])
		l.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// drain does nothing: Windows cannot read a pipe without blocking. A line may arrive after the
// answer that it precedes.
func (l *logPipe) drain() {}

// end waits for the writers, so that nothing is lost, and closes the pipe.
func (l *logPipe) end() {
	l.done.Wait()
	l.file.Close()
}
