//go:build !race

package sim

import (
	"context"
	"slices"
	"testing"
	"time"

	"edgestream/functions/internal/enforce"
	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/sweep"
)

// looseners are mistakes in what enforce and sweep use.
var looseners = map[string]func(*actor, *enforce.Config, *sweep.Config){
	"revokes nothing": func(_ *actor, c *enforce.Config, _ *sweep.Config) {
		if c != nil {
			c.Directory = lax{Directory: c.Directory, forgets: func(stream.Connection) bool { return true }}
		}
	},
	"forgets young sockets": func(_ *actor, c *enforce.Config, _ *sweep.Config) {
		if c != nil {
			c.Directory = lax{Directory: c.Directory, forgets: func(s stream.Connection) bool { return time.Since(s.ConnectedAt) < 10*time.Second }}
		}
	},
	"removes and does not close": func(_ *actor, c *enforce.Config, _ *sweep.Config) {
		if c != nil {
			c.Poster = gentle{}
		}
	},
	"tells no one of filters": func(_ *actor, c *enforce.Config, _ *sweep.Config) {
		if c != nil {
			c.Content = speechless{}
		}
	},
	"leaves lists to whom they were": func(_ *actor, c *enforce.Config, _ *sweep.Config) {
		if c != nil {
			c.Directory = lax{Directory: c.Directory, gives: true}
		}
	},
	"keeps what viewers filtered": func(_ *actor, c *enforce.Config, _ *sweep.Config) {
		if c != nil {
			c.Directory = lax{Directory: c.Directory, blind: true}
		}
	},
	"takes tokens to last": func(_ *actor, _ *enforce.Config, c *sweep.Config) {
		if c != nil {
			c.Table = patient{c.Table}
		}
	},
}

// TestMistakesWithTokensAreFound runs seeds with each of them, in all weathers, until one fails.
func TestMistakesWithTokensAreFound(t *testing.T) {
	for name, loosen := range looseners {
		t.Run(name, func(t *testing.T) { find(t, 120, options{scene: "tokens", loosen: loosen}) })
	}
}

// lax forgets some of the connections that a token has, or leaves viewers, or lists, as they are.
type lax struct {
	enforce.Directory
	forgets func(stream.Connection) bool
	blind   bool
	gives   bool
}

func (l lax) TakeList(ctx context.Context, list, owner string) (int, bool, error) {
	if l.gives {
		return 0, false, nil
	}
	return l.Directory.TakeList(ctx, list, owner)
}

func (l lax) Revoke(ctx context.Context, account, token string) (enforce.Open, error) {
	open, err := l.Directory.Revoke(ctx, account, token)
	if l.forgets != nil {
		open.Connections = slices.DeleteFunc(open.Connections, l.forgets)
	}
	return open, err
}

func (l lax) SetViewer(ctx context.Context, account, version string) error {
	if l.blind {
		return nil
	}
	return l.Directory.SetViewer(ctx, account, version)
}

// gentle closes nothing.
type gentle struct{}

func (gentle) Disconnect(context.Context, string) error { return nil }

// speechless tells nobody.
type speechless struct{}

func (speechless) FiltersChanged(context.Context, string, string) error { return nil }

// patient knows of no token that runs out.
type patient struct{ sweep.Table }

func (patient) Expiring(context.Context, sweep.Window) ([]sweep.Expiry, error) { return nil, nil }
