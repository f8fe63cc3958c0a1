package channeldb

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"edgestream/functions/internal/dynamo"
	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/sweep"
)

func TestUsersAreOnlineWhileTheyAreSignedIn(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	first, second := pusher.Session{Session: w.opened(t, "A1=")}, pusher.Session{Session: w.opened(t, "B1=")}
	online := func(want ...string) {
		t.Helper()
		if got, err := w.Online(ctx, "4072", []string{"8", "7", "7", "none"}); err != nil || !slices.Equal(got, want) {
			t.Errorf("online: %v, %v; want %v", got, err, want)
		}
	}
	online()
	user := pusher.User{ID: "7", Info: `{"name":"Ann"}`, Watchlist: []string{"8", "9"}}
	for _, s := range []pusher.Session{first, second, first} { // the last one again
		if err := w.SignIn(ctx, s, user); err != nil {
			t.Fatal(err)
		}
	}
	online("7")
	got, err := w.Session(ctx, first.Connection)
	if err != nil || got.User.ID != "7" || got.User.Info != user.Info || !slices.Equal(got.User.Watchlist, user.Watchlist) {
		t.Errorf("%+v, %v", got, err)
	}
	if err := w.SignIn(ctx, first, pusher.User{ID: "8"}); !errors.Is(err, pusher.ErrOtherUser) {
		t.Errorf("as another user: %v", err)
	}
	connections, err := w.UserConnections(ctx, "4072", "7")
	if err != nil || len(connections) != 2 || !slices.Contains(connections, first.Connection) {
		t.Errorf("%v, %v", connections, err)
	}
	for _, s := range []pusher.Session{first, first, second} {
		if _, err := w.Close(ctx, s.Connection); err != nil {
			t.Fatal(err)
		}
		if s.ID == "A1=" {
			online("7")
		}
	}
	online()
}

