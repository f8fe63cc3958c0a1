package sim

import (
	"context"
	"fmt"
	"time"

	"edgestream/functions/internal/history"
	"edgestream/functions/internal/historytest"
	"edgestream/functions/internal/stream"
)

// log is the History table as one instance uses it.
type log struct {
	*actor
	memory *historytest.Memory
}

// Append implements history.Log. An attempt whose time is up may still succeed later.
func (l log) Append(ctx context.Context, e history.Entry) (stored history.Entry, err error) {
	ctx, cancel := context.WithTimeout(ctx, history.AppendTimeout)
	defer cancel()
	err = l.do(ctx, operation{
		class: appends, what: fmt.Sprintf("logs %s for %s", e.Record, e.Topic),
		about: func() mark { return mark{owner: e.Owner} },
		effect: func() (err error) {
			stored, err = l.memory.Append(context.Background(), e)
			return err
		},
	})
	return stored, err
}

// Read implements history.Log.
func (l log) Read(ctx context.Context, topic stream.Topic, after time.Time, consistent bool) (entries []history.Entry, more bool, err error) {
	err = l.do(ctx, operation{
		class: reads, what: "reads the log of " + topic.String(), about: func() mark { return mark{} },
		effect: func() (err error) {
			entries, more, err = l.memory.Read(context.Background(), topic, after, consistent)
			return err
		},
	})
	return entries, more, err
}
