package stack_test

import (
	"strconv"
	"strings"
	"sync"
)

// lockedText is what a program prints, read while it goes on.
type lockedText struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lockedText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lockedText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func itoa(n int) string { return strconv.Itoa(n) }
