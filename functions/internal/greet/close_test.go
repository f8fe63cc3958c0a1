package greet_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"edgestream/functions/internal/greet"
	"edgestream/functions/internal/stream"
)

// door closes connections: each failure once, then it closes.
type door struct {
	gateway  *gateway
	failures []error
	tries    int
}

func (d *door) Disconnect(_ context.Context, id string) error {
	d.tries++
	if len(d.failures) > 0 {
		err := d.failures[0]
		d.failures = d.failures[1:]
		return err
	}
	d.gateway.accepted = append(d.gateway.accepted, id+" closed")
	return nil
}

func closing(frames ...string) stream.Greeting {
	g := greeting(frames...)
	g.Close = true
	return g
}

func (d *door) greeter() greet.Greeter {
	g := greeter(d.gateway)
	g.Closer = d
	return g
}

func TestAConnectionIsClosedBehindItsFrames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &door{gateway: &gateway{opens: time.Now().Add(time.Second)}}
		if err := d.greeter().Greet(context.Background(), closing("1", "2")); err != nil {
			t.Error(err)
		}
		accepted(t, d.gateway, "c= 1,c= 2,c= closed")
	})
}

func TestAConnectionStaysOpenUnlessItIsToBeClosed(t *testing.T) {
	d := &door{gateway: &gateway{}}
	if err := d.greeter().Greet(context.Background(), greeting("1")); err != nil {
		t.Error(err)
	}
	accepted(t, d.gateway, "c= 1")
}

func TestAConnectionWhoseFramesAreGivenUpIsClosedAllTheSame(t *testing.T) {
	d := &door{gateway: &gateway{failures: map[string][]error{"1": {stream.ErrTooLarge}}}}
	err := d.greeter().Greet(context.Background(), closing("1"))
	if !errors.Is(err, stream.ErrTooLarge) {
		t.Error(err)
	}
	accepted(t, d.gateway, "c= closed")
}

func TestAConnectionWhoseFramesAreNotTakenInTimeIsClosed(t *testing.T) {
	for _, reason := range []error{stream.ErrThrottled, stream.ErrUnavailable} {
		synctest.Test(t, func(t *testing.T) {
			d := &door{gateway: &gateway{failures: map[string][]error{"2": slices.Repeat([]error{reason}, 10_000)}}}
			if err := d.greeter().Greet(context.Background(), greeting("1", "2")); !errors.Is(err, reason) {
				t.Error(err)
			}
			accepted(t, d.gateway, "c= 1,c= closed")
		})
	}
}

func TestAConnectionIsNotClosedForAFrameThatNoneCanTake(t *testing.T) {
	d := &door{gateway: &gateway{failures: map[string][]error{"1": {stream.ErrTooLarge}}}}
	if err := d.greeter().Greet(context.Background(), greeting("1", "2")); !errors.Is(err, stream.ErrTooLarge) {
		t.Error(err)
	}
	accepted(t, d.gateway, "c= 2")
}

func TestAConnectionThatIsGoneIsNotClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &door{gateway: &gateway{opens: time.Now().Add(time.Hour)}}
		if err := d.greeter().Greet(context.Background(), closing("1")); !errors.Is(err, stream.ErrGone) || d.tries > 0 {
			t.Errorf("%v, %d tries", err, d.tries)
		}
		d = &door{gateway: &gateway{}, failures: []error{stream.ErrGone}}
		if err := d.greeter().Greet(context.Background(), closing("1")); err != nil {
			t.Errorf("gone by itself: %v", err)
		}
	})
}

func TestClosingIsTriedAgainForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &door{gateway: &gateway{}, failures: []error{stream.ErrThrottled, stream.ErrUnavailable}}
		if err := d.greeter().Greet(context.Background(), closing("1")); err != nil {
			t.Error(err)
		}
		accepted(t, d.gateway, "c= 1,c= closed")
		for range 10_000 {
			d.failures = append(d.failures, stream.ErrThrottled)
		}
		start := time.Now()
		if err := d.greeter().Greet(context.Background(), closing("1")); !errors.Is(err, stream.ErrThrottled) {
			t.Error(err)
		}
		if took := time.Since(start); took > 15*time.Second || took < 13*time.Second {
			t.Errorf("took %v", took)
		}
		forbidden := errors.New("forbidden")
		d = &door{gateway: &gateway{}, failures: []error{forbidden}}
		if err := d.greeter().Greet(context.Background(), closing("1")); !errors.Is(err, forbidden) || d.tries != 1 {
			t.Errorf("%v, %d tries", err, d.tries)
		}
	})
}
