package sim

import (
	"context"

	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/sweep"
)

// Progress implements sweep.Table.
func (t table) Progress(ctx context.Context) (p sweep.Progress, err error) {
	err = t.call(ctx, "", "reads progress", func() error {
		p = t.rows.progress
		return nil
	})
	return p, err
}

// Advance implements sweep.Table.
func (t table) Advance(ctx context.Context, p sweep.Progress) error {
	return t.call(ctx, "", "advances", func() error {
		if p.Until.After(t.rows.progress.Until) {
			t.rows.progress = p
		}
		return nil
	})
}

// Opened implements sweep.Table.
func (t table) Opened(ctx context.Context, w sweep.Window) (all []sweep.Socket, err error) {
	err = t.call(ctx, "", "reads connections", func() error {
		all = t.rows.opened(w)
		return nil
	})
	return all, err
}

// Expiring implements sweep.Table: no token runs out.
func (t table) Expiring(context.Context, sweep.Window) ([]sweep.Expiry, error) { return nil, nil }

// Settle implements sweep.Table.
func (t table) Settle(context.Context, sweep.Expiry) error { return nil }

// InReplay implements sweep.Table.
func (t table) InReplay(ctx context.Context, s sweep.Socket) (bool, error) {
	_, turn, err := t.Replaying(ctx, stream.Replay{Connection: s.Connection, Account: s.Account, Subscription: s.Subscription})
	return turn != 0, err
}
