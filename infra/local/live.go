package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"
)

// refresh is how often the live line is written anew.
const refresh = time.Second

// clearLine takes the cursor to the line's beginning and clears it,
// https://learn.microsoft.com/windows/console/console-virtual-terminal-sequences.
const clearLine = "\r\x1b[K"

// live keeps a line with what is going on under the log, until ctx ends: only where a person sees it,
// on a terminal and with the log as text.
func (r *runner) live(ctx context.Context, out io.Writer) {
	terminal, ok := out.(*os.File)
	if !ok || r.opts.log != "text" || columns(terminal) == 0 {
		return
	}
	tick := time.NewTicker(refresh)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			r.log.status(cut(r.status(), columns(terminal)-1))
		case <-ctx.Done():
			r.log.status("")
			return
		}
	}
}

// status is what is going on: open sockets, what was measured lately, and queues that are not empty.
func (r *runner) status() string {
	var words []string
	for _, g := range r.gauges() {
		switch {
		case g.Namespace == sqsNamespace && g.Value > 0:
			words = append(words, fmt.Sprintf("%s %.0f waiting", g.Dimensions["QueueName"], g.Value))
		case g.Namespace != sqsNamespace:
			words = append([]string{fmt.Sprintf("%.0f sockets", g.Value)}, words...)
		}
	}
	lately := r.metrics.Recent(func(namespace, name string) bool {
		return namespace != lambdaNamespace || name == "IteratorAge" || name == "Errors"
	})
	return strings.Join(append(words, lately...), " · ")
}

// cut is as much of the text as fits.
func cut(text string, width int) string {
	if width < 1 {
		return ""
	}
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	return string([]rune(text)[:width-1]) + "…"
}
