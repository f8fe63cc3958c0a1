package main

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

//go:embed warm.py
var warmProgram string

// warm runs commands of the SAM CLI in forks of one process that has imported it, which takes most of
// the time of each command otherwise: see warm.py.
type warm struct {
	folder string
	cmd    *exec.Cmd
	input  io.WriteCloser

	mu      sync.Mutex
	last    int
	waiting map[int]chan int
	ended   chan struct{}
}

// task is one command.
type task struct {
	ID      int               `json:"id"`
	Args    []string          `json:"args"`
	Env     map[string]string `json:"env"`
	Stdout  string            `json:"stdout"`
	Stderr  string            `json:"stderr"`
	Seconds int               `json:"seconds"`
}

var errWarmEnded = errors.New("the process that runs the SAM CLI has ended")

// startWarm starts the process with the Python that the CLI itself runs with.
func startWarm(sam, folder string) (*warm, error) {
	python, err := interpreter(sam)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(python, "-c", warmProgram)
	cmd.Stderr = os.Stderr
	input, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("the SAM CLI's Python: %w", err)
	}
	w := &warm{folder: folder, cmd: cmd, input: input, waiting: map[int]chan int{}, ended: make(chan struct{})}
	go w.read(output)
	return w, nil
}

// interpreter is what the first line of the CLI's script names.
func interpreter(sam string) (string, error) {
	path, err := exec.LookPath(sam)
	if err != nil {
		return "", err
	}
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	line, _ := bufio.NewReader(file).ReadString('\n')
	python, ok := strings.CutPrefix(strings.TrimSpace(line), "#!")
	if !ok || !strings.Contains(filepath.Base(python), "python") {
		return "", fmt.Errorf("%s is no Python script", path)
	}
	return python, nil
}

func (w *warm) read(output io.Reader) {
	defer close(w.ended)
	for lines := bufio.NewScanner(output); lines.Scan(); {
		var answer struct{ ID, Status int }
		if json.Unmarshal(lines.Bytes(), &answer) != nil {
			continue
		}
		w.mu.Lock()
		if to, ok := w.waiting[answer.ID]; ok {
			delete(w.waiting, answer.ID)
			to <- answer.Status
		}
		w.mu.Unlock()
	}
}

// run is one command: what it wrote, and an error if its status was not 0. It is ended after so many
// seconds.
func (w *warm) run(ctx context.Context, env, args []string, seconds int) (stdout, stderr string, err error) {
	done := make(chan int, 1)
	w.mu.Lock()
	w.last++
	t := task{ID: w.last, Args: args, Env: variables(env), Seconds: seconds}
	t.Stdout, t.Stderr = filepath.Join(w.folder, fmt.Sprintf("%d.out", t.ID)), filepath.Join(w.folder, fmt.Sprintf("%d.err", t.ID))
	w.waiting[t.ID] = done
	line, _ := json.Marshal(t) // texts and numbers
	_, err = w.input.Write(append(line, '\n'))
	w.mu.Unlock()
	if err != nil {
		return "", "", err
	}
	select {
	case status := <-done:
		if status != 0 {
			err = fmt.Errorf("status %d", status)
		}
	case <-w.ended:
		err = errWarmEnded
	case <-ctx.Done():
		err = ctx.Err()
	}
	out, _ := os.ReadFile(t.Stdout)
	log, _ := os.ReadFile(t.Stderr)
	return string(out), string(log), err
}

func variables(env []string) map[string]string {
	m := map[string]string{}
	for _, v := range env {
		name, value, _ := strings.Cut(v, "=")
		m[name] = value // the last of a name counts
	}
	return m
}

// close ends the process; commands that are under way end by themselves.
func (w *warm) close() {
	_ = w.input.Close()
	_ = w.cmd.Wait()
}
