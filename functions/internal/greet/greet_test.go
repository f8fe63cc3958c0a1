package greet_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"edgestream/functions/internal/greet"
	"edgestream/functions/internal/stream"
)

// gateway answers posts by script: a rule per frame, else it accepts.
type gateway struct {
	opens    time.Time // before it, every post is 410
	failures map[string][]error
	tries    int
	times    []time.Time
	accepted []string
}

func (g *gateway) Post(ctx context.Context, id string, frame []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	g.tries++
	g.times = append(g.times, time.Now())
	if time.Now().Before(g.opens) {
		return fmt.Errorf("apigw: %w", stream.ErrGone)
	}
	if left := g.failures[string(frame)]; len(left) > 0 {
		g.failures[string(frame)] = left[1:]
		return left[0]
	}
	g.accepted = append(g.accepted, id+" "+string(frame))
	return nil
}

func greeter(g *gateway) greet.Greeter {
	return greet.Greeter{Poster: g, Young: 5 * time.Second, Patience: 15 * time.Second, MaxWait: 10 * time.Second}
}

// greeting is of a connection that asked to be opened just now.
func greeting(frames ...string) stream.Greeting {
	return stream.Greeting{Connection: stream.Connection{ID: "c=", ConnectedAt: time.Now()}, Frames: frames}
}

func accepted(t *testing.T, g *gateway, frames string) {
	t.Helper()
	if got := strings.Join(g.accepted, ","); got != frames {
		t.Errorf("accepted %q, want %q", got, frames)
	}
}

func TestFramesArePostedInOrder(t *testing.T) {
	g := &gateway{}
	if err := greeter(g).Greet(context.Background(), greeting("1", "2", "3")); err != nil {
		t.Error(err)
	}
	accepted(t, g, "c= 1,c= 2,c= 3")
}

func TestAConnectionThatIsNotOpenYetIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gateway{opens: time.Now().Add(2 * time.Second)}
		if err := greeter(g).Greet(context.Background(), greeting("1", "2")); err != nil {
			t.Error(err)
		}
		accepted(t, g, "c= 1,c= 2")
		for i := 1; i < g.tries-2; i++ {
			least := min(10*time.Millisecond<<(i-1), 50*time.Millisecond) // the first are short: most open at once
			if gap := g.times[i].Sub(g.times[i-1]); gap < least || gap > 2*least {
				t.Errorf("pause %d took %v, want %v to %v", i, gap, least, 2*least)
			}
		}
		if late := time.Since(g.opens); late > 100*time.Millisecond {
			t.Errorf("%v late", late)
		}
	})
}

func TestNothingIsPostedOnceTheTokenHasRunOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gateway{opens: time.Now().Add(2 * time.Second)}
		late := greeting("1", "2")
		late.Until = time.Now().Add(time.Second)
		err := greeter(g).Greet(context.Background(), late)
		if !errors.Is(err, stream.ErrTooLate) || !strings.HasPrefix(err.Error(), "2 of 2 frames given up") {
			t.Error(err)
		}
		accepted(t, g, "")
	})
}

func TestAConnectionThatStaysGoneIsGivenUp(t *testing.T) {
	for name, test := range map[string]struct {
		age, young  time.Duration
		least, most time.Duration
	}{
		"Young":                    {0, 5 * time.Second, 5 * time.Second, 5200 * time.Millisecond},
		"SlowlyConnected":          {25 * time.Second, 5 * time.Second, 5 * time.Second, 5200 * time.Millisecond},
		"Old":                      {time.Hour, 5 * time.Second, 0, 0},
		"NoPatienceForYoungAtAll":  {0, 0, 0, 0},
		"ConnectedInAClocksFuture": {-time.Hour, time.Second, time.Second, 1200 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := &gateway{opens: time.Now().Add(time.Hour)}
				greeter := greeter(g)
				greeter.Young = test.young
				one := greeting("1", "2")
				one.Connection.ConnectedAt = time.Now().Add(-test.age)
				start := time.Now()
				err := greeter.Greet(context.Background(), one)
				if !errors.Is(err, stream.ErrGone) || !strings.HasPrefix(err.Error(), "2 of 2 frames given up") {
					t.Errorf("got %v", err)
				}
				if took := time.Since(start); took < test.least || took > test.most {
					t.Errorf("took %v", took)
				}
			})
		})
	}
}

func TestThrottlingAndFailuresAreTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gateway{failures: map[string][]error{
			"1": {stream.ErrThrottled, stream.ErrThrottled, stream.ErrUnavailable},
			"2": {stream.ErrUnavailable},
		}}
		if err := greeter(g).Greet(context.Background(), greeting("1", "2")); err != nil {
			t.Error(err)
		}
		accepted(t, g, "c= 1,c= 2")
	})
}

