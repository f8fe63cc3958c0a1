package channeldb

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/pushertest"
	"edgestream/functions/internal/stream"
)

// told keeps which channels are to be looked at, and which were counted; it may fail so many times.
type told struct {
	*Channels
	fails              int
	vacating, counting []string
}

func (h *told) Occupied(context.Context, string, string, time.Time) error { return nil }

func (h *told) Vacating(_ context.Context, _ string, channels ...string) error {
	if h.fails--; h.fails >= 0 {
		return context.DeadlineExceeded
	}
	h.vacating = append(h.vacating, channels...)
	return nil
}

func (h *told) Counted(_ context.Context, _, channel string) error {
	if h.fails--; h.fails >= 0 {
		return context.DeadlineExceeded
	}
	h.counting = append(h.counting, channel)
	return nil
}

func (w *world) members(h *told) Members {
	h.Channels = w.Channels
	apps := pushertest.Apps{{ID: "4072", Key: "k", Secret: "s", Enabled: true, SubscriptionCount: true}}
	return Members{w.Channels, pusher.Departure{Connections: w.Channels, Apps: apps, Events: h, Hooks: h}}
}

func TestAListenerThatIsGoneIsForgottenWithoutItsRow(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	s := w.allOf(t, "A1=")
	if err := w.rows.End(ctx, s.Connection); err != nil { // as if something had lost it
		t.Fatal(err)
	}
	var h told
	m := w.members(&h)
	for _, sub := range []stream.Subscription{
		{Stream: stream.Channel, Param: "x"}, {Stream: stream.Channel, Param: "private-y"}, {Stream: stream.Channel, Param: "presence-x"},
		{Stream: stream.Channel, Param: "cache-x"}, {Stream: stream.Channel, Param: "presence-cache-x"},
		{Stream: stream.Channel, Param: "#server-to-user-7"}, {Stream: stream.Watch, Param: "8"}, {Stream: stream.Watch, Param: "9"},
	} {
		h = told{Channels: w.Channels}
		fails := 0
		if sub.Stream == stream.Channel {
			fails = 1
		}
		for h.fails = fails; fails >= 0; fails-- { // the queue does, so that it is found once more
			err := m.Forget(ctx, stream.Listener{Connection: s.Connection, Subscription: sub, App: "4072"})
			if (err != nil) != (fails > 0) {
				t.Errorf("%v: %v", sub, err)
			}
		}
		if is := slices.Contains(h.vacating, sub.Param); is != (sub.Stream == stream.Channel) {
			t.Errorf("%v: is to be looked at: %v", sub, is)
		}
	}
	left := slices.DeleteFunc(w.held(t), func(key string) bool { return strings.HasPrefix(key, "alive#") })
	if len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

// TestADepartureIsRepeatedFromAnyStep ends a connection, with a failure at each request in turn, of the
// tables or of the queue, and then once more.
func TestADepartureIsRepeatedFromAnyStep(t *testing.T) {
	cfg, endpoint := database(t)
	d := &dying{HTTPClient: cfg.HTTPClient}
	cfg.HTTPClient = d
	w := newWorldAt(t, cfg, endpoint)
	channels := []string{"#server-to-user-7", "cache-x", "presence-cache-x", "presence-x", "private-y", "x"}
	for n := int64(1); ; n++ {
		s := w.allOf(t, "A1=")
		ctx, cancel := context.WithCancel(t.Context())
		d.left.Store(n)
		d.die.Store(&cancel)
		died := w.end(ctx, s, nil)
		d.die.Store(nil)
		cancel()
		if died == nil {
			if n < 10 {
				t.Errorf("an end has only %d requests", n)
			}
			break
		}
		w.endAgain(t, s, channels)
	}
	for fails := 1; fails <= 1+len(channels)-2; fails++ { // all but presence channels are counted
		s := w.allOf(t, "A1=")
		if err := w.end(t.Context(), s, &told{fails: fails}); err == nil {
			t.Errorf("told nothing: no error")
		}
		w.endAgain(t, s, channels)
	}
}

func (w *world) end(ctx context.Context, s pusher.Session, h *told) error {
	if h == nil {
		h = &told{}
	}
	_, err := w.members(h).Departure.Close(ctx, s.Connection)
	return err
}

// endAgain ends what failed before, and fails unless all is gone and was told.
func (w *world) endAgain(t *testing.T, s pusher.Session, channels []string) {
	t.Helper()
	var h told
	known, err := w.members(&h).Departure.Close(t.Context(), s.Connection)
	slices.Sort(h.vacating)
	if err != nil || !known || !slices.Equal(h.vacating, channels) {
		t.Errorf("again: %v, known %v, told of %q", err, known, h.vacating)
	}
	if left := w.leftMappings(w.held(t)); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}
