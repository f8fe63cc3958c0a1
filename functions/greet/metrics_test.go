package main

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"edgestream/functions/internal/metric"
	"edgestream/functions/internal/stream"
)

type fails struct{ err error }

func (f fails) Greet(context.Context, stream.Greeting) error { return f.err }

func TestWhatIsGivenUpIsCountedUnlessItsClientHasGone(t *testing.T) {
	for err, want := range map[error]int{nil: 0, stream.ErrGone: 0, stream.ErrTooLate: 0, stream.ErrThrottled: 1, stream.ErrUnavailable: 1, stream.ErrTooLarge: 1} {
		n := 0
		c := counting{fails{err}, func(values ...metric.Value) { n += len(values) }}
		if err != nil {
			c.Greeter = fails{fmt.Errorf("1 of 1 frames given up: %w", err)}
		}
		if got := c.Greet(t.Context(), stream.Greeting{}); !errors.Is(got, err) || n != want {
			t.Errorf("%v: returns %v, counts %d, want %d", err, got, n, want)
		}
	}
}