func TestThrottlingWithoutEndIsGivenUpInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		always := make([]error, 10_000)
		for i := range always {
			always[i] = stream.ErrThrottled
		}
		g := &gateway{failures: map[string][]error{"2": always}}
		start := time.Now()
		err := greeter(g).Greet(context.Background(), greeting("1", "2", "3"))
		if !errors.Is(err, stream.ErrThrottled) || !strings.HasPrefix(err.Error(), "2 of 3 frames given up") {
			t.Errorf("got %v", err)
		}
		if took := time.Since(start); took > 15*time.Second || took < 13*time.Second || g.tries > 60 {
			t.Errorf("%d tries in %v", g.tries, took)
		}
		accepted(t, g, "c= 1")
	})
}

func TestAFrameThatIsTooLargeIsLeftOut(t *testing.T) {
	g := &gateway{failures: map[string][]error{"2": {stream.ErrTooLarge}}}
	err := greeter(g).Greet(context.Background(), greeting("1", "2", "3"))
	if !errors.Is(err, stream.ErrTooLarge) || !strings.HasPrefix(err.Error(), "1 of 3 frames given up") {
		t.Errorf("got %v", err)
	}
	accepted(t, g, "c= 1,c= 3")
}

func TestARefusalOfAnotherKindIsFinal(t *testing.T) {
	forbidden := errors.New("forbidden")
	g := &gateway{failures: map[string][]error{"1": {forbidden}}}
	if err := greeter(g).Greet(context.Background(), greeting("1", "2")); !errors.Is(err, forbidden) {
		t.Errorf("got %v", err)
	}
	accepted(t, g, "")
}

func TestALaterGreetingWaitsForItsTime(t *testing.T) {
	for wait, took := range map[time.Duration]time.Duration{
		-time.Hour: 0, 3 * time.Second: 3 * time.Second, 10 * time.Second: 10 * time.Second,
	} {
		synctest.Test(t, func(t *testing.T) {
			g, start := &gateway{}, time.Now()
			late := greeting("1")
			late.NotBefore = start.Add(wait)
			if err := greeter(g).Greet(context.Background(), late); err != nil {
				t.Error(err)
			}
			if got := time.Since(start); got != took {
				t.Errorf("NotBefore in %v: waited %v, want %v", wait, got, took)
			}
		})
	}
}

func TestWhatWouldComeBehindLaterFramesClosesTheConnection(t *testing.T) {
	for _, test := range []struct {
		notBefore, notAfter time.Duration // from now
		unavailable         int
		accepted            string
	}{
		{0, time.Second, 0, "c= 1,c= 2"},
		{0, time.Second, 3, "c= 1,c= 2"},
		{0, 300 * time.Millisecond, 20, "c= closed"},
		{0, -time.Millisecond, 0, "c= closed"},
		{2 * time.Second, 3 * time.Second, 0, "c= 1,c= 2"},
		{20 * time.Second, 21 * time.Second, 0, "c= closed"},
	} {
		synctest.Test(t, func(t *testing.T) {
			g := &gateway{failures: map[string][]error{"1": slices.Repeat([]error{stream.ErrUnavailable}, test.unavailable)}}
			in, start := greeting("1", "2"), time.Now()
			in.NotBefore, in.NotAfter = start.Add(test.notBefore), start.Add(test.notAfter)
			door := &door{gateway: g}
			if err := door.greeter().Greet(context.Background(), in); (err != nil) != (test.accepted == "c= closed") {
				t.Errorf("%v: %v", test, err)
			}
			accepted(t, g, test.accepted)
		})
	}
}

func TestWhatIsLateForAConnectionThatIsGoneIsNoFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &door{gateway: &gateway{}, failures: []error{stream.ErrGone}}
		late := greeting("1")
		late.NotAfter = time.Now().Add(-time.Second)
		if err := d.greeter().Greet(context.Background(), late); !errors.Is(err, stream.ErrGone) {
			t.Errorf("got %v", err)
		}
		accepted(t, d.gateway, "")
	})
}

func TestTheContextsEndEndsTheGreeting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		g, start := &gateway{opens: time.Now().Add(time.Hour)}, time.Now()
		if err := greeter(g).Greet(ctx, greeting("1")); !errors.Is(err, stream.ErrGone) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("took %v", took)
		}
	})
}

// silence accepts a post and never answers.
type silence struct{}

func (silence) Post(ctx context.Context, _ string, _ []byte) error {
	<-ctx.Done()
	return fmt.Errorf("%w: %w", stream.ErrUnavailable, ctx.Err())
}

func TestAGatewayThatDoesNotAnswerIsGivenUpInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		g := greet.Greeter{Poster: silence{}, Young: 5 * time.Second, Patience: 15 * time.Second}
		if err := g.Greet(context.Background(), greeting("1")); !errors.Is(err, stream.ErrUnavailable) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(start); took != 15*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func TestGreetingsOfClientsThatCameTogetherSpread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		attempts := map[time.Duration]bool{}
		for range 20 {
			g, start := &gateway{failures: map[string][]error{"1": {stream.ErrThrottled, stream.ErrThrottled}}}, time.Now()
			if err := greeter(g).Greet(context.Background(), greeting("1")); err != nil {
				t.Error(err)
			}
			attempts[time.Since(start)] = true
		}
		if len(attempts) < 15 {
			t.Errorf("20 greetings were delivered at %d different times", len(attempts))
		}
	})
}
