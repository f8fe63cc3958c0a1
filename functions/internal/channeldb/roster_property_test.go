package channeldb

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"
	"pgregory.net/rapid"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
)

// life is what one connection does, as its client sends it: joining and leaving in turns, and perhaps
// an end. All of it is handled at once.
type life struct {
	user     string
	messages int
	closes   bool
}

// TestWhateverTheOrderOfStepsTheRosterEndsInTheTrueState lets the messages of three connections of two
// users be handled all at once, with the requests to DynamoDB in any order and some answers lost.
func TestWhateverTheOrderOfStepsTheRosterEndsInTheTrueState(t *testing.T) {
	for _, channel := range []pusher.Channel{"presence-x", "private-cache-x", "x"} {
		t.Run(string(channel), func(t *testing.T) {
			rapid.Check(t, func(r *rapid.T) {
				var lives []life
				for _, user := range []string{"1", "1", "2"} {
					lives = append(lives, life{user, rapid.IntRange(0, 4).Draw(r, "messages"), rapid.Bool().Draw(r, "closes")})
				}
				schedule := rapid.SliceOfN(rapid.IntRange(0, 48), 1, 80).Draw(r, "schedule")
				var problem string
				gated(t, func(t *testing.T, g *gate, w *world) { problem = live(t, g, w, channel, lives, schedule) })
				if problem != "" {
					r.Fatal(problem)
				}
			})
		})
	}
}

// live returns what is wrong in the end; empty: nothing.
func live(t *testing.T, g *gate, w *world, channel pusher.Channel, lives []life, schedule []int) string {
	var operations []func()
	var sessions []pusher.Session
	errs := make(chan error, 100)
	for i, l := range lives {
		s := pusher.Session{Session: w.opened(t, fmt.Sprintf("C%d=", i))}
		sessions = append(sessions, s)
		for n := range l.messages {
			operations = append(operations, func() { errs <- w.message(t.Context(), s, channel, l.user, n) })
		}
		if l.closes {
			operations = append(operations, func() { errs <- w.closes(t.Context(), s.Connection) })
		}
	}
	g.run(schedule, operations)
	close(errs)
	for err := range errs {
		if err != nil {
			return err.Error()
		}
	}
	want, got := map[string][]string{}, map[string][]string{}
	for i, l := range lives {
		if l.messages%2 == 1 && !l.closes {
			want[l.user] = append(want[l.user], sessions[i].ID)
		}
	}
	if channel != "presence-x" {
		n, err := w.Subscriptions(t.Context(), "4072", string(channel))
		total := 0
		for _, connections := range want {
			total += len(connections)
		}
		if err != nil || n != total {
			return fmt.Sprintf("%d subscriptions, %v; want %v", n, err, want)
		}
		return ""
	}
	row, err := w.read(t.Context(), rosterOf("4072", string(channel)))
	if err != nil {
		return err.Error()
	}
	for _, m := range row.Get("members").Fields {
		for _, f := range connectionsIn(row, m.Name) {
			connection, _ := stream.ParseConnectionKey(f.Name)
			got[m.Name] = append(got[m.Name], connection.ID)
		}
		slices.Sort(got[m.Name])
		if got[m.Name] == nil {
			return "a user without a connection"
		}
	}
	if row != nil && len(got) == 0 {
		return "an item without a user"
	}
	return cmp.Diff(want, got)
}

// message handles the nth message of a connection: a subscribe, an unsubscribe, and so on, again if
// it fails.
func (w *world) message(ctx context.Context, s pusher.Session, channel pusher.Channel, user string, n int) (err error) {
	for range 5 {
		if n%2 == 0 {
			_, err = w.Subscribe(ctx, s, channel, pusher.Subscriber{User: user}, at(s.Session, n))
		} else {
			_, err = w.Unsubscribe(ctx, s, channel, at(s.Session, n))
		}
		if errors.Is(err, pusher.ErrSubscribed) || errors.Is(err, pusher.ErrOvertaken) || errors.Is(err, stream.ErrNoConnection) {
			return nil
		}
		if err == nil {
			return nil
		}
	}
	return err
}

func (w *world) closes(ctx context.Context, c stream.Connection) (err error) {
	for range 5 {
		if _, err = w.Close(ctx, c); err == nil {
			return nil
		}
	}
	return err
}

// TestAHundredUsersJoinAtOnce has a hundred users come with three tabs each, while every tab but one
// of half of them goes again, twice.
func TestAHundredUsersJoinAtOnce(t *testing.T) {
	w := newWorld(t)
	want, r, now := map[string]int{}, rosterOf("4072", "presence-x"), time.Now().Truncate(time.Millisecond)
	var g errgroup.Group
	g.SetLimit(32) // more of them are more than DynamoDB Local answers in time
	for n := range 300 {
		u, tab := n%100, n/100
		user, connection := fmt.Sprint(u), stream.Connection{ID: fmt.Sprintf("C%d-%d=", u, tab), ConnectedAt: now}
		want[user] = 3
		if u%2 == 0 {
			want[user] = 1
		}
		g.Go(func() error {
			err := w.join(t.Context(), r, seat{user, `{"name":"x"}`, connection, now})
			if u%2 == 0 && tab > 0 {
				again := make(chan error)
				go func() { again <- w.leaves(t.Context(), r, user, connection) }()
				err = errors.Join(err, w.leaves(t.Context(), r, user, connection), <-again)
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	row, err := w.read(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, user := range usersIn(row) {
		got[user] = len(connectionsIn(row, user))
	}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	late := seat{"one too many", "", stream.Connection{ID: "L1=", ConnectedAt: now}, now}
	if err := w.join(t.Context(), r, late); !errors.Is(err, pusher.ErrFull) {
		t.Errorf("the 101st user: %v", err)
	}
}

func (w *world) leaves(ctx context.Context, r roster, user string, c stream.Connection) error {
	_, err := w.leave(ctx, r, user, c, ever)
	return err
}
