package main

import (
	"context"
	"errors"

	"edgestream/functions/internal/metric"
	"edgestream/functions/internal/route"
	"edgestream/functions/internal/stream"
)

// counting counts the greetings that are given up though their clients are there.
type counting struct {
	route.Greeter
	observe func(...metric.Value)
}

// Greet implements route.Greeter.
func (c counting) Greet(ctx context.Context, g stream.Greeting) error {
	err := c.Greeter.Greet(ctx, g)
	if err != nil && !errors.Is(err, stream.ErrGone) && !errors.Is(err, stream.ErrTooLate) {
		c.observe(metric.Counted("GivenUp", 1))
	}
	return err
}
