package lambda

import (
	"os"
	"sync"
	"time"
)

// reporter turns the programs that appear during a build into progress.
type reporter struct {
	progress func(string, int, int, time.Duration)
	begin    time.Time
	pending  []*target
	done     int
	total    int
}

func newReporter(targets []*target, progress func(string, int, int, time.Duration)) *reporter {
	r := &reporter{progress: progress, begin: time.Now(), pending: targets}
	for _, t := range targets {
		r.total += len(t.functions)
	}
	return r
}

// during runs the build and looks every so often which programs are there.
func (r *reporter) during(build func() error) error {
	if r.progress == nil {
		return build()
	}
	stop := make(chan struct{})
	var looking sync.WaitGroup
	looking.Go(func() { r.look(stop) })
	defer looking.Wait()
	defer close(stop)
	return build()
}

func (r *reporter) look(stop chan struct{}) {
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return
		case <-ticker.C:
			r.report(func(t *target) bool {
				now, err := os.Stat(t.output)
				return err == nil && (t.before == nil || !os.SameFile(now, t.before))
			})
		}
	}
}

// finish reports what has not been reported: programs that were up to date.
func (r *reporter) finish() {
	if r.progress != nil {
		r.report(func(*target) bool { return true })
	}
}

func (r *reporter) report(ready func(*target) bool) {
	var pending []*target
	for _, t := range r.pending {
		if !ready(t) {
			pending = append(pending, t)
			continue
		}
		for _, name := range t.functions {
			r.done++
			r.progress(name, r.done, r.total, time.Since(r.begin))
		}
	}
	r.pending = pending
}
