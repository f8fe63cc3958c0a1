package channeldb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"edgestream/functions/internal/pusher"
)

// TestAChannelIsReportedAsOccupiedAndVacatedInTurns lets subscribers come and go while looks are
// taken, with the requests to DynamoDB in any order.
func TestAChannelIsReportedAsOccupiedAndVacatedInTurns(t *testing.T) {
	for _, channel := range []pusher.Channel{"presence-x", "cache-x", "x"} {
		t.Run(string(channel), func(t *testing.T) {
			rapid.Check(t, func(r *rapid.T) {
				messages := []int{rapid.IntRange(0, 3).Draw(r, "first"), rapid.IntRange(0, 3).Draw(r, "second")}
				looks := rapid.IntRange(0, 3).Draw(r, "looks")
				// Who lost an answer has it again before the row has fallen twice more: looks are seconds apart.
				lossy := 0
				if looks < 2 {
					lossy = 1
				}
				schedule := rapid.SliceOfN(rapid.IntRange(0, 5+lossy), 1, 80).Draw(r, "schedule")
				var problem string
				gated(t, func(t *testing.T, g *gate, w *world) {
					problem = comeAndGo(t, g, w, channel, messages, looks, schedule)
				})
				if problem != "" {
					r.Fatal(problem)
				}
			})
		})
	}
}

func comeAndGo(t *testing.T, g *gate, w *world, channel pusher.Channel, messages []int, looks int, schedule []int) string {
	var mu sync.Mutex
	var reports int // how often it was occupied more than vacated
	var errs []error
	report := func(n int, is bool, err error) {
		mu.Lock()
		defer mu.Unlock()
		if is {
			reports += n
		}
		if err != nil && !errors.Is(err, pusher.ErrSubscribed) && !errors.Is(err, pusher.ErrOvertaken) {
			errs = append(errs, err)
		}
	}
	vacate := func(ctx context.Context) {
		is, err := w.Vacate(ctx, "4072", string(channel))
		report(-1, is, err)
	}
	var operations []func()
	there := false
	for i, n := range messages {
		s := pusher.Session{Session: w.opened(t, fmt.Sprintf("C%d=", i))}
		there = there || n%2 == 1
		operations = append(operations, func() { // one after the other: see live for the races of these
			for m := range n {
				if m%2 == 0 {
					is, err := w.Subscribe(t.Context(), s, channel, pusher.Subscriber{User: "1"}, at(s.Session, m))
					report(1, is, err)
				} else {
					_, err := w.Unsubscribe(t.Context(), s, channel, at(s.Session, m))
					report(0, false, err)
				}
			}
		})
	}
	for range looks {
		operations = append(operations, func() { vacate(t.Context()) })
	}
	g.run(schedule, operations)
	vacate(t.Context())
	names, err := w.Occupied(t.Context(), "4072", "", "", 10)
	switch {
	case err != nil || len(errs) > 0:
		return errors.Join(append(errs, err)...).Error()
	case slices.Contains(names, string(channel)) != there || len(names) > 1:
		return fmt.Sprintf("occupied: %v, there is a subscriber: %v", names, there)
	case (reports == 1) != there || reports < 0 || reports > 1:
		return fmt.Sprintf("reported as occupied %d times more than as vacated, there is a subscriber: %v", reports, there)
	}
	return ""
}

func TestOccupiedChannelsAreListedInPages(t *testing.T) {
	w := newWorld(t)
	var all, presence []string
	for i := range 25 {
		for _, prefix := range []string{"presence-", "room."} {
			name := fmt.Sprintf("%s%02d", prefix, i)
			if first, err := w.occupy(t.Context(), "4072", name); err != nil || !first {
				t.Fatal(first, err)
			}
			all = append(all, name)
		}
		presence = append(presence, fmt.Sprintf("presence-%02d", i))
	}
	if _, err := w.occupy(t.Context(), "40", "of-another-app"); err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	for _, tt := range []struct {
		prefix, after string
		limit         int
		want          []string
	}{
		{"", "", 100, all}, {"", "", 50, all}, {"", "", 7, all[:7]}, {"", all[6], 7, all[7:14]}, {"", all[49], 7, nil},
		{"presence-", "", 100, presence}, {"presence-", "presence-03", 2, presence[4:6]}, {"presence-", "room.01", 5, nil},
		{"presence-", "a", 2, presence[:2]}, {"presence-07", "", 5, presence[7:8]}, {"nothing-", "", 5, nil}, {"r", "presence-24", 1, []string{"room.00"}},
		{strings.Repeat("x", 1021), "", 5, nil}, {strings.Repeat("é", 4000), "", 5, nil}, // longer than a key may be
	} {
		got, err := w.Occupied(t.Context(), "4072", tt.prefix, tt.after, tt.limit)
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%q after %q, %d: %v, %v; want %v", tt.prefix, tt.after, tt.limit, got, err, tt.want)
		}
	}
}

func TestMembersAreAnnouncedOnceAndDepartOnce(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	s := pusher.Session{Session: w.opened(t, "A1=")}
	if _, err := w.Subscribe(ctx, s, "presence-x", pusher.Subscriber{User: "7"}, at(s.Session, 1)); err != nil {
		t.Fatal(err)
	}
	expect := func(name string, want bool, f func(context.Context, string, string, string) (bool, error)) {
		t.Helper()
		if got, err := f(ctx, "4072", "presence-x", "7"); err != nil || got != want {
			t.Errorf("%s: %v, %v; want %v", name, got, err, want)
		}
	}
	expect("departs before it is announced", false, w.Depart)
	expect("is known before that", false, w.Known)
	expect("is announced", true, w.Announce)
	expect("is known", true, w.Known)
	expect("is announced again", false, w.Announce)
	expect("departs while there", false, w.Depart)
	if empty, err := w.Unsubscribe(ctx, s, "presence-x", at(s.Session, 2)); err != nil || !empty {
		t.Fatal(empty, err)
	}
	expect("departs", true, w.Depart)
	expect("departs again", false, w.Depart)
	expect("is known after that", false, w.Known)
	expect("comes back", true, w.Announce)
}

func TestWhatIsCountedIsSubscriptions(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	for _, channel := range []pusher.Channel{"presence-x", "private-cache-x", "private-x"} {
		var sessions []pusher.Session
		for i := range 12 {
			s := pusher.Session{Session: w.opened(t, fmt.Sprintf("%s%d=", channel, i))}
			sessions = append(sessions, s)
			if occupied, err := w.Subscribe(ctx, s, channel, pusher.Subscriber{User: fmt.Sprint(i % 3)}, at(s.Session, 1)); err != nil || occupied != (i == 0) {
				t.Fatal(occupied, err)
			}
		}
		if n, err := w.Subscriptions(ctx, "4072", string(channel)); err != nil || n != 12 {
			t.Errorf("%s: %d, %v", channel, n, err)
		}
		for i, s := range sessions {
			empty, err := w.Unsubscribe(ctx, s, channel, at(s.Session, 2))
			if err != nil || empty != (i == 11) {
				t.Errorf("%s: subscriber %d of 12 goes: empty %v, %v", channel, i, empty, err)
			}
		}
		if n, err := w.Subscriptions(ctx, "4072", string(channel)); err != nil || n != 0 {
			t.Errorf("%s: %d, %v", channel, n, err)
		}
	}
	if users, err := w.Users(ctx, "4072", "presence-x"); err != nil || len(users) != 0 {
		t.Error(users, err)
	}
}
