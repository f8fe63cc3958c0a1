package connectiontest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/go-cmp/cmp"

	"edgestream/functions/internal/stream"
)

// serial makes connections and accounts of one process distinct.
var serial atomic.Int64

// roomy is for tests that are not about limits.
var roomy = Limits{Subscriptions: 100, Connections: 50}

// reporter is what a *testing.T and a *rapid.T have in common.
type reporter interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// newSession is a session of an account that no other test uses, opened a moment ago.
func newSession() stream.Session {
	return sessionOf(fmt.Sprintf("acct%d-%d", serial.Add(1), time.Now().UnixNano()))
}

// sessionOf is one more session of the account.
func sessionOf(account string) stream.Session {
	n := serial.Add(1)
	now := time.Now().Truncate(time.Second)
	return stream.Session{
		Connection: stream.Connection{
			ID:          fmt.Sprintf("PJqB%d/%s=", n, account),
			ConnectedAt: now.Add(time.Duration(n%1000-1000) * time.Millisecond).UTC(),
		},
		Grant: stream.Grant{
			Account:      account,
			Scopes:       stream.Scopes{"follow", "read"},
			TokenHash:    strings.Repeat("0a", 32),
			TokenExpires: now.Add(time.Hour).UTC(),
		},
	}
}

// after is a time of a message: ms milliseconds after the connection was made.
func after(s stream.Session, ms int) time.Time {
	return s.ConnectedAt.Add(time.Duration(ms) * time.Millisecond)
}

// hashtag is a tag that no other session uses.
func hashtag(s stream.Session, tag string) stream.Subscription {
	return stream.Subscription{Stream: stream.Hashtag, Param: tag + s.Account}
}

func (x Subject) open(t reporter, s stream.Session, first ...stream.Subscription) {
	t.Helper()
	if err := x.Store.Open(context.Background(), s, first); err != nil {
		t.Fatalf("Open: %v", err)
	}
}

func (x Subject) subscribe(t reporter, s stream.Session, sub stream.Subscription, ms int) {
	t.Helper()
	x.begun(t, s, sub, ms)
}

// begun is subscribe, and whether it began a replay.
func (x Subject) begun(t reporter, s stream.Session, sub stream.Subscription, ms int) bool {
	t.Helper()
	begun, err := x.Store.Subscribe(context.Background(), s, sub, after(s, ms))
	if err != nil {
		t.Fatalf("Subscribe %v at %d: %v", sub, ms, err)
	}
	return begun
}

func (x Subject) unsubscribe(t reporter, s stream.Session, sub stream.Subscription, ms int) {
	t.Helper()
	if err := x.Store.Unsubscribe(context.Background(), s, sub, after(s, ms)); err != nil {
		t.Fatalf("Unsubscribe %v at %d: %v", sub, ms, err)
	}
}

func (x Subject) close(t reporter, c stream.Connection) {
	t.Helper()
	if err := x.Store.Close(context.Background(), c); err != nil {
		t.Fatalf("Close: %v", err)
	}
}

// of are the session's listeners under a topic, ordered by subscription.
func (x Subject) of(t reporter, s stream.Session, topic stream.Topic) []stream.Listener {
	t.Helper()
	all, err := x.Audience(context.Background(), topic)
	if err != nil {
		t.Fatalf("Audience of %v: %v", topic, err)
	}
	own := slices.DeleteFunc(slices.Clone(all.Listeners), func(l stream.Listener) bool { return l.ID != s.ID })
	slices.SortFunc(own, func(a, b stream.Listener) int {
		return strings.Compare(a.Subscription.Key(), b.Subscription.Key())
	})
	return own
}

// holds fails unless the session holds exactly these of the subscriptions' topic.
func (x Subject) holds(t reporter, s stream.Session, topic stream.Topic, want ...stream.Subscription) {
	t.Helper()
	var got []stream.Subscription
	for _, l := range x.of(t, s, topic) {
		got = append(got, l.Subscription)
	}
	slices.SortFunc(want, func(a, b stream.Subscription) int { return strings.Compare(a.Key(), b.Key()) })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%v (-want +got):\n%s", topic, diff)
	}
}
