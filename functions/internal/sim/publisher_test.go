package sim

import (
	"context"
	"encoding/base64"
	"fmt"
	"sync/atomic"
	"time"

	"edgestream/functions/internal/enforce"
	"edgestream/functions/internal/history"
	"edgestream/functions/internal/mastodon"
	"edgestream/functions/internal/publish"
	"edgestream/functions/internal/viewer"
)

// publisher is an instance of publish.
type publisher struct {
	*actor
	*publish.Publisher
	// enforcer is what an instance of enforce has instead.
	enforcer *enforce.Enforcer
	// holds says that an instance of deliver could ask the queue for what it delivers.
	holds atomic.Bool
}

// newPublisher is a new instance of the function, with what the scene changes.
func (w *world) newPublisher(function string, with func(*actor, *publish.Config)) *publisher {
	a := w.actor(function)
	skew := time.Duration(0)
	if w.weather.skew > 0 {
		skew = w.between(-w.weather.skew, w.weather.skew)
	}
	writer := history.NewWriter(a.log(), history.WriterConfig{
		Jitter: a.jitter, Name: namesOf(w.instances["publish"] + w.instances["deliver"]), Now: func() time.Time { return a.now().Add(skew) },
	})
	config := publish.Config{
		Directory: table{a}, Recorder: writer, Viewers: nobody{}, Poster: api{a}, Greeter: queue{a}, Reporter: reporter{a},
		Encode: mastodon.Frame, Identify: mastodon.WithID, Jitter: a.jitter, Now: a.now,
	}
	with(a, &config)
	if w.mutate != nil {
		w.mutate(a, &config)
	}
	return &publisher{actor: a, Publisher: publish.New(config)}
}

// namesOf are the names that an instance's writers take, one after the other.
func namesOf(instance int) func() string {
	var n atomic.Int32
	return func() string {
		return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%03d%03d", instance, n.Add(1)))
	}
}

// nobody filters anything.
type nobody struct{}

func (nobody) Get(context.Context, []viewer.Key) (map[viewer.Key]*viewer.Viewer, error) {
	return nil, nil
}

// reporter has nothing to do: all records fit.
type reporter struct{ *actor }

func (r reporter) Report(_ context.Context, record []byte, reason string) error {
	r.submit(r.name+" reports", func() { r.fail("%s is reported: %s", record, reason) })
	return nil
}
