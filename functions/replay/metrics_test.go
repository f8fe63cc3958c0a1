package main

import (
	"context"
	"errors"
	"testing"

	"edgestream/functions/internal/metric"
	"edgestream/functions/internal/stream"
)

type ends struct{ err error }

func (e ends) Run(context.Context, stream.Replay) error { return e.err }

func TestReplaysAreCountedOnce(t *testing.T) {
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		replay stream.Replay
		err    error
		want   [3]int64 // replays, gaps, failed
	}{
		"one that begins":         {stream.Replay{}, nil, [3]int64{1, 0, 0}},
		"one that cannot resume":  {stream.Replay{Gap: "too_old"}, nil, [3]int64{1, 1, 0}},
		"one that goes on":        {stream.Replay{Gap: "too_old", Begun: true}, nil, [3]int64{}},
		"one that must run again": {stream.Replay{Gap: "too_old"}, broken, [3]int64{0, 0, 1}},
	} {
		var got [3]int64
		counts := counting{ends{c.err}, func(values ...metric.Value) {
			for i, name := range []string{"Replays", "Gaps", "Failed"} {
				if values[i].Name != name {
					t.Errorf("value %d is %+v", i, values[i])
				}
				got[i] = values[i].Number
			}
		}}
		if err := counts.Run(t.Context(), c.replay); !errors.Is(err, c.err) || got != c.want {
			t.Errorf("%s: %v, counts %v, want %v", name, err, got, c.want)
		}
	}
}
