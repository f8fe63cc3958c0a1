package dynamo

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"edgestream/functions/internal/enforce"
	"edgestream/functions/internal/stream"
)

var tokenA, tokenB = strings.Repeat("ab", 32), strings.Repeat("cd", 32)

// openedWith is a session of account 1 with this token.
func openedWith(t testing.TB, c *Connections, id, token string, first ...stream.Subscription) stream.Session {
	t.Helper()
	s := stream.Session{
		Connection: stream.Connection{ID: id, ConnectedAt: time.Now().Add(-time.Hour).Truncate(time.Millisecond).UTC()},
		Grant:      stream.Grant{Account: "1", Scopes: stream.Scopes{"read"}, TokenHash: token},
	}
	if err := c.Open(t.Context(), s, first); err != nil {
		t.Fatal(err)
	}
	return s
}

func namesOf(open enforce.Open) string {
	var names []string
	for _, c := range open.Connections {
		names = append(names, c.ID)
	}
	for _, r := range open.Readers {
		names = append(names, r.ID+" of "+r.Log.String())
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

func TestRevokingFindsWhatIsOpen(t *testing.T) {
	c := newConnections(t, Limits{})
	a := openedWith(t, c, "A=", tokenA)
	openedWith(t, c, "B=", tokenB)
	for i, log := range []stream.Topic{stream.AccountTopic("1"), stream.PublicTopic(), stream.ListTopic("a/b"), stream.HashtagTopic("")} {
		r := stream.Reader{ID: fmt.Sprint("r", i), Log: log, Grant: a.Grant, Started: time.Now()}
		if _, err := c.admitReader(t, r); err != nil {
			t.Fatal(err)
		}
	}
	for token, want := range map[string]string{
		tokenA: "A=, r0 of account/1, r1 of public, r2 of list/a/b, r3 of hashtag/",
		tokenB: "B=",
		"":     "A=, B=, r0 of account/1, r1 of public, r2 of list/a/b, r3 of hashtag/",
	} {
		open, err := c.Revoke(t.Context(), "1", token)
		if err != nil || namesOf(open) != want {
			t.Errorf("token %.4q: %s, %v; want %s", token, namesOf(open), err, want)
		}
		for _, found := range open.Connections {
			if !found.ConnectedAt.Equal(a.ConnectedAt) && found.ID == "A=" {
				t.Errorf("connected at %v, want %v", found.ConnectedAt, a.ConnectedAt)
			}
		}
	}
	readers, err := c.Readers(t.Context(), "1")
	if err != nil || len(readers) != 4 {
		t.Errorf("readers %v, %v", readers, err)
	}
}

func TestARevocationRefusesWhoIsOnTheWay(t *testing.T) {
	for name, tt := range map[string]struct {
		revoked, token string
		later          time.Duration
		want           error
	}{
		"this token":              {tokenA, tokenA, 0, stream.ErrInvalidToken},
		"the whole account":       {"", tokenA, 59 * time.Second, stream.ErrInvalidToken},
		"another token":           {tokenB, tokenA, 0, nil},
		"a minute ago":            {tokenA, tokenA, 61 * time.Second, nil},
		"the account's, long ago": {"", tokenA, time.Hour, nil},
	} {
		t.Run(name, func(t *testing.T) {
			c := newConnections(t, Limits{})
			if open, err := c.Revoke(t.Context(), "1", tt.revoked); err != nil || namesOf(open) != "" {
				t.Fatalf("%v, %v", open, err)
			}
			c.now = func() time.Time { return time.Now().Add(tt.later) }
			s := stream.Session{Connection: stream.Connection{ID: "A=", ConnectedAt: c.now()}, Grant: stream.Grant{Account: "1", TokenHash: tt.token}}
			if err := c.Open(t.Context(), s, nil); !errors.Is(err, tt.want) {
				t.Errorf("Open: %v, want %v", err, tt.want)
			}
		})
	}
}

func TestOldMarksAreRemoved(t *testing.T) {
	c := newConnections(t, Limits{})
	for i := range 3 {
		if _, err := c.Revoke(t.Context(), "1", fmt.Sprintf("%064d", i)+"x"); err != nil {
			t.Fatal(err)
		}
	}
	for i, token := range []string{tokenA, tokenB, ""} {
		c.now = func() time.Time { return time.Now().Add(time.Duration(i) * 50 * time.Second) }
		if _, err := c.Revoke(t.Context(), "1", token); err != nil {
			t.Fatal(err)
		}
	}
	var marks []string
	for _, f := range c.rowOf(t, accountKey("1")) {
		if strings.HasPrefix(f.Name, "!") {
			marks = append(marks, f.Name)
		}
	}
	slices.Sort(marks)
	if want := []string{"!" + tokenB[:16], "!off"}; !slices.Equal(marks, want) {
		t.Errorf("marks %v, want %v", marks, want)
	}
}

func TestASilencedConnectionIsStillFound(t *testing.T) {
	c := newConnections(t, Limits{})
	s := openedWith(t, c, "A=", tokenA, stream.Subscription{Stream: stream.User}, tag("cats"))
	topics := []stream.Topic{stream.AccountTopic("1"), stream.HashtagTopic("cats"), stream.EveryoneTopic()}
	if err := c.find(t, 3, topics...); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := c.Silence(t.Context(), "1", s.Connection); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.find(t, 0, topics...); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Session(t.Context(), s.Connection); !errors.Is(err, stream.ErrNoConnection) {
		t.Error(err)
	}
	if open, err := c.Revoke(t.Context(), "1", tokenA); err != nil || namesOf(open) != "A=" {
		t.Errorf("%v, %v", open, err)
	}
	for range 2 {
		if err := c.Remove(t.Context(), "1", s.Connection); err != nil {
			t.Fatal(err)
		}
	}
	if open, err := c.Revoke(t.Context(), "1", tokenA); err != nil || namesOf(open) != "" {
		t.Errorf("%v, %v", open, err)
	}
	if n, _ := c.rowOf(t, accountKey("1")).Get("n").Int(); n != 0 {
		t.Errorf("%d connections counted", n)
	}
}

func TestWhatCannotBeReachedCannotBeEnforced(t *testing.T) {
	c := newConnections(t, Limits{})
	long := strings.Repeat("x", 5000)
	open, err := c.Revoke(t.Context(), long, "")
	ended, kept, err2 := c.TakeList(t.Context(), long, "1")
	if err := errors.Join(err, err2, c.SetViewer(t.Context(), long, "v")); err != nil || namesOf(open) != "" || ended != 0 || kept {
		t.Errorf("%v, %v, %d", err, open, ended)
	}
}
