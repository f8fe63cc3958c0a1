package sim

import (
	"time"

	"edgestream/functions/internal/publish"
	"edgestream/functions/internal/sweep"
)

// scenes are what may be in a world.
var scenes = map[string]func(*world) scene{
	"mastodon": func(w *world) scene { return &streams{world: w} },
	"tokens":   func(w *world) scene { return newGrants(w) },
	"wide":     func(w *world) scene { return newWide(w) },
	"channels": func(w *world) scene { return newChannels(w) },
}

// streams are those of Mastodon's protocol, to which clients listen.
type streams struct {
	*world
	probes int
}

func (s *streams) begin() {
	for n := range 4 + s.random.IntN(10) {
		s.clients = append(s.clients, newClient(s.world, n))
	}
	for range s.weather.splits {
		s.after(s.between(time.Second, busy), s.source.split)
	}
	for range 20 + s.random.IntN(100) {
		s.after(s.between(time.Second, busy), func() { s.app.write() })
	}
	if s.name == "mastodon" && !s.before && (s.serve != nil || s.share("followers") < 0.3) {
		s.follow()
	}
}

func (s *streams) heals() time.Duration { return healing }

func (s *streams) publisher() *publisher {
	return s.newPublisher("publish", func(*actor, *publish.Config) {})
}

func (s *streams) sweeps(a *actor) *sweep.Sweeper { return a.sweeps() }

func (s *streams) recordOf(_ string, f frame) *record {
	if n, ok := s.app.numberOf(f); ok {
		return s.records[n]
	}
	return nil
}

// probe says something on every stream, to find who is deaf and what is left: of a connection that
// is gone each round finds one mapping.
func (s *streams) probe() {
	if s.probes++; s.probes > 1 && len(s.rows.left) == 0 || s.probes > maxProbes {
		return
	}
	s.after(probing/(maxProbes+1), s.probe)
	s.app.announce()
	for _, account := range accounts {
		s.app.notify(account)
	}
	for _, author := range authors {
		s.app.shout(author)
	}
}

func (s *streams) finish() { s.check.all() }
