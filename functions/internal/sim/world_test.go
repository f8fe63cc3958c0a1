package sim

import (
	"cmp"
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"edgestream/functions/internal/enforce"
	"edgestream/functions/internal/historytest"
	"edgestream/functions/internal/lease"
	"edgestream/functions/internal/publish"
	"edgestream/functions/internal/sse"
	"edgestream/functions/internal/sweep"
)

// world is one run: everything that there is, and what goes wrong.
type world struct {
	*scheduler
	trace
	seed    uint64
	storm   string
	weather weather
	// calm says that nothing goes wrong any more.
	calm bool
	// finished says that nothing has an effect any more.
	finished bool
	quota    quota
	// latest is what began last.
	latest *step

	instances map[string]int
	// working are those that have goroutines.
	working map[*actor]bool

	name    string
	scene   scene
	app     *app
	source  *source
	rows    *rows
	history *historytest.Memory
	gateway *gateway
	clients []*client
	// followers are clients of server-sent events, and handoffs where their responses ended.
	followers []*follower
	handoffs  []*handoff
	records   []*record
	check     *checker
	tally
	log *slog.Logger
	// mutate breaks a publisher, and spoil what there is of channels, to see whether that is found.
	mutate func(*actor, *publish.Config)
	spoil  func(*actor, *parts)
	loosen func(*actor, *enforce.Config, *sweep.Config)
	hold   func(holding) lease.Queue
	serve  func(*actor, *sse.Handler)
	before bool
}

// tally is what a run was like.
type tally struct {
	arrivals, due int
	// seen is how often things happened that a run may be without.
	seen map[string]int
}

// saw counts what a run may be without.
func (t *tally) saw(what string) {
	if t.seen == nil {
		t.seen = map[string]int{}
	}
	t.seen[what]++
}

// scene is what there is in a world: who connects, what is said to whom, and what must become of that.
type scene interface {
	// begin has clients connect and authors write.
	begin()
	// heals is how long things heal until probes are written.
	heals() time.Duration
	// publisher is a new instance of publish, and sweeps what sweep does.
	publisher() *publisher
	sweeps(a *actor) *sweep.Sweeper
	// recordOf is the record of which the connection is sent a frame; nil: of none.
	recordOf(id string, f frame) *record
	// probe has something said that finds who is deaf, and finish checks everything.
	probe()
	finish()
}

// options are what a run differs in but the seed.
type options struct {
	spoil  func(*actor, *parts)
	loosen func(*actor, *enforce.Config, *sweep.Config)
	// hold breaks what deliver asks of its queue.
	hold func(holding) lease.Queue
	// serve breaks what sse uses, for which there are followers in each run.
	serve func(*actor, *sse.Handler)
	// scene is the name of one of scenes; empty: mastodon.
	scene  string
	mutate func(*actor, *publish.Config)
	// storm is the name of a weather; empty: the seed decides.
	storm string
	// before says that nothing happens but what did when a seed was kept.
	before bool
}

// simulate makes one run of the seed.
func simulate(t *testing.T, seed uint64, o options) (w *world) {
	t.Helper()
	synctest.Test(t, func(*testing.T) {
		w = newWorld(seed, o)
		w.run()
	})
	return w
}

func newWorld(seed uint64, o options) *world {
	w := &world{
		scheduler: newScheduler(seed), trace: trace{start: time.Now()}, seed: seed, storm: o.storm, instances: map[string]int{}, working: map[*actor]bool{},
		history: historytest.NewMemory(), log: slog.New(slog.DiscardHandler), mutate: o.mutate, spoil: o.spoil, loosen: o.loosen, hold: o.hold, serve: o.serve, before: o.before,
	}
	var known bool
	if w.weather, known = storms[o.storm]; !known {
		w.weather = newWeather(w.scheduler)
	}
	switch {
	case o.before:
	case w.weather.clocks == 0:
		w.weather.clocks = w.clocks()
	}
	w.quota = quota{w.weather.burst, time.Now()}
	w.rows, w.gateway = newRows(w), &gateway{world: w, sockets: map[string]*socket{}}
	w.app = &app{world: w, posts: map[string][]*record{}, deletes: map[string]int{}}
	w.check = &checker{w}
	if w.name = cmp.Or(o.scene, "mastodon"); !w.before && (w.name == "mastodon" || w.name == "wide") {
		w.weather.throttled = w.throttles()
	}
	w.scene = scenes[w.name](w)
	return w
}

const (
	// healing is how long things heal until probes are written, and probing how long they may take.
	healing = 12 * time.Minute
	probing = 2 * time.Minute
	// maxProbes is how many rounds there may be: as many as a connection can have mappings.
	maxProbes = 7
)

func (w *world) run() {
	w.source = newSource(w, 1+w.random.IntN(3))
	w.scene.begin()
	w.after(0, w.gateway.idle)
	w.after(time.Minute, w.sweep)
	w.after(busy, func() { w.calm = true })
	w.after(busy+w.scene.heals(), w.scene.probe)
	w.after(busy+w.scene.heals()+probing, w.finish)
	w.scheduler.run()
}

// sweep runs once a minute.
func (w *world) sweep() {
	a, at := w.actor("sweep"), time.Now()
	a.invoke(time.Minute, func(ctx context.Context) error { return w.scene.sweeps(a).Sweep(ctx, at) }, func(error) {})
	w.after(time.Minute, w.sweep)
}

// finish ends everything once the probes have arrived.
func (w *world) finish() {
	w.scene.finish()
	w.finished = true
	for a := range w.working {
		a.stop()
	}
	w.wait()
}

// wait ends the run when no goroutine is left.
func (w *world) wait() {
	if w.over = len(w.working) == 0; !w.over {
		w.after(time.Second, w.wait)
	}
}
