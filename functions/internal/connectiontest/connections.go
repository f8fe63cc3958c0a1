package connectiontest

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"edgestream/functions/internal/stream"
)

type opener = func(*testing.T, Limits) Subject

func sessionIsReadBack(t *testing.T, open opener) {
	x := open(t, roomy)
	lasting := newSession()
	lasting.TokenExpires = time.Time{}
	bare := newSession()
	bare.Scopes = nil
	asking := newSession()
	asking.EventIDs, asking.Viewer = true, "1a2b3c4d"
	for _, s := range []stream.Session{newSession(), lasting, bare, asking} {
		x.open(t, s)
		got, err := x.Store.Session(context.Background(), s.Connection)
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(got.Scopes)
		if len(got.Scopes) == 0 {
			got.Scopes = nil
		}
		if diff := cmp.Diff(s, got); diff != "" {
			t.Errorf("session (-opened +read):\n%s", diff)
		}
	}
}

func unknownConnection(t *testing.T, open opener) {
	x := open(t, roomy)
	if _, err := x.Store.Session(context.Background(), newSession().Connection); !errors.Is(err, stream.ErrNoConnection) {
		t.Errorf("Session: %v, want ErrNoConnection", err)
	}
}

func connectionLimit(t *testing.T, open opener) {
	x := open(t, Limits{Subscriptions: 5, Connections: 2})
	first := newSession()
	x.open(t, first)
	x.open(t, sessionOf(first.Account))
	refused := sessionOf(first.Account)
	user := stream.Subscription{Stream: stream.User}
	err := x.Store.Open(context.Background(), refused, []stream.Subscription{user})
	if !errors.Is(err, stream.ErrTooManyConnections) {
		t.Fatalf("third Open: %v, want ErrTooManyConnections", err)
	}
	x.holds(t, refused, stream.AccountTopic(first.Account))
	if _, err := x.Store.Session(context.Background(), refused.Connection); !errors.Is(err, stream.ErrNoConnection) {
		t.Errorf("a refused connection is known: %v", err)
	}
	x.open(t, newSession())
	x.close(t, first.Connection)
	x.open(t, refused, user)
}

func connectionLimitSideBySide(t *testing.T, open opener) {
	const limit, tries = 3, 8
	x := open(t, Limits{Subscriptions: 5, Connections: limit})
	account := newSession().Account
	var admitted atomic.Int64
	each(tries, func(int) {
		err := x.Store.Open(context.Background(), sessionOf(account), nil)
		if err == nil {
			admitted.Add(1)
		} else if !errors.Is(err, stream.ErrTooManyConnections) {
			t.Errorf("Open: %v", err)
		}
	})
	if got := admitted.Load(); got != limit {
		t.Errorf("%d connections admitted, limit %d", got, limit)
	}
}

func closeRemoves(t *testing.T, open opener) {
	x := open(t, roomy)
	s := newSession()
	list := stream.Subscription{Stream: stream.List, Param: "list" + s.Account}
	x.open(t, s, stream.Subscription{Stream: stream.User})
	x.subscribe(t, s, list, 10)
	x.subscribe(t, s, stream.Subscription{Stream: stream.Public}, 11)
	x.close(t, s.Connection)
	for _, topic := range []stream.Topic{stream.AccountTopic(s.Account), stream.EveryoneTopic(), stream.PublicTopic(), stream.ListTopic(list.Param)} {
		x.holds(t, s, topic)
	}
	if _, err := x.Store.Session(context.Background(), s.Connection); !errors.Is(err, stream.ErrNoConnection) {
		t.Errorf("Session after Close: %v, want ErrNoConnection", err)
	}
}

func confirmed(t *testing.T, open opener) {
	x := open(t, roomy)
	s := newSession()
	first := []stream.Subscription{{Stream: stream.User}, hashtag(s, "cats")}
	x.open(t, s, first...)
	written := x.of(t, s, first[1].Topic(s.Account))[0].Opened
	for !time.Now().Truncate(time.Millisecond).After(written) { // times are stored in milliseconds
		runtime.Gosched()
	}
	if err := x.Store.Confirm(context.Background(), s, first); err != nil {
		t.Errorf("Confirm: %v", err)
	}
	for _, topic := range []stream.Topic{stream.AccountTopic(s.Account), stream.EveryoneTopic(), first[1].Topic(s.Account)} {
		if all := x.of(t, s, topic); len(all) != 1 || !all[0].Opened.After(written) {
			t.Errorf("%v: not young again: %+v", topic, all)
		}
	}
	x.holds(t, s, first[1].Topic(s.Account), first[1])
	x.close(t, s.Connection)
	if err := x.Store.Confirm(context.Background(), s, first); !errors.Is(err, stream.ErrInvalidToken) {
		t.Errorf("Confirm: %v, want ErrInvalidToken", err)
	}
	x.holds(t, s, first[1].Topic(s.Account))
}

func closeTwice(t *testing.T, open opener) {
	x := open(t, roomy)
	s := newSession()
	x.open(t, s, stream.Subscription{Stream: stream.User})
	x.close(t, s.Connection)
	x.close(t, s.Connection)
	x.close(t, newSession().Connection)
}

func subscribeAfterClose(t *testing.T, open opener) {
	x := open(t, roomy)
	s := newSession()
	x.open(t, s)
	x.close(t, s.Connection)
	_, err := x.Store.Subscribe(context.Background(), s, stream.Subscription{Stream: stream.User}, after(s, 10))
	if !errors.Is(err, stream.ErrNoConnection) {
		t.Errorf("Subscribe: %v, want ErrNoConnection", err)
	}
	if err := x.Store.Unsubscribe(context.Background(), s, stream.Subscription{Stream: stream.User}, after(s, 11)); err != nil && !errors.Is(err, stream.ErrNoConnection) {
		t.Errorf("Unsubscribe: %v, want nil or ErrNoConnection", err)
	}
	x.holds(t, s, stream.AccountTopic(s.Account))
	x.holds(t, s, stream.EveryoneTopic())
}

func connectionsAreSeparate(t *testing.T, open opener) {
	x := open(t, roomy)
	a := newSession()
	b := sessionOf(a.Account)
	user := stream.Subscription{Stream: stream.User}
	x.open(t, a, user)
	x.open(t, b, user)
	x.unsubscribe(t, a, user, 10)
	x.holds(t, a, stream.AccountTopic(a.Account))
	x.holds(t, b, stream.AccountTopic(a.Account), user)
	x.close(t, a.Connection)
	x.holds(t, b, stream.AccountTopic(a.Account), user)
}

// each runs fn for 0 to n-1 side by side.
func each(n int, fn func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { fn(i) })
	}
	wg.Wait()
}
