package dynamo

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/sweep"
)

// connected opens a connection that is so old.
func connected(t testing.TB, c *Connections, id string, age time.Duration, first ...stream.Subscription) stream.Session {
	t.Helper()
	s := stream.Session{
		Connection: stream.Connection{ID: id, ConnectedAt: time.Now().Add(-age).Truncate(time.Millisecond).UTC()},
		Grant:      stream.Grant{Account: id, Scopes: stream.Scopes{"read"}, TokenHash: tokenA},
	}
	if err := c.Open(t.Context(), s, first); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestProgressOnlyGoesForward(t *testing.T) {
	c := newConnections(t, Limits{})
	if p, err := c.Progress(t.Context()); err != nil || p != (sweep.Progress{}) {
		t.Errorf("%v, %v", p, err)
	}
	now := time.Now().Truncate(time.Millisecond).UTC()
	later := sweep.Progress{Until: now, Due: 7}
	for _, p := range []sweep.Progress{{Until: now.Add(-time.Minute), Due: 3}, later, {Until: now.Add(-time.Second)}, later} {
		if err := c.Advance(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	if p, err := c.Progress(t.Context()); err != nil || p != later {
		t.Errorf("%v, %v", p, err)
	}
	for _, p := range []sweep.Progress{{Until: now.Add(sweep.MaxWindow + time.Second)}, later} {
		if err := c.Advance(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		if got, err := c.Progress(t.Context()); err != nil || got != p {
			t.Errorf("%v, %v", got, err)
		}
	}
}

// A window begins after its first millisecond and ends with its last.
func TestConnectionsAreFoundByWhenTheyConnected(t *testing.T) {
	c := newConnections(t, Limits{Subscriptions: 10})
	first := connected(t, c, "c0=", time.Hour)
	for i := range 40 {
		s := stream.Session{Connection: stream.Connection{ID: fmt.Sprintf("c%d=", i), ConnectedAt: first.ConnectedAt.Add(time.Duration(i) * time.Millisecond)},
			Grant: stream.Grant{Account: "1"}}
		if err := c.Open(t.Context(), s, nil); err != nil {
			t.Fatal(err)
		}
	}
	at := func(ms int) time.Time { return first.ConnectedAt.Add(time.Duration(ms) * time.Millisecond) }
	for _, w := range []struct{ from, to int }{{-1, 0}, {0, 39}, {-1, 39}, {9, 10}, {9, 20}, {39, 90}, {-9, -1}} {
		sockets, err := c.Opened(t.Context(), sweep.Window{From: at(w.from), To: at(w.to)})
		if err != nil {
			t.Fatal(err)
		}
		var want, got []string
		for i := range 40 {
			if i > w.from && i <= w.to {
				want = append(want, fmt.Sprintf("c%d=", i))
			}
		}
		for _, s := range sockets {
			got = append(got, s.ID)
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(want, got) {
			t.Errorf("%v: got %v, want %v", w, got, want)
		}
	}
}

func TestASocketNamesOneOfItsSubscriptions(t *testing.T) {
	c := newConnections(t, Limits{Subscriptions: 10})
	s := connected(t, c, "A=", time.Hour, stream.Subscription{Stream: stream.User}, tag("Café"), stream.Subscription{Stream: stream.Public})
	for i, want := range []stream.Subscription{tag("Café"), {Stream: stream.Public}, {Stream: stream.User}, {}} {
		sockets, err := c.Opened(t.Context(), sweep.Window{From: s.ConnectedAt.Add(-time.Second), To: s.ConnectedAt})
		if err != nil || len(sockets) != 1 {
			t.Fatalf("%v, %v", sockets, err)
		}
		if diff := cmp.Diff(sweep.Socket{Session: s, Subscription: want}, sockets[0]); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if want.Stream != "" {
			if err := c.Unsubscribe(t.Context(), s, want, at(s, i)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestATokenThatRunsOutIsFoundInItsTime(t *testing.T) {
	c := newConnections(t, Limits{})
	now := time.Now().Truncate(time.Second).UTC()
	c.now = func() time.Time { return now }
	open := func(id string, expires time.Duration) stream.Session {
		s := stream.Session{Connection: stream.Connection{ID: id, ConnectedAt: now},
			Grant: stream.Grant{Account: "1", TokenHash: tokenA, TokenExpires: now.Add(expires)}}
		if expires == 0 {
			s.TokenExpires = time.Time{}
		}
		if err := c.Open(t.Context(), s, nil); err != nil {
			t.Fatal(err)
		}
		return s
	}
	open("never=", 0)
	open("late=", lifetime+time.Second)
	open("ran#out=", time.Second) // while it was being opened
	for i := range 20 {
		open(fmt.Sprintf("c%02d=", i), time.Duration(i+1)*20*time.Second)
	}
	found := func(from, to time.Duration) (ids []string) {
		expiries, err := c.Expiring(t.Context(), sweep.Window{From: now.Add(from), To: now.Add(to)})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range expiries {
			if !e.ConnectedAt.Equal(now) {
				t.Errorf("%s connected at %v", e.ID, e.ConnectedAt)
			}
			ids = append(ids, e.ID)
		}
		return ids
	}
	for _, tt := range []struct {
		from, to time.Duration
		want     string
	}{
		{-time.Minute, 14 * time.Second, ""},
		{0, 15 * time.Second, "ran#out="},
		{15 * time.Second, 20 * time.Second, "c00="},
		{20 * time.Second, 80 * time.Second, "c01= c02= c03="},
		{100 * time.Second, 100 * time.Second, ""},
		{390 * time.Second, 24 * time.Hour, "c19="},
		{0, 7 * time.Minute, "ran#out= c00= c01= c02= c03= c04= c05= c06= c07= c08= c09= c10= c11= c12= c13= c14= c15= c16= c17= c18= c19="},
	} {
		if got := strings.Join(found(tt.from, tt.to), " "); got != tt.want {
			t.Errorf("from %v to %v: %s, want %s", tt.from, tt.to, got, tt.want)
		}
	}
	expiries, err := c.Expiring(t.Context(), sweep.Window{From: now, To: now.Add(25 * time.Second)})
	if err != nil || len(expiries) != 2 {
		t.Fatalf("%v, %v", expiries, err)
	}
	for _, e := range expiries {
		if err := c.Settle(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	if left := found(0, 25*time.Second); len(left) != 0 {
		t.Errorf("left %v", left)
	}
}

// quietly is a transport on which nobody ever says anything.
type quietly struct {
	active map[string]time.Time
	asked  int
	posted int
}

func (q *quietly) Active(_ context.Context, id string) (time.Time, error) {
	q.asked++
	return q.active[id], nil
}

func (q *quietly) Post(_ context.Context, id string, _ []byte) error {
	q.posted++
	q.active[id] = time.Now()
	return nil
}

func (q *quietly) Disconnect(context.Context, string) error { return nil }
