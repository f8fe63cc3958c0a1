//go:build !race

package sim

import (
	"context"
	"slices"
	"testing"
	"time"

	"edgestream/functions/internal/lease"
)

// leaseMutants are instances of deliver that do not give up what is another's.
var leaseMutants = map[string]func(holding) lease.Queue{
	"takes all that it is given for its own": func(h holding) lease.Queue { return greedy{h} },
}

// greedy has everything, whatever the queue says.
type greedy struct{ holding }

func (g greedy) Hold(ctx context.Context, receipts []string, d time.Duration) ([]bool, error) {
	held, err := g.holding.Hold(ctx, receipts, d)
	return slices.Repeat([]bool{true}, len(held)), err
}

func TestMistakesWithLeasesAreFound(t *testing.T) {
	for name, hold := range leaseMutants {
		t.Run(name, func(t *testing.T) { find(t, 80, options{scene: "wide", hold: hold, storm: "long waits"}) })
	}
}
