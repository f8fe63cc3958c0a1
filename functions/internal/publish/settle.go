package publish

import (
	"context"
	"slices"

	"edgestream/functions/internal/stream"
)

// settle finds out the apps of accounts whose items have come to name an app, or name none any more:
// one that names what was its app anyway has not moved. It returns the changes with that, and the
// indexes of those of which it is not known.
func (b *batch) settle(ctx context.Context, changes []stream.Change) (settled []stream.Change, unknown map[int]bool) {
	asked := map[int]string{}
	for i := range changes {
		if account, ok := changes[i].Unsettled(); ok {
			asked[i] = account
		}
	}
	if len(asked) == 0 || b.Members == nil {
		return changes, nil
	}
	apps, err := b.askApps(ctx, asked)
	settled, unknown = slices.Clone(changes), map[int]bool{}
	for i, account := range asked {
		app, known := apps[account]
		unknown[i] = !known && err != nil
		settled[i] = changes[i].Settled(app)
	}
	return settled, unknown
}

func (b *batch) askApps(ctx context.Context, asked map[int]string) (map[string]string, error) {
	var accounts []string
	for _, account := range asked {
		if !slices.Contains(accounts, account) {
			accounts = append(accounts, account)
		}
	}
	ctx, cancel := b.until(ctx)
	defer cancel()
	apps, err := b.appsOf(ctx, accounts)
	if err != nil {
		b.blame("apps", err)
	}
	return apps, err
}
