package history

import (
	"context"
	"time"
)

// Snapshot is the position of a reader that begins now: everything that has been appended before
// the call counts as served.
func Snapshot(ctx context.Context, log Log, b Bound, now time.Time) (Position, error) {
	p := Position{After: now.UTC().Truncate(time.Microsecond).Add(-Lateness), Seen: Seen{}}
	for i, topic := range b.Logs(b.Account) {
		for from, more := p.After, true; more; {
			var entries []Entry
			var err error
			if entries, more, err = log.Read(ctx, topic, from, true); err != nil {
				return Position{}, err
			}
			for _, e := range entries {
				mark := Mark{i, e.Writer}
				if e.N > p.Seen[mark].N {
					p.Seen[mark] = Progress{N: e.N, Messages: len(e.Messages)}
				}
				from = e.At
			}
			more = more && len(entries) > 0
		}
	}
	return p, nil
}
