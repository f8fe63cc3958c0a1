package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"time"
)

// fetch runs what provides something, in a nice way and with a sign of life. What it prints goes to a
// file of .cache/logs, of which the error has the end.
func fetch(ctx context.Context, what string, cmd *exec.Cmd, name string) error {
	log, err := createLog(name)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for tick := time.NewTicker(5 * time.Second); ; {
		select {
		case err := <-ended:
			tick.Stop()
			if err == nil || ctx.Err() != nil {
				return ctx.Err()
			}
			return fmt.Errorf("%s: %w: %s (%s)", what, err, lastLine(log.Name()), log.Name())
		case <-tick.C:
			fmt.Fprintf(os.Stderr, "fetching %s: %.0f s %s\n", what, time.Since(began).Seconds(), lastLine(log.Name()))
		}
	}
}

// nice is a command that leaves the processor to others. It is interrupted when ctx ends.
func nice(ctx context.Context, name string, args ...string) *exec.Cmd {
	if found, err := exec.LookPath("nice"); err == nil {
		name, args = found, append([]string{"-n", "10", name}, args...)
	}
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	return cmd
}

// lastLine is the last line of a file that is not empty.
func lastLine(path string) string {
	text, _ := os.ReadFile(path)
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	return string(bytes.TrimSpace(lines[len(lines)-1]))
}
