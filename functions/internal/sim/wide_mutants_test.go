//go:build !race

package sim

import (
	"context"
	"strings"
	"testing"

	"edgestream/functions/internal/publish"
	"edgestream/functions/internal/stream"
)

// wideMutants are mistakes of what goes two ways.
var wideMutants = map[string]func(*actor, *publish.Config){
	"opens nothing": func(_ *actor, c *publish.Config) { c.Slices = openless{Slices: c.Slices} },
	"believes that nothing of an owner is open": func(_ *actor, c *publish.Config) {
		c.Slices = openless{Slices: c.Slices, only: "owner#"}
	},
	"begins slices again that are delivered": func(_ *actor, c *publish.Config) { c.Slices = forgetful{c.Slices} },
	"skips a page now and then":              func(a *actor, c *publish.Config) { c.Slices = skipping{c.Slices, a} },
}

// openless opens no segments whose names begin so.
type openless struct {
	publish.Slices
	only string
}

func (o openless) Open(ctx context.Context, s stream.Segment, event string, of []int) error {
	if err := o.Slices.Open(ctx, s, event, of); err != nil || !strings.HasPrefix(string(s), o.only) {
		return err
	}
	for _, slice := range of {
		if err := o.Close(ctx, s, event, slice); err != nil {
			return err
		}
	}
	return nil
}

func (o openless) Reached(ctx context.Context, s stream.Segment, event string, slice int) (string, bool, error) {
	after, open, err := o.Slices.Reached(ctx, s, event, slice)
	return after, open || strings.HasPrefix(string(s), o.only), err
}

// forgetful begins every part at its beginning.
type forgetful struct{ publish.Slices }

func (f forgetful) Reached(ctx context.Context, s stream.Segment, event string, slice int) (string, bool, error) {
	_, _, err := f.Slices.Reached(ctx, s, event, slice)
	return "", true, err
}

// skipping leaves a listener out.
type skipping struct {
	publish.Slices
	actor *actor
}

func (s skipping) Page(ctx context.Context, t stream.Topic, of stream.Segment, slice int, after string, atMost int) ([]stream.Listener, string, error) {
	found, next, err := s.Slices.Page(ctx, t, of, slice, after, atMost)
	if len(found) > 1 && s.actor.rarely() {
		found = found[1:]
	}
	return found, next, err
}

func TestMistakesWithWideStreamsAreFound(t *testing.T) {
	for name, mutate := range wideMutants {
		t.Run(name, func(t *testing.T) { find(t, 80, options{scene: "wide", mutate: mutate}) })
	}
}
