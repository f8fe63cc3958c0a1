package channeldb

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/sweep"
)

// TestASubscribeThatDiedIsMendedByTheNext ends the invocation that subscribes at each of its requests in
// turn. A client that asks again is then subscribed, whatever it is told.
func TestASubscribeThatDiedIsMendedByTheNext(t *testing.T) {
	for _, channel := range []pusher.Channel{"x", "cache-x", "presence-x", "presence-cache-x"} {
		t.Run(string(channel), func(t *testing.T) {
			cfg, endpoint := database(t)
			d := &dying{HTTPClient: cfg.HTTPClient}
			cfg.HTTPClient = d
			for n, died := int64(0), true; died; n++ {
				w := newWorldAt(t, cfg, endpoint)
				s := pusher.Session{Session: w.opened(t, "A1=")}
				ctx, cancel := context.WithCancel(t.Context())
				d.left.Store(n)
				d.die.Store(&cancel)
				_, err := w.Subscribe(ctx, s, channel, pusher.Subscriber{User: "7", Info: "{}"}, at(s.Session, 0))
				d.die.Store(nil)
				cancel()
				died = err != nil
				again, err := w.Session(t.Context(), s.Connection)
				if err != nil {
					t.Fatal(err)
				}
				_, err = w.Subscribe(t.Context(), again, channel, pusher.Subscriber{User: "8"}, at(s.Session, 1000))
				if err != nil && !errors.Is(err, pusher.ErrSubscribed) {
					t.Fatalf("died at request %d: %v", n, err)
				}
				w.isSubscribed(t, s.Session, channel, n)
			}
		})
	}
}

// isSubscribed fails unless the connection has a place on the channel, which is occupied and, if others see
// it there, looked at for signs of life.
func (w *world) isSubscribed(t *testing.T, s stream.Session, channel pusher.Channel, n int64) {
	t.Helper()
	ctx := t.Context()
	if count, err := w.Subscriptions(ctx, s.App, string(channel)); err != nil || count != 1 {
		t.Errorf("died at request %d: %d subscriptions, %v", n, count, err)
	}
	if all, err := w.Occupied(ctx, s.App, "", "", 10); err != nil || !slices.Equal(all, []string{string(channel)}) {
		t.Errorf("died at request %d: occupied %q, %v", n, all, err)
	}
	seen, err := NewPulses(w.client, w.connections).Due(ctx, sweep.Window{To: time.Now().Add(time.Hour)})
	if want := channel.Presence(); err != nil || len(seen) == 1 != want {
		t.Errorf("died at request %d: looked at %v, %v", n, seen, err)
	}
	holds, err := w.Session(ctx, s.Connection)
	if users, _ := w.Users(ctx, s.App, string(channel)); channel.Presence() && !slices.Equal(users, []string{holds.Channels[string(channel)].User}) {
		t.Errorf("died at request %d: users %q, and %+v is subscribed, %v", n, users, holds.Channels, err)
	}
}
