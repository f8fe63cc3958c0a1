package main

import (
	"context"
	"errors"
	"time"
)

// poll waits until nothing is missing, or says what is.
func poll(ctx context.Context, missing func() string) error {
	ctx, cancel := context.WithTimeout(ctx, silence)
	defer cancel()
	for {
		what := missing()
		if what == "" {
			return nil
		}
		if wait(ctx, 10*time.Millisecond) != nil {
			return errors.New(what)
		}
	}
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
