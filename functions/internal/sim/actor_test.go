package sim

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"edgestream/functions/internal/history"
	"edgestream/functions/internal/stream"
)

var (
	errDead = errors.New("the instance has died")
	// errUnavailable is what every service answers that fails; it is right for all of them.
	errUnavailable = fmt.Errorf("%w (%w)", stream.ErrUnavailable, history.ErrUnavailable)
)

// actor is an instance of a function. What it does to the world it does in steps; once it is dead,
// nothing that its goroutines still do has an effect.
type actor struct {
	*world
	kind, name string
	dead       atomic.Bool
	parked     map[*step]bool
	// round counts invocations; ends is called when the one that runs ends, and nil if none does.
	round  int
	ends   func(error)
	cancel context.CancelFunc
	// complained says that its log has something that did not go well.
	complained bool
	// offset is by how much its clock differs from the world's.
	offset time.Duration
}

func (w *world) actor(kind string) *actor {
	w.instances[kind]++
	name := fmt.Sprint(kind, w.instances[kind])
	return &actor{world: w, kind: kind, name: name, parked: map[*step]bool{}, cancel: func() {}, offset: w.clockOf(name)}
}

// invoke runs the handler on the instance, and calls then when it has returned, or has died: by
// its timeout, too.
func (a *actor) invoke(timeout time.Duration, handle func(context.Context) error, then func(error)) {
	a.round++
	round := a.round
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	a.ends, a.cancel = then, cancel
	a.working[a] = true
	go func() {
		err := handle(ctx)
		a.submit(fmt.Sprint(a.name, " returns ", round), func() {
			delete(a.working, a)
			cancel()
			if !a.dead.Load() {
				a.end(err)
			}
		})
	}()
	a.after(timeout, func() {
		if a.round == round && a.ends != nil {
			a.die("its time is up")
		}
	})
}

func (a *actor) end(err error) {
	if then := a.ends; then != nil {
		a.ends = nil
		then(err)
	}
}

// die ends the instance between two steps.
func (a *actor) die(why string) {
	if a.dead.Swap(true) {
		return
	}
	a.note(mark{}, "%s dies: %s", a.name, why)
	a.saw("a death of " + a.kind)
	a.stop()
	if a.ends != nil {
		a.after(a.between(10*time.Millisecond, 200*time.Millisecond), func() { a.end(errDead) })
	}
}

// stop lets its goroutines go.
func (a *actor) stop() {
	a.dead.Store(true)
	for s := range a.parked {
		s.release(errDead)
	}
	a.cancel()
}

// operation is something to be done to the world.
type operation struct {
	class class
	// what it is, in the trace; it tells apart what an instance does at one moment.
	what string
	// about is whom it concerns, and effect what it does. unsure is called if it was done and the caller
	// does not know. The scheduler calls them.
	about  func() mark
	effect func() error
	unsure func()
	// alike says that several callers may ask for it at one moment: the same befalls all of them, as it
	// is chance who of them was first.
	alike bool
}

// step is an operation under way: a request that takes effect after a while, and whose answer takes
// another.
type step struct {
	*actor
	operation
	fate
	err  error
	done chan struct{}
	// happened says that it had its effect, and abandoned that the caller did not wait for the answer.
	happened  bool
	abandoned atomic.Bool
	// answered is what the caller is told.
	answered error
	// others are alike, and began at the same moment.
	others []*step
	began  time.Time
}

// do has the operation done in the scheduler's time, and returns its error, or that of what befell it.
// Then it was done or not.
func (a *actor) do(ctx context.Context, o operation) error {
	switch err := ctx.Err(); {
	case a.dead.Load():
		return errDead
	case err != nil:
		return fmt.Errorf("%w: %w", errUnavailable, err)
	}
	s := &step{actor: a, operation: o, done: make(chan struct{})}
	a.submit(a.name+" "+o.what, s.begin)
	select {
	case <-s.done:
		return s.err
	case <-ctx.Done():
		s.abandoned.Store(true)
		return fmt.Errorf("%w: %w", errUnavailable, ctx.Err())
	}
}

func (s *step) begin() {
	s.parked[s] = true
	first := s.world.latest
	switch {
	case s.dead.Load():
		s.release(errDead)
	case s.alike && first != nil && first.alike && first.actor == s.actor && first.what == s.what && first.began.Equal(time.Now()):
		first.others = append(first.others, s)
	default:
		s.world.latest, s.began = s, time.Now()
		s.fate = s.fateOf(s.class)
		s.after(s.takes, s.strike)
	}
}

// strike is when the operation takes effect.
func (s *step) strike() {
	switch {
	case s.dead.Load() || s.abandoned.Load() && !s.late:
		return
	case s.kills == before:
		s.die("before it " + s.what)
		return
	}
	all := append([]*step{s}, s.others...)
	for _, one := range all {
		one.apply(s.fate)
	}
	if s.kills == behind {
		s.die("behind that")
		return
	}
	s.after(s.answer, func() {
		for _, one := range all {
			one.release(one.answered)
		}
	})
}

// apply has the effect.
func (s *step) apply(f fate) {
	s.answered = f.refused
	if s.answered == nil {
		s.answered = s.effect()
		s.happened = s.answered == nil
	}
	s.note(s.about(), "%s %s: %s", s.name, s.what, word(s.answered))
	if f.lost != nil {
		s.answered = f.lost
	}
}

func (s *step) release(err error) {
	if !s.parked[s] {
		return
	}
	delete(s.parked, s)
	s.err = err
	close(s.done)
	if s.happened && s.unsure != nil && (err != nil || s.abandoned.Load()) {
		s.note(s.about(), "%s does not know that it %s", s.name, s.what)
		s.unsure()
	}
}

// word is an outcome in a trace.
func word(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, stream.ErrGone):
		return "gone"
	case errors.Is(err, stream.ErrThrottled):
		return "throttled"
	case errors.Is(err, errThrottled):
		return "throttled by the table"
	case errors.Is(err, errUnavailable):
		return "unavailable"
	}
	return err.Error()
}
