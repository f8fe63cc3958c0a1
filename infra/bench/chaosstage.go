package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"edgestream/infra/stack"
)

// chaosStage is a stack whose database and whose management API can fail.
type chaosStage struct {
	*stack.Stack
	*database
	callbacks *callbacks
}

func newChaosStage(ctx context.Context, f chaosFlags) (_ *chaosStage, err error) {
	s := &chaosStage{}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if s.database, err = newDatabase(ctx, f.dynamodb, f.local); err != nil {
		return nil, err
	}
	if s.callbacks, err = newCallbacks(f.seed); err != nil {
		return nil, err
	}
	program, err := stack.Build(ctx, f.root)
	if err != nil {
		return nil, err
	}
	program.Apart = true // what Ctrl-C means is decided here
	s.Stack, err = program.StartOnce(ctx, "--demo=false", "--stream-poll", "50ms", "--retry-delay", "200ms", "--schedule-every", "5s",
		"--dynamodb", s.database.proxy.URL, "--callbacks", s.callbacks.proxy.URL,
		"--parameter", fmt.Sprint("WideListeners=", f.wide), "--parameter", "MaxConnections=1000", "--parameter", "SseMinutes=0.2")
	if err != nil {
		return nil, err
	}
	return s, s.callbacks.proxy.Before(s.API)
}

func (s *chaosStage) close() {
	if s.Stack != nil {
		if err := s.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	if s.callbacks != nil {
		s.callbacks.proxy.Close()
	}
	if s.database != nil {
		s.database.close()
	}
}

// afterSignal is a context that goes on when ctx, which a signal ends, has ended, and ends with the
// next signal.
func afterSignal(ctx context.Context) (context.Context, context.CancelFunc) {
	next, cancel := context.WithCancel(context.WithoutCancel(ctx))
	forget := context.AfterFunc(ctx, func() {
		again, stop := signal.NotifyContext(next, os.Interrupt, syscall.SIGTERM)
		defer stop()
		<-again.Done()
		cancel()
	})
	return next, func() { forget(); cancel() }
}
