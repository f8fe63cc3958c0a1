//go:build !race

package sim

import (
	"context"
	"errors"
	"testing"

	"edgestream/functions/internal/publish"
	"edgestream/functions/internal/stream"
)

// hasty takes a look-up that was throttled for one that has found nobody.
type hasty struct{ publish.Directory }

func (h hasty) Listeners(ctx context.Context, topics []stream.Topic) (map[stream.Topic]stream.Audience, error) {
	found, err := h.Directory.Listeners(ctx, topics)
	if errors.Is(err, errThrottled) {
		return found, nil
	}
	return found, err
}

func TestAMistakeWithThrottledTablesIsFound(t *testing.T) {
	find(t, 80, options{mutate: func(_ *actor, c *publish.Config) { c.Directory = hasty{c.Directory} }})
}
