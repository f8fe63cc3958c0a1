package dynamo

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/sweep"
	"edgestream/functions/internal/table"
)

// openedBy is a session of an app.
func openedBy(t testing.TB, c *Connections, id, app string) stream.Session {
	t.Helper()
	s := stream.Session{App: app, Connection: stream.Connection{ID: id, ConnectedAt: time.Now().Add(-time.Hour).Truncate(time.Millisecond).UTC()}}
	if err := c.Open(t.Context(), s, nil); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAConnectionOfAnAppStandsInNoAccountsRow(t *testing.T) {
	c, ctx := newConnections(t, Limits{Subscriptions: 5, Connections: 1}), t.Context()
	first, second := openedBy(t, c, "A1=", "4072"), openedBy(t, c, "B1=", "4072")
	topic := stream.ChannelTopic("4072", "x")
	for _, s := range []stream.Session{first, second} {
		if got, err := c.Session(ctx, s.Connection); err != nil || got.App != "4072" || got.Account != "" {
			t.Errorf("%+v, %v", got, err)
		}
		if err := c.MapChannel(ctx, s, stream.Subscription{Stream: stream.Channel, Param: "x"}, at(s, 1), true); err != nil {
			t.Fatal(err)
		}
	}
	if row := c.rowOf(t, accountKey("")); row != nil {
		t.Errorf("an account's row: %v", row)
	}
	found, err := c.Listeners(ctx, []stream.Topic{topic, stream.EveryoneTopic()})
	listeners := found[topic].Listeners
	if err != nil || len(listeners) != 2 || len(found) != 1 || listeners[0].App != "4072" || listeners[0].Topic() != topic || !listeners[0].Opened.IsZero() {
		t.Errorf("%+v, %v", found, err)
	}
	if sockets, err := c.Opened(ctx, sweep.Window{From: first.ConnectedAt.Add(-time.Second), To: second.ConnectedAt.Add(time.Second)}); err != nil || len(sockets) != 2 || sockets[0].App != "4072" {
		t.Errorf("%+v, %v", sockets, err)
	}
	for _, l := range listeners {
		if err := c.Forget(ctx, l); err != nil {
			t.Error(err)
		}
	}
	if found, err := c.Listeners(ctx, []stream.Topic{topic}); err != nil || len(found) != 0 {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestWhatIsClaimedCountsAgainstTheLimit(t *testing.T) {
	c, ctx := newConnections(t, Limits{Subscriptions: 2}), t.Context()
	s := openedBy(t, c, "A1=", "4072")
	claim := func(channel pusher.Channel, ms int, want error) {
		t.Helper()
		made, err := c.Claim(ctx, s.Connection, channel, pusher.Subscriber{User: "7"}, at(s, ms))
		if there := want == nil || errors.Is(want, pusher.ErrSubscribed); !errors.Is(err, want) || there == made.IsZero() || there && made.After(at(s, ms)) {
			t.Errorf("%s at %d: %v, %v; want %v", channel, ms, made, err, want)
		}
	}
	claim("a", 1, nil)
	claim("a", 1, nil) // again
	claim("a", 2, pusher.ErrSubscribed)
	claim("b", 3, nil)
	claim("c", 4, stream.ErrTooManySubscriptions)
	if err := c.Disclaim(ctx, s.Connection, "a", at(s, 1)); err != nil {
		t.Fatal(err)
	}
	if err := c.Disclaim(ctx, s.Connection, "b", at(s, 1)); err != nil { // of another message
		t.Fatal(err)
	}
	claim("c", 5, nil)
	claim("a", 6, stream.ErrTooManySubscriptions)
	if _, err := c.Claim(ctx, stream.Connection{ID: "none="}, "a", pusher.Subscriber{}, at(s, 1)); !errors.Is(err, stream.ErrNoConnection) {
		t.Error(err)
	}
}

func TestAReleaseSaysWhoseTheSubscriptionIs(t *testing.T) {
	c, ctx := newConnections(t, Limits{Subscriptions: 9}), t.Context()
	s := openedBy(t, c, "A1=", "4072")
	as := pusher.Subscriber{User: "7", Info: `{"a":1}`}
	subscribe := func(ms int) {
		t.Helper()
		if _, err := c.Claim(ctx, s.Connection, "x", as, at(s, ms)); err != nil && !errors.Is(err, pusher.ErrSubscribed) {
			t.Fatal(err)
		}
	}
	release := func(ms int, want pusher.Subscriber, ended bool, made int) {
		t.Helper()
		for range 2 { // it may be repeated
			got, is, now, err := c.Release(ctx, s.Connection, "x", at(s, ms))
			wanted := time.Time{}
			if made != 0 {
				wanted = at(s, made)
			}
			if err != nil || got != want || is != ended || !now.Equal(wanted) {
				t.Errorf("at %d: %+v, %v, %v, %v", ms, got, is, now, err)
			}
		}
	}
	if got, ended, made, err := c.Release(ctx, s.Connection, "x", at(s, 1)); err != nil || got != (pusher.Subscriber{}) || ended || !made.IsZero() {
		t.Errorf("of nothing: %+v, %v, %v, %v", got, ended, made, err)
	}
	subscribe(10)
	release(20, as, true, 0)
	subscribe(30)
	subscribe(50)
	release(40, as, false, 50)
	release(35, as, false, 50)
	release(60, as, true, 0)
}

func TestMappingsOfAnAppAreCountedWithoutTombstones(t *testing.T) {
	c, ctx := newConnections(t, Limits{}), t.Context()
	sub := stream.Subscription{Stream: stream.Channel, Param: "x"}
	for i := range 30 {
		s := openedBy(t, c, fmt.Sprintf("C%d=", i), "4072")
		if err := c.MapChannel(ctx, s, sub, at(s, 1), i >= 20); err != nil {
			t.Fatal(err)
		}
	}
	for enough, want := range map[int]int{1: 1, 7: 7, 10: 10, 50: 10, 1000: 10} {
		if n, err := c.CountMappings(ctx, stream.ChannelTopic("4072", "x"), enough); err != nil || n != want {
			t.Errorf("of %d enough: %d, %v; want %d", enough, n, err, want)
		}
	}
	if err := c.MapChannel(ctx, openedBy(t, c, "L1=", "4072"), stream.Subscription{Stream: stream.Channel, Param: string(make([]byte, table.MaxSortKey))}, time.Now(), true); !errors.Is(err, stream.ErrTooLong) {
		t.Error(err)
	}
}
