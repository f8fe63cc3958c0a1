package lambda

import (
	"os/exec"
	"runtime"
	"sync"
)

// spawner starts every process from one operating system thread that lives as long as the
// Service. Linux sends the parent-death signal when the thread that started a child ends, not
// when its process does (https://go.dev/issue/27505).
type spawner struct {
	requests chan spawnRequest
	done     sync.WaitGroup
}

type spawnRequest struct {
	cmd    *exec.Cmd
	result chan error
}

func newSpawner() *spawner {
	s := &spawner{requests: make(chan spawnRequest)}
	s.done.Go(s.serve)
	return s
}

func (s *spawner) serve() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for r := range s.requests {
		r.result <- r.cmd.Start()
	}
}

// start is cmd.Start on the spawner's thread.
func (s *spawner) start(cmd *exec.Cmd) error {
	result := make(chan error, 1)
	s.requests <- spawnRequest{cmd, result}
	return <-result
}

// close ends the thread. No start may follow.
func (s *spawner) close() {
	close(s.requests)
	s.done.Wait()
}
