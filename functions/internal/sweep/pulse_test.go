package sweep_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/sweep"
)

// room is a world whose connections are an app's, and each of them present.
type room struct {
	*world
	pulses map[string]sweep.Pulse
	heard  map[string]time.Time
	// silent clients do not answer any more.
	silent map[string]bool
	left   map[string]time.Time
	errors map[string]error
}

func newRoom() *room {
	return &room{world: newWorld(), pulses: map[string]sweep.Pulse{}, heard: map[string]time.Time{}, silent: map[string]bool{}, left: map[string]time.Time{}, errors: map[string]error{}}
}

// enter has a client come that was heard just now.
func (r *room) enter(id string) {
	r.open(id, 0)
	s := r.rows[id]
	s.App = "1"
	r.rows[id], r.heard[id] = s, time.Now()
	r.pulses[id] = sweep.Pulse{Connection: s.Connection, At: time.Now().Add(sweep.Quiet)}
}

func (r *room) Due(_ context.Context, w sweep.Window) (due []sweep.Pulse, err error) {
	for id, p := range r.pulses {
		if !p.At.After(w.To) {
			p.Heard = r.heard[id]
			due = append(due, p)
		}
	}
	return due, r.errors["due"]
}

func (r *room) Move(_ context.Context, p sweep.Pulse, to, asked time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.errors["move"]; err != nil {
		return err
	}
	r.pulses[p.ID] = sweep.Pulse{Connection: p.Connection, At: to, Asked: asked}
	return nil
}

func (r *room) Forget(_ context.Context, p sweep.Pulse) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.pulses, p.ID)
	return r.errors["forget"]
}

// departure closes connections of apps.
type departure struct{ *room }

func (d departure) Close(_ context.Context, c stream.Connection) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.errors["close"]; err != nil {
		return false, err
	}
	_, known := d.rows[c.ID]
	delete(d.rows, c.ID)
	delete(d.heard, c.ID)
	d.left[c.ID] = time.Now()
	return known, nil
}

// Post delivers a frame; a client that is there answers.
func (r *room) Post(ctx context.Context, id string, frame []byte) error {
	if err := r.world.Post(ctx, id, frame); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.silent[id] {
		r.heard[id] = time.Now()
	}
	return nil
}

func (r *room) run(t *testing.T) {
	t.Helper()
	s := r.sweeper()
	s.Pulses, s.Departure, s.Transport, s.Ping = r, departure{r}, r, []byte("ping")
	if err := s.Sweep(t.Context(), time.Now()); err != nil {
		t.Error(err)
	}
}

// TestWhoVanishesIsOutWithinFourMinutes lets clients vanish at every second of the schedule, whose
// runs come up to ten seconds late. Those that speak often are never asked, those that only listen no
// more than every two minutes, and none of them is closed.
func TestWhoVanishesIsOutWithinFourMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom()
		random := rand.New(rand.NewPCG(1, 2))
		start := time.Now()
		next := start
		gone := map[string]time.Time{}
		for second := range 30 * 60 {
			now := start.Add(time.Duration(second) * time.Second)
			if second < 120 {
				for _, kind := range []string{"listens", "speaks", "vanishes", "spoke"} {
					r.enter(fmt.Sprintf("%s%d=", kind, second))
				}
			}
			for id, heard := range r.heard {
				if id[:2] == "sp" && !r.silent[id] && now.Sub(heard) >= 85*time.Second {
					r.heard[id] = now
				}
			}
			if n := second - 600; n >= 0 && n < 120 {
				for _, kind := range []string{"vanishes", "spoke"} {
					id := fmt.Sprintf("%s%d=", kind, n)
					r.silent[id], gone[id] = true, now
				}
			}
			if !now.Before(next) {
				r.run(t)
				minutes := time.Duration(second/60+1) * time.Minute
				next = start.Add(minutes + time.Duration(random.IntN(11))*time.Second)
			}
			time.Sleep(time.Until(now.Add(time.Second)))
		}
		longest := time.Duration(0)
		for id, since := range gone {
			if r.left[id].IsZero() {
				t.Fatalf("%s is still there", id)
			}
			longest = max(longest, r.left[id].Sub(since))
		}
		t.Logf("the longest was there for %v", longest)
		if longest > 4*time.Minute || len(r.left) != len(gone) || len(gone) != 240 {
			t.Errorf("%d left, the last after %v; %d vanished", len(r.left), longest, len(gone))
		}
		asked := 0
		for i := range 120 {
			asked += len(r.frames[fmt.Sprintf("listens%d=", i)])
			if n := slices.Index(r.frames[fmt.Sprintf("speaks%d=", i)], "ping"); n >= 0 {
				t.Errorf("speaks%d= was asked", i)
			}
		}
		if mean := float64(asked) / 120; mean < 11 || mean > 16 {
			t.Errorf("who only listens was asked %.1f times in half an hour", mean)
		}
	})
}

func TestASignOfLifeAfterTheQuestionCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom()
		r.enter("A=")
		r.silent["A="] = true
		time.Sleep(100 * time.Second)
		r.run(t) // asks
		if got := r.frames["A="]; len(got) != 1 || got[0] != "ping" || r.last.Asked != 1 || r.last.Felt != 1 {
			t.Fatalf("frames %q, %+v", got, r.last)
		}
		time.Sleep(20 * time.Second)
		r.run(t) // it has still time
		time.Sleep(20 * time.Second)
		r.heard["A="] = time.Now()
		time.Sleep(20 * time.Second)
		r.run(t)
		if len(r.left) != 0 || !r.pulses["A="].Asked.IsZero() || len(r.frames["A="]) != 1 {
			t.Errorf("left %v, %+v", r.left, r.pulses)
		}
	})
}

func TestAConnectionThatIsGoneLeavesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom()
		r.enter("gone=")
		r.enter("removed=")
		delete(r.active, "gone=")
		delete(r.heard, "removed=")
		delete(r.rows, "removed=")
		time.Sleep(100 * time.Second)
		r.run(t)
		if len(r.left) != 1 || r.left["gone="].IsZero() || len(r.pulses) != 0 || r.last.Gone != 1 || r.last.Failed != 0 {
			t.Errorf("left %v, pulses %v, %+v", r.left, r.pulses, r.last)
		}
	})
}

// Nobody sees a client any longer that is gone, even if its connection cannot be closed.
func TestWhatCannotBeDoneIsDoneByALaterRun(t *testing.T) {
	broken := errors.New("broken")
	for _, call := range []string{"post", "move", "close", "forget", "disconnect"} {
		t.Run(call, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRoom()
				for i := range 20 { // one in trouble holds nothing up, many do
					r.enter(fmt.Sprintf("ok%d=", i))
				}
				r.enter("A=")
				r.silent["A="] = true
				for minute := range 8 {
					for id := range r.heard {
						if id != "A=" {
							r.heard[id] = time.Now()
						}
					}
					time.Sleep(time.Minute)
					r.errors, r.answer = map[string]error{}, nil
					if minute < 4 && (call == "post" || call == "disconnect" && minute > 1) {
						r.answer = func(_ context.Context, id string) error { return broken }
					} else if minute < 4 {
						r.errors[call] = broken
					}
					r.run(t)
				}
				if r.left["A="].IsZero() || len(r.left) != 1 || len(r.pulses) != 20 {
					t.Errorf("left %v, %d pulses", r.left, len(r.pulses))
				}
			})
		})
	}
}

func TestPulsesThatCannotBeReadEndTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom()
		r.errors["due"] = errTable
		s := r.sweeper()
		s.Pulses = r
		if err := s.Sweep(t.Context(), time.Now()); !errors.Is(err, errTable) {
			t.Error(err)
		}
	})
}

// What an app's connection leaves is not for the table alone: others see it as present.
func TestADeadConnectionOfAnAppDeparts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom()
		for id, age := range map[string]time.Duration{"dead=": sweep.Dead + time.Second, "gone=": 270 * time.Second} {
			r.open(id, age)
			s := r.rows[id]
			s.App = "1"
			r.rows[id] = s
			delete(r.active, id)
		}
		r.run(t)
		if len(r.left) != 2 {
			t.Errorf("left %v", r.left)
		}
	})
}
