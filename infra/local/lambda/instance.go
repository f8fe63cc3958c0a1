package lambda

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// terminationGrace is what Lambda leaves a process between SIGTERM and SIGKILL.
const terminationGrace = 500 * time.Millisecond

// instance is one execution environment: a process of the function and the Runtime API that it
// alone talks to. An external instance has no process; a debugger's program attaches to it.
type instance struct {
	pool    *pool
	binary  string
	stream  string // name of its log stream
	api     *http.Server
	address string // of its Runtime API
	logs    *logPipe
	work    chan *invocation // holds the one that dispatch has chosen
	gone    chan struct{}    // closed when the process has ended

	// Guarded by pool.mu.
	started   time.Time
	init      time.Duration // until reported with the first invocation
	ready     bool          // has asked for work once
	polling   bool          // is asking for work now
	stopping  bool
	timedOut  bool
	process   *os.Process
	current   *invocation
	initError []byte // what the runtime reported about its init
	timer     *time.Timer
	idleTimer *time.Timer
}

func newInstance(p *pool, binary string) *instance {
	return &instance{
		pool:      p,
		binary:    binary,
		stream:    time.Now().UTC().Format("2006/01/02/[$LATEST]") + newRequestID(),
		work:      make(chan *invocation, 1),
		gone:      make(chan struct{}),
		started:   time.Now(),
		timer:     stoppedTimer(),
		idleTimer: stoppedTimer(),
	}
}

func stoppedTimer() *time.Timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}

func (i *instance) isExternal() bool { return i.binary == "" }

// run starts the process, waits until it has ended and tells the pool.
func (i *instance) run() {
	err := i.runProcess()
	close(i.gone)
	i.pool.exited(i, err)
}

func (i *instance) runProcess() error {
	logs, output, err := newLogPipe(i.emit)
	if err != nil {
		return fmt.Errorf("opening a pipe for logs: %w", err)
	}
	i.logs = logs
	defer logs.close()
	defer output.Close()
	var apiDone sync.WaitGroup
	defer apiDone.Wait()
	if err := i.listen(&apiDone); err != nil {
		return err
	}
	defer i.api.Close()
	cmd := i.command(output)
	if err := i.launch(cmd); err != nil {
		return err
	}
	return i.wait(cmd)
}

// listen opens the instance's Runtime API on a free port of this machine.
func (i *instance) listen(done *sync.WaitGroup) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("opening a Runtime API: %w", err)
	}
	i.address = l.Addr().String()
	i.api = &http.Server{Handler: i.routes()}
	done.Go(func() { _ = i.api.Serve(l) })
	return nil
}

func (i *instance) command(output *os.File) *exec.Cmd {
	root := filepath.Dir(i.binary)
	cmd := exec.Command(i.binary)
	cmd.Dir = root
	cmd.Env = i.environment(root)
	cmd.Stdout, cmd.Stderr = output, output
	cmd.SysProcAttr = processAttributes()
	return cmd
}

// launch starts the process unless the instance was stopped meanwhile.
func (i *instance) launch(cmd *exec.Cmd) error {
	i.pool.mu.Lock()
	stopping := i.stopping
	i.pool.mu.Unlock()
	if stopping {
		return ErrClosed
	}
	if err := i.pool.svc.spawner.start(cmd); err != nil {
		return entrypointError{err}
	}
	i.pool.mu.Lock()
	defer i.pool.mu.Unlock()
	i.process = cmd.Process
	if i.stopping {
		i.kill()
	}
	if !i.ready {
		i.timer = time.AfterFunc(i.pool.svc.opts.InitTimeout+i.pool.fn.Timeout, i.initTimeout)
	}
	return nil
}

func (i *instance) wait(cmd *exec.Cmd) error {
	err := cmd.Wait()
	i.pool.mu.Lock()
	i.process = nil
	i.pool.mu.Unlock()
	killGroup(cmd.Process.Pid) // what the function itself has started
	return err
}

func (i *instance) initTimeout() {
	i.pool.mu.Lock()
	defer i.pool.mu.Unlock()
	if !i.ready {
		i.timedOut = true
		i.kill()
	}
}

// stop ends the process, gently at first. pool.mu is held.
func (i *instance) stop() {
	if i.stopping || i.isExternal() {
		return
	}
	i.stopping = true
	if i.process == nil {
		return // launch sees stopping
	}
	terminate(i.process)
	i.pool.svc.ran.Go(i.killAfterGrace)
}

func (i *instance) killAfterGrace() {
	select {
	case <-i.gone:
	case <-time.After(terminationGrace):
		i.pool.mu.Lock()
		defer i.pool.mu.Unlock()
		i.kill()
	}
}

// kill ends the process at once. pool.mu is held.
func (i *instance) kill() {
	if i.process != nil {
		killProcess(i.process)
	}
}

// entrypointError is a program that could not be started at all.
type entrypointError struct{ error }

// failure says why the process has ended without an answer, as Lambda does. pool.mu is held.
func (i *instance) failure(inv *invocation, cause error) errorBody {
	var entrypoint entrypointError
	switch {
	case i.timedOut:
		return timedOut(inv, i.pool.fn.Timeout)
	case i.initError != nil:
		return decodeError(i.initError)
	case errors.As(cause, &entrypoint):
		return errorBody{"Runtime.InvalidEntrypoint", fmt.Sprintf("RequestId: %s Error: %v", inv.id, cause)}
	case cause == nil:
		return exitedUnanswered(inv.id)
	}
	return errorBody{"Runtime.ExitError",
		fmt.Sprintf("RequestId: %s Error: Runtime exited with error: %v", inv.id, cause)}
}

// crashedAfter reports whether the process crashed once its stream had ended. A handler that panics
// has its stream closed on the way down (lambdaurl), which is no good end. pool.mu is held.
func (i *instance) crashedAfter(inv *invocation, cause error) bool {
	return inv.stream != nil && inv.functionError == "" && cause != nil && !i.stopping
}

func timedOut(inv *invocation, limit time.Duration) errorBody {
	return errorBody{"Sandbox.Timedout", fmt.Sprintf("%s %s Task timed out after %.2f seconds",
		time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), inv.id, limit.Seconds())}
}

// exitedUnanswered is the answer for a runtime that ended, or asked for more work, too early.
func exitedUnanswered(requestID string) errorBody {
	return errorBody{"Runtime.ExitError",
		fmt.Sprintf("RequestId: %s Error: Runtime exited without providing a reason", requestID)}
}

// emit passes on one line of the function's output. inv is whose it is, nil during init.
func (i *instance) emit(text string, inv *invocation) {
	line := LogLine{Time: time.Now(), Function: i.pool.fn.Name, Text: text}
	if inv != nil {
		line.RequestID = inv.id
		inv.logs.add(text)
	}
	if log := i.pool.svc.opts.Log; log != nil {
		log(line)
	}
}
