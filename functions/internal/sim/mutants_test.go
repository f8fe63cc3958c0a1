//go:build !race

// Mutants take too long with the race detector: infra/test runs them without it.

package sim

import (
	"context"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"edgestream/functions/internal/history"
	"edgestream/functions/internal/publish"
	"edgestream/functions/internal/stream"
)

// A mutant is a publisher with a mistake in what it uses, as it would be with one of its own.
var mutants = map[string]func(*actor, *publish.Config){
	"drops a post now and then": func(a *actor, c *publish.Config) {
		c.Poster = poster{c.Poster, func(ctx context.Context, id string, frame []byte) error {
			if a.rarely() {
				return nil
			}
			return api{a}.Post(ctx, id, frame)
		}}
	},
	"posts twice now and then": func(a *actor, c *publish.Config) {
		c.Poster = poster{c.Poster, func(ctx context.Context, id string, frame []byte) error {
			err := api{a}.Post(ctx, id, frame)
			if err == nil && a.rarely() {
				_ = api{a}.Post(ctx, id, frame)
			}
			return err
		}}
	},
	"swaps two posts now and then": func(a *actor, c *publish.Config) {
		s := swapper{actor: a, held: map[string][]byte{}}
		c.Poster = poster{c.Poster, s.post}
	},
	"posts to somebody else now and then": func(a *actor, c *publish.Config) {
		last := holder{}
		c.Poster = poster{c.Poster, func(ctx context.Context, id string, frame []byte) error {
			if other := last.swap(id); other != "" && a.rarely() {
				_ = api{a}.Post(ctx, other, frame)
			}
			return api{a}.Post(ctx, id, frame)
		}}
	},
	"overlooks a listener now and then": func(a *actor, c *publish.Config) {
		c.Directory = directory{Directory: c.Directory, find: func(found map[stream.Topic]stream.Audience) {
			for topic, audience := range found {
				if n := len(audience.Listeners); n > 1 && a.rarely() {
					audience.Listeners = audience.Listeners[:n-1]
					found[topic] = audience
				}
			}
		}}
	},
	"forgets nobody": func(_ *actor, c *publish.Config) {
		c.Directory = directory{Directory: c.Directory, forget: func(context.Context, stream.Listener) error { return nil }}
	},
	"forgets whom it posts to now and then": func(a *actor, c *publish.Config) {
		c.Poster = poster{c.Poster, func(ctx context.Context, id string, frame []byte) error {
			if a.rarely() {
				return stream.ErrGone
			}
			return api{a}.Post(ctx, id, frame)
		}}
	},
	"posts what a replay has yet to post": func(_ *actor, c *publish.Config) {
		c.Directory = directory{Directory: c.Directory, leave: func(context.Context, stream.Listener) (bool, error) { return false, nil }}
	},
	"leaves to replays what they do not know of": func(_ *actor, c *publish.Config) {
		c.Directory = directory{Directory: c.Directory, leave: func(context.Context, stream.Listener) (bool, error) { return true, nil }}
	},
	"hands over without a word to other instances": func(_ *actor, c *publish.Config) {
		c.Directory = mute{c.Directory}
	},
	"logs nothing": func(_ *actor, c *publish.Config) { c.Recorder = silent{} },
	"has no greeter": func(_ *actor, c *publish.Config) {
		c.Greeter = silent{}
	},
	"gives ids of its own": func(_ *actor, c *publish.Config) {
		identify, n := c.Identify, 0
		c.Identify = func(frame []byte, id string) []byte {
			n++
			return identify(frame, id[:len(id)-1]+string("AQgw"[n%4]))
		}
	},
}

// TestMistakesAreFound runs seeds with each mutant.
func TestMistakesAreFound(t *testing.T) {
	for name, mutate := range mutants {
		t.Run(name, func(t *testing.T) { find(t, 150, options{mutate: mutate}) })
	}
}

// find runs at most so many seeds with the mistake of the options, in all weathers or in the storm that they name,
// until one fails.
func find(t *testing.T, most uint64, o options) {
	weathers := append(slices.Sorted(maps.Keys(storms)), "")
	if o.storm != "" {
		weathers = []string{o.storm}
	}
	for seed := uint64(1); seed <= most; seed++ {
		o.storm = weathers[seed%uint64(len(weathers))]
		if w := simulate(t, seed, o); len(w.wrong) > 0 {
			t.Logf("seed %d %s: %s", seed, w.storm, w.wrong[0].text)
			return
		}
	}
	t.Errorf("not found by %d seeds", most)
}

// rarely is true once in forty times.
func (a *actor) rarely() bool { return a.jitter(40) == 0 }

// poster posts by a function of its own.
type poster struct {
	publish.Poster
	post func(context.Context, string, []byte) error
}

func (p poster) Post(ctx context.Context, id string, frame []byte) error {
	return p.post(ctx, id, frame)
}

// holder keeps one value.
type holder struct {
	mu   sync.Mutex
	last string
}

func (h *holder) swap(id string) (last string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	last, h.last = h.last, id
	return last
}

// swapper holds a frame back until the next one of its connection was posted.
type swapper struct {
	*actor
	mu   sync.Mutex
	held map[string][]byte
}

func (s *swapper) post(ctx context.Context, id string, frame []byte) error {
	s.mu.Lock()
	held := s.held[id]
	delete(s.held, id)
	if held == nil && s.rarely() {
		s.held[id] = slices.Clone(frame)
		s.mu.Unlock()
		return nil
	}
	s.mu.Unlock()
	err := api{s.actor}.Post(ctx, id, frame)
	if held != nil {
		err = api{s.actor}.Post(ctx, id, held)
	}
	return err
}

// directory does what is not nil in its own way.
type directory struct {
	publish.Directory
	find   func(map[stream.Topic]stream.Audience)
	forget func(context.Context, stream.Listener) error
	leave  func(context.Context, stream.Listener) (bool, error)
}

func (d directory) Listeners(ctx context.Context, topics []stream.Topic) (map[stream.Topic]stream.Audience, error) {
	found, err := d.Directory.Listeners(ctx, topics)
	if d.find != nil {
		d.find(found)
	}
	return found, err
}

func (d directory) Forget(ctx context.Context, l stream.Listener) error {
	if d.forget != nil {
		return d.forget(ctx, l)
	}
	return d.Directory.Forget(ctx, l)
}

func (d directory) Defer(ctx context.Context, l stream.Listener) (bool, error) {
	if d.leave != nil {
		return d.leave(ctx, l)
	}
	return d.Directory.Defer(ctx, l)
}

// mute stores no handover.
type mute struct{ publish.Directory }

func (mute) HandOver(context.Context, stream.Listener, time.Time) error { return nil }

// silent does nothing and says that all is well.
type silent struct{}

func (silent) Append(_ context.Context, entries []history.Entry) ([]history.Entry, []error) {
	return entries, make([]error, len(entries))
}

func (silent) Greet(context.Context, stream.Greeting) error { return nil }
