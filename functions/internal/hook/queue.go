package hook

import (
	"context"
	"time"
)

// Queue keeps tasks until they are done.
type Queue interface {
	// Put stores the tasks, to be handed out after the delay (whole seconds, at most 15 minutes). Nil: all
	// are stored. A task may be handed out more than once.
	Put(ctx context.Context, delay time.Duration, tasks ...Task) error
}