func TestAWatchlistIsThatOfTheLastSignIn(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	s := pusher.Session{Session: w.opened(t, "A1=")}
	watching := func(want ...string) {
		t.Helper()
		var got []string
		for _, user := range []string{"7", "8", "9"} {
			topic := stream.WatchTopic("4072", user)
			found, err := w.rows.(*dynamo.Connections).Listeners(ctx, []stream.Topic{topic})
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range found[topic].Listeners {
				if l.Topic() != topic || l.Connection != s.Connection || l.App != "4072" || l.Account != "" {
					t.Errorf("%+v", l)
				}
				got = append(got, user)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("watching %v, want %v", got, want)
		}
	}
	for _, list := range [][]string{{"7", "8"}, {"8", "9"}, nil, {"7", "7"}} {
		if err := w.SignIn(ctx, s, pusher.User{ID: "1", Watchlist: list}); err != nil {
			t.Fatal(err)
		}
		watching(slices.Compact(list)...)
	}
	if _, err := w.Close(ctx, s.Connection); err != nil {
		t.Fatal(err)
	}
	watching()
}

func TestTenClientEventsMayBeSentInASecond(t *testing.T) {
	w := newWorld(t)
	s := pusher.Session{Session: w.opened(t, "A1=")}
	second := at(s.Session, 0).Truncate(time.Second)
	for _, when := range []time.Duration{0, time.Second} {
		var wg sync.WaitGroup
		var spent atomic.Int64
		for i := range 25 {
			wg.Go(func() {
				ok, err := w.Spend(t.Context(), s, second.Add(when+time.Duration(i)*time.Millisecond))
				if err != nil {
					t.Error(err)
				}
				if ok {
					spent.Add(1)
				}
			})
		}
		wg.Wait()
		if spent.Load() != eventsPerSecond {
			t.Errorf("%d events in a second", spent.Load())
		}
	}
}

func TestClientsThatOthersSeeAreLookedAtWhileTheyAreQuiet(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	p := NewPulses(w.client, w.connections)
	plain, member, user := pusher.Session{Session: w.opened(t, "P1=")}, pusher.Session{Session: w.opened(t, "M1=")}, pusher.Session{Session: w.opened(t, "U1=")}
	start := at(member.Session, 0)
	w.now = func() time.Time { return start }
	for s, channel := range map[*pusher.Session]pusher.Channel{&plain: "x", &member: "presence-x"} {
		if _, err := w.Subscribe(ctx, *s, channel, pusher.Subscriber{User: "7"}, start); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.SignIn(ctx, user, pusher.User{ID: "7"}); err != nil {
		t.Fatal(err)
	}
	due := func(name string, after time.Duration, want ...string) (pulses []sweep.Pulse) {
		t.Helper()
		pulses, err := p.Due(ctx, sweep.Window{To: start.Add(after)})
		var got []string
		for _, pulse := range pulses {
			got = append(got, pulse.ID)
		}
		slices.Sort(got)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, %v; want %v", name, got, err, want)
		}
		return pulses
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	due("before they are quiet", sweep.Quiet-time.Millisecond)
	due("when they are", sweep.Quiet, "M1=", "U1=")
	must(w.Heard(ctx, plain.Connection, start.Add(time.Second)))
	must(w.Heard(ctx, user.Connection, start.Add(time.Minute)))
	must(w.Heard(ctx, user.Connection, start.Add(time.Second))) // handled late
	pulses := due("when one has spoken", sweep.Quiet, "M1=")
	if !pulses[0].Heard.Equal(start) || !pulses[0].Asked.IsZero() {
		t.Errorf("%+v", pulses[0])
	}
	asked := start.Add(sweep.Quiet)
	must(p.Move(ctx, pulses[0], asked.Add(sweep.Reply), asked))
	due("when it was asked", sweep.Quiet)
	if pulses = due("when it has not answered", sweep.Quiet+sweep.Reply, "M1="); len(pulses) == 1 && !pulses[0].Asked.Equal(asked) {
		t.Errorf("%+v", pulses[0])
	}
	must(w.Heard(ctx, member.Connection, asked.Add(time.Second)))
	due("when it has", 2*sweep.Quiet, "U1=")
	if _, err := w.Close(ctx, user.Connection); err != nil {
		t.Fatal(err)
	}
	must(p.Forget(ctx, pulses[0]))
	must(p.Move(ctx, pulses[0], asked, asked))
	due("when they are gone", 10*time.Hour)
}

func TestAPresenceChannelHasAHundredUsers(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	var first pusher.Session
	for i := range pusher.MaxMembers {
		s := pusher.Session{Session: w.opened(t, fmt.Sprintf("C%d=", i))}
		if i == 0 {
			first = s
		}
		if _, err := w.Subscribe(ctx, s, "presence-x", pusher.Subscriber{User: fmt.Sprint(i)}, at(s.Session, 1)); err != nil {
			t.Fatal(err)
		}
	}
	late, tab := pusher.Session{Session: w.opened(t, "L1=")}, pusher.Session{Session: w.opened(t, "T1=")}
	if _, err := w.Subscribe(ctx, tab, "presence-x", pusher.Subscriber{User: "5"}, at(tab.Session, 1)); err != nil {
		t.Errorf("another tab: %v", err)
	}
	for range 2 {
		if _, err := w.Subscribe(ctx, late, "presence-x", pusher.Subscriber{User: "100"}, at(late.Session, 1)); !errors.Is(err, pusher.ErrFull) {
			t.Errorf("one too many: %v", err)
		}
	}
	if s, err := w.Session(ctx, late.Connection); err != nil || len(s.Channels) != 0 {
		t.Errorf("%+v, %v", s, err)
	}
	if _, err := w.Close(ctx, first.Connection); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Subscribe(ctx, late, "presence-x", pusher.Subscriber{User: "100", Info: "{}"}, at(late.Session, 2)); err != nil {
		t.Errorf("when there is room: %v", err)
	}
	users, err := w.Users(ctx, "4072", "presence-x")
	if err != nil || len(users) != pusher.MaxMembers || !slices.Contains(users, "100") || slices.Contains(users, "0") {
		t.Errorf("%v, %v", users, err)
	}
	if s, err := w.Session(ctx, late.Connection); err != nil || s.Channels["presence-x"] != (pusher.Subscriber{User: "100", Info: "{}"}) {
		t.Errorf("%+v, %v", s, err)
	}
}
