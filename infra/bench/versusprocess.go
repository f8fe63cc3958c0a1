package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"edgestream/infra/stack"
)

const (
	// cacheFolder and cacheLogs are where what contestants need is kept, and what they print.
	cacheFolder = ".cache"
	cacheLogs   = cacheFolder + "/logs"
	// starting is how long a process may take until it answers.
	starting = 2 * time.Minute
)

// child is a process of a contestant. What it prints goes to a file of .cache/logs.
type child struct {
	cmd   *exec.Cmd
	log   *os.File
	ended chan error
}

// startChild starts a process and waits until its URL answers, with any status.
func startChild(ctx context.Context, cmd *exec.Cmd, name, url string) (*child, error) {
	log, err := createLog(name)
	if err != nil {
		return nil, err
	}
	c := &child{cmd, log, make(chan error, 1)}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, log.Close())
	}
	go func() { c.ended <- cmd.Wait() }()
	if err := c.await(ctx, url); err != nil {
		return nil, errors.Join(fmt.Errorf("%w; see %s", err, log.Name()), c.stop())
	}
	return c, nil
}

func createLog(name string) (*os.File, error) {
	if err := os.MkdirAll(cacheLogs, 0o755); err != nil {
		return nil, err
	}
	return os.Create(filepath.Join(cacheLogs, name+".log"))
}

func (c *child) await(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, starting)
	defer cancel()
	for {
		select {
		case err := <-c.ended:
			c.ended <- err
			return fmt.Errorf("it ended before it answered: %w", exit(err))
		case <-time.After(50 * time.Millisecond):
		}
		if err := answers(ctx, url); err == nil || ctx.Err() != nil {
			return err
		}
	}
}

// exit is how a process ended, as an error in any case.
func exit(err error) error {
	if err == nil {
		return errors.New("exit status 0")
	}
	return err
}

func answers(ctx context.Context, url string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	r.Close = true
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	io.Copy(io.Discard, response.Body)
	return response.Body.Close()
}

func (c *child) usage() (cpu, memory float64) { return stack.Usage(c.cmd.Process.Pid) }

// stop interrupts it, and kills it if that does not end it. How it ends is nobody's business.
func (c *child) stop() error {
	c.cmd.Process.Signal(os.Interrupt)
	select {
	case <-c.ended:
	case <-time.After(10 * time.Second):
		c.cmd.Process.Kill()
		<-c.ended
	}
	return c.log.Close()
}

// patientClient is for one request after the other, each of which may take as long as a frame.
func patientClient() *http.Client {
	c := clientOf(1)
	c.Timeout = silence
	return c
}

// freePorts are ports of loopback that nobody listens on.
func freePorts(n int) (ports []string, err error) {
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		_, port, err := net.SplitHostPort(l.Addr().String())
		if err != nil {
			return nil, err
		}
		ports = append(ports, port)
	}
	return ports, nil
}
