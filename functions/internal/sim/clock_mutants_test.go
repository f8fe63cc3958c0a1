//go:build !race

package sim

import (
	"testing"
	"time"

	"edgestream/functions/internal/publish"
	"edgestream/functions/internal/stream"
)

// clockMutants are publishers that take what others have written for times of their own clock.
var clockMutants = map[string]func(*actor, *publish.Config){
	"has connections open in time by its own clock": func(_ *actor, c *publish.Config) {
		c.Directory = directory{Directory: c.Directory, find: func(found map[stream.Topic]stream.Audience) {
			for _, audience := range found {
				for i := range audience.Listeners {
					if l := &audience.Listeners[i]; !l.Opened.IsZero() && l.Opened.Before(time.Now()) {
						l.Opened = l.Opened.Add(-stream.Apart)
					}
				}
			}
		}}
	},
}

func TestMistakesWithClocksAreFound(t *testing.T) {
	for name, mutate := range clockMutants {
		t.Run(name, func(t *testing.T) { find(t, 400, options{mutate: mutate, storm: "clocks that are wrong"}) })
	}
}
