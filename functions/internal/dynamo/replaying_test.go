package dynamo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"edgestream/functions/internal/awscall"
	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/sweep"
	"edgestream/functions/internal/table"
)

// asking is a session with ids of a connection that has been open for an hour.
func asking(t testing.TB, c *Connections, id, account string, first ...stream.Subscription) stream.Session {
	t.Helper()
	s := stream.Session{
		Connection: stream.Connection{ID: id, ConnectedAt: time.Now().Add(-time.Hour).Truncate(time.Millisecond).UTC()},
		Grant:      stream.Grant{Account: account, Scopes: stream.Scopes{"read"}, TokenHash: strings.Repeat("ab", 32)},
		EventIDs:   true,
	}
	if err := c.Open(t.Context(), s, first); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestASubscribeAfterOneThatFailedHalfwayBeginsTheReplay(t *testing.T) {
	c := newConnections(t, Limits{})
	s := asking(t, c, "A1=", "1")
	for _, sub := range []stream.Subscription{{Stream: stream.User}, tag("cats")} {
		if _, err := c.hold(t.Context(), s.Connection, sub.Key(), held{at: milliseconds(at(s, 1)), on: true, param: sub.Param}); err != nil {
			t.Fatal(err)
		}
		if begun, err := c.Subscribe(t.Context(), s, sub, at(s, 5)); err != nil || !begun {
			t.Errorf("%v: begun %v, %v", sub, begun, err)
		}
		r := stream.Replay{Connection: s.Connection, Account: s.Account, Subscription: sub, Made: at(s, 5)}
		if _, turn, err := c.Replaying(t.Context(), r); err != nil || turn == 0 {
			t.Errorf("%v: turn %d, %v", sub, turn, err)
		}
		// The first one comes back to life, and finds that another has begun it.
		if begun, err := c.Subscribe(t.Context(), s, sub, at(s, 1)); err != nil || begun {
			t.Errorf("%v: begun twice %v, %v", sub, begun, err)
		}
	}
}

func TestASweepLearnsWhatIsBeingReplayed(t *testing.T) {
	c := newConnections(t, Limits{})
	for _, sub := range []stream.Subscription{{Stream: stream.User}, tag("cats")} {
		socket := sweep.Socket{Session: asking(t, c, "A"+string(sub.Stream), "1", sub), Subscription: sub}
		r := stream.Replay{Connection: socket.Connection, Account: "1", Subscription: sub}
		_, turn, err := c.Replaying(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		if is, err := c.InReplay(t.Context(), socket); err != nil || !is {
			t.Errorf("%v: %v, %v", sub, is, err)
		}
		if live, err := c.CaughtUp(t.Context(), r, turn); err != nil || !live {
			t.Fatal(live, err)
		}
		if is, err := c.InReplay(t.Context(), socket); err != nil || is {
			t.Errorf("%v, live: %v, %v", sub, is, err)
		}
	}
}

func TestAMappingThatIsOverdueDoesNotGoLiveByADuplicate(t *testing.T) {
	c := newConnections(t, Limits{})
	s := asking(t, c, "A1=", "1")
	for _, sub := range []stream.Subscription{{Stream: stream.User}, tag("Cats")} {
		if _, err := c.Subscribe(t.Context(), s, sub, at(s, 1)); err != nil {
			t.Fatal(err)
		}
		r := stream.Replay{Connection: s.Connection, Account: s.Account, Subscription: sub}
		_, turn, err := c.Replaying(t.Context(), r)
		if live, caught := c.CaughtUp(t.Context(), r, turn); err != nil || caught != nil || !live {
			t.Fatal(live, err, caught)
		}
		// An unsubscribe and a subscribe have decided, and the duplicate of the latter is mapped first.
		next := stream.Subscription{Stream: sub.Stream, Param: strings.ToLower(sub.Param)}
		if _, _, err := c.release(t.Context(), s.Connection, sub.Key(), held{at: milliseconds(at(s, 2)), param: sub.Param}); err != nil {
			t.Fatal(err)
		}
		if _, err := c.hold(t.Context(), s.Connection, next.Key(), held{at: milliseconds(at(s, 3)), on: true, param: next.Param}); err != nil {
			t.Fatal(err)
		}
		if begun, err := c.Subscribe(t.Context(), s, next, at(s, 4)); err != nil || !begun {
			t.Errorf("%v: begun %v, %v", sub, begun, err)
		}
		l, now, err := c.Replaying(t.Context(), r)
		if err != nil || now <= turn || l.Param != next.Param {
			t.Errorf("%v: turn %d after %d of %q, %v", sub, now, turn, l.Param, err)
		}
	}
}

func TestTurnsStayWithinWhatEveryNumberHolds(t *testing.T) {
	conn := stream.Connection{ConnectedAt: time.UnixMilli(1_800_000_000_000)}
	last := firstTurn(conn, conn.ConnectedAt.Add(lifetime).UnixMilli())
	if first := firstTurn(conn, conn.ConnectedAt.UnixMilli()); first < 1 || firstTurn(conn, 5) != first || last+1<<turnBits >= 1<<53 {
		t.Errorf("from %d to %d", first, last)
	}
}

func TestALookUpOfEveryoneNeedsTheAccountsOfThoseWithIDs(t *testing.T) {
	for _, status := range []int{http.StatusOK, http.StatusBadRequest} {
		c := answering(t, func(operation, body string, w http.ResponseWriter) {
			switch {
			case operation == "BatchGetItem" && status != http.StatusOK:
				w.WriteHeader(status)
				_, _ = io.WriteString(w, `{"__type":"x#ValidationException"}`)
			case operation == "BatchGetItem":
				_, _ = io.WriteString(w, `{"Responses":{"Connections":[]}}`)
			case strings.Contains(body, "connection#00"):
				_, _ = fmt.Fprintf(w, `{"Items":[{"sk":{"S":"%013d#a"},"a":{"S":"1"},"e":{"BOOL":true},"s":{"M":{"user":{"M":{"t":{"N":"5"}}}}}}]}`, time.Now().UnixMilli())
			default:
				_, _ = io.WriteString(w, `{}`)
			}
		})
		found, err := c.Listeners(t.Context(), []stream.Topic{stream.EveryoneTopic()})
		audience, ok := found[stream.EveryoneTopic()]
		if status != http.StatusOK {
			if !awscall.Is(err, "ValidationException") || ok {
				t.Errorf("%v, %v", found, err)
			}
			continue
		}
		// What the account's row does not have is not known to be live.
		if err != nil || len(audience.Listeners) != 1 || !audience.Listeners[0].Replaying || !audience.Kept {
			t.Errorf("%v, %v", found, err)
		}
	}
}

func TestARevocationKeepsOutWhoWasAuthorisedBefore(t *testing.T) {
	hash := strings.Repeat("ab", 32)
	for name, keeps := range map[string]bool{revokedName(hash): true, accountOff: true, revokedName("cd" + hash): false} {
		c := newConnections(t, Limits{})
		now := time.Now()
		c.now = func() time.Time { return now }
		_, err := c.table.Call(t.Context(), "UpdateItem", table.Parameters{
			"Key": accountKey("1"), "UpdateExpression": "SET #m = :now",
			"ExpressionAttributeNames":  map[string]string{"#m": name},
			"ExpressionAttributeValues": table.Item{{":now", table.Number(now.UnixMilli())}},
		})
		if err != nil {
			t.Fatal(err)
		}
		s := stream.Session{Connection: stream.Connection{ID: "A1=", ConnectedAt: now}, Grant: stream.Grant{Account: "1", TokenHash: hash}}
		first := []stream.Subscription{{Stream: stream.User}, tag("cats")}
		if err := c.Open(t.Context(), s, first); errors.Is(err, stream.ErrInvalidToken) != keeps || !keeps && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !keeps {
			continue
		}
		for _, key := range []table.Item{connectionKey(s.Connection), rowOf(stream.Listener{Connection: s.Connection, Subscription: first[1]})} {
			if row := c.rowOf(t, key); row != nil {
				t.Errorf("%s: left %v", name, row)
			}
		}
		if row := c.rowOf(t, accountKey("1")); len(entries(row)) != 0 || row.Get("n").Given() {
			t.Errorf("%s: left %v", name, row)
		}
		now = now.Add(revokedFor + time.Millisecond)
		if err := c.Open(t.Context(), s, first); err != nil {
			t.Errorf("%s a minute later: %v", name, err)
		}
	}
}

// A token may be good again, or still, when its connections were closed: their clients come back at once.
func TestATombstoneKeepsNobodyOutWhoWasAuthorisedAfterIt(t *testing.T) {
	hash := strings.Repeat("ab", 32)
	for after, keeps := range map[time.Duration]bool{-time.Second: true, marksApart: true, marksApart + time.Millisecond: false} {
		c := newConnections(t, Limits{Connections: 1})
		if _, err := c.Revoke(t.Context(), "1", hash); err != nil {
			t.Fatal(err)
		}
		left, _ := c.rowOf(t, accountKey("1")).Get(revokedName(hash)).Int()
		now := time.UnixMilli(left).Add(after)
		c.now = func() time.Time { return now.Add(time.Second) }
		g := stream.Grant{Account: "1", TokenHash: hash, Read: now}
		s := stream.Session{Connection: stream.Connection{ID: "A1=", ConnectedAt: now}, Grant: g}
		if err := c.Open(t.Context(), s, nil); errors.Is(err, stream.ErrInvalidToken) != keeps || !keeps && err != nil {
			t.Errorf("%v after: %v", after, err)
		}
	}
}

func TestARepeatedOpenDoesNotMoveATurnBack(t *testing.T) {
	c := newConnections(t, Limits{})
	subs := []stream.Subscription{{Stream: stream.User}, tag("cats")}
	s := asking(t, c, "A1=", "1", subs...)
	for _, sub := range subs {
		l := stream.Listener{Connection: s.Connection, Account: "1", Subscription: sub}
		r := stream.Replay{Connection: s.Connection, Account: "1", Subscription: sub}
		_, before, err := c.Replaying(t.Context(), r)
		deferred, failed := c.Defer(t.Context(), l)
		if err := errors.Join(err, failed, c.Open(context.WithoutCancel(t.Context()), s, subs)); err != nil || !deferred {
			t.Fatal(deferred, err)
		}
		if live, err := c.CaughtUp(t.Context(), r, before); err != nil || live {
			t.Errorf("%v: caught up in a turn before the deferral, %v", sub, err)
		}
	}
}
