package dynamo

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"edgestream/functions/internal/stream"
)

// orders are all orders of the words in which each of the pairs stands in its order.
func orders(words []string, pairs ...[2]string) (all []string) {
	if len(words) == 0 {
		return []string{""}
	}
	for i, word := range words {
		rest := append(append([]string{}, words[:i]...), words[i+1:]...)
		ready := true
		for _, p := range pairs {
			ready = ready && (p[1] != word || !strings.Contains(strings.Join(rest, " "), p[0]))
		}
		if !ready {
			continue
		}
		for _, after := range orders(rest, pairs...) {
			all = append(all, word+" "+after)
		}
	}
	return all
}

// TestAConnectThatTakesLongHoldsNothingAfterARevocation: a $connect was admitted, its token is revoked,
// and its other writes come when they come.
func TestAConnectThatTakesLongHoldsNothingAfterARevocation(t *testing.T) {
	all := orders([]string{"put", "map", "confirm", "silence", "remove"},
		[2]string{"put", "confirm"}, [2]string{"map", "confirm"}, [2]string{"silence", "remove"})
	if len(all) != 20 {
		t.Fatalf("%d orders", len(all))
	}
	c := newConnections(t, Limits{})
	for i, order := range all {
		sub := tag("cats")
		s := stream.Session{
			Connection: stream.Connection{ID: string(rune('A'+i)) + "=", ConnectedAt: time.Now().Truncate(time.Millisecond).UTC()},
			Grant:      stream.Grant{Account: "1", Scopes: stream.Scopes{"read"}, TokenHash: tokenA},
		}
		first, refused := []stream.Subscription{sub, {Stream: stream.User}}, false
		steps := map[string]func(context.Context) error{
			"put": func(ctx context.Context) error { return c.table.Put(ctx, newConnectionRow(s, first, c.now())) },
			"map": func(ctx context.Context) error {
				_, err := c.mapTopic(ctx, s, sub, firstHeld(s, sub), firstHeld(s, sub).at)
				return err
			},
			"confirm": func(ctx context.Context) error {
				err := c.Confirm(ctx, s, first)
				if refused = errors.Is(err, stream.ErrInvalidToken); refused {
					return nil
				}
				return err
			},
			"silence": func(ctx context.Context) error { return c.Silence(ctx, s.Account, s.Connection) },
			"remove":  func(ctx context.Context) error { return c.Remove(ctx, s.Account, s.Connection) },
		}
		if err := c.admit(t.Context(), s, first); err != nil {
			t.Fatal(err)
		}
		for _, step := range strings.Fields(order) {
			if err := steps[step](t.Context()); err != nil {
				t.Fatalf("%s: %s: %v", order, step, err)
			}
		}
		if err := c.find(t, 0, stream.AccountTopic("1"), stream.HashtagTopic("cats"), stream.EveryoneTopic()); err != nil {
			t.Errorf("%s: %v", order, err)
		}
		if _, err := c.Session(t.Context(), s.Connection); !errors.Is(err, stream.ErrNoConnection) {
			t.Errorf("%s: the row: %v", order, err)
		}
		if late := strings.HasSuffix(order, "confirm "); late && !refused {
			t.Errorf("%s: not refused", order)
		}
	}
}

func TestAConnectThatStandsIsConfirmed(t *testing.T) {
	c := newConnections(t, Limits{})
	s := openedWith(t, c, "A=", tokenA, tag("cats"))
	if err := c.Confirm(t.Context(), s, []stream.Subscription{tag("cats")}); err != nil {
		t.Error(err)
	}
	if err := c.find(t, 1, stream.HashtagTopic("cats")); err != nil {
		t.Error(err)
	}
}
