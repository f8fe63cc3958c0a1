package dynamo

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"edgestream/functions/internal/stream"
)

// newReader is a reader of a token that began so long ago.
func newReader(id, token string, log stream.Topic, ago time.Duration) stream.Reader {
	started := time.Now().Add(-ago).Truncate(time.Millisecond)
	return stream.Reader{
		ID: id, Key: log.String(), Log: log, Started: started, Until: started.Add(14 * time.Minute),
		Grant: stream.Grant{Account: "1", Scopes: stream.Scopes{"read"}, TokenHash: strings.Repeat(token, 64)},
	}
}

// admitReader also returns the reader that was told last.
func (c *Connections) admitReader(t testing.TB, r stream.Reader) (told string, err error) {
	err = c.Admit(t.Context(), r, func(reader string) error {
		told = reader
		return nil
	})
	return told, err
}

func (c *Connections) mustAdmit(t testing.TB, r stream.Reader) (displaced string) {
	t.Helper()
	displaced, err := c.admitReader(t, r)
	if err != nil {
		t.Fatalf("%s: %v", r.ID, err)
	}
	return displaced
}

// entriesOf are the names of what counts as connections of account 1, and their number as the row has it.
func (c *Connections) entriesOf(t testing.TB) (ids map[string]bool, n int64) {
	t.Helper()
	row := c.rowOf(t, accountKey("1"))
	ids = map[string]bool{}
	for _, e := range entries(row) {
		ids[e.Name[1:]] = true
	}
	n, _ = row.Get("n").Int()
	return ids, n
}

func TestAReaderHearsNothingAndKeepsNoSocketOut(t *testing.T) {
	c := newConnections(t, Limits{Connections: 2})
	opened(t, c, "A1=", "1")
	r := newReader("r1", "a", stream.AccountTopic("1"), 0)
	for range 2 { // the same call again is the same reader
		if displaced := c.mustAdmit(t, r); displaced != "" {
			t.Errorf("displaced %q", displaced)
		}
	}
	for _, want := range []error{nil, stream.ErrTooManyConnections} {
		s := stream.Session{Connection: stream.Connection{ID: fmt.Sprintf("B%v=", want != nil), ConnectedAt: time.Now()}, Grant: stream.Grant{Account: "1"}}
		if err := c.Open(t.Context(), s, nil); !errors.Is(err, want) {
			t.Errorf("a socket beside a reader: %v, want %v", err, want)
		}
	}
	if _, err := c.admitReader(t, newReader("r2", "b", stream.PublicTopic(), 0)); !errors.Is(err, stream.ErrTooManyConnections) {
		t.Errorf("a reader beside two sockets and a reader: %v", err)
	}
	if ids, n := c.entriesOf(t); n != 3 || len(ids) != 3 {
		t.Errorf("%d entries: %v", n, ids)
	}
	found, err := c.Listeners(t.Context(), []stream.Topic{stream.AccountTopic("1")})
	if err != nil || len(found[stream.AccountTopic("1")].Listeners) != 0 {
		t.Errorf("%v, %v", found, err)
	}
	for range 2 { // and so is the same end
		if err := c.Dismiss(t.Context(), r); err != nil {
			t.Error(err)
		}
	}
	if ids, n := c.entriesOf(t); n != 2 || len(ids) != 2 || !ids["A1="] {
		t.Errorf("%v, %d", ids, n)
	}
}

func TestAFullAccountGivesTheOldestReadersPlaceToItsSuccessor(t *testing.T) {
	c := newConnections(t, Limits{Connections: 4})
	public, home := stream.PublicTopic(), stream.AccountTopic("1")
	opened(t, c, "A1=", "1")
	for _, r := range []stream.Reader{
		newReader("home", "a", home, 9*time.Minute),
		newReader("old", "a", public, 5*time.Minute),
		newReader("older", "a", public, 6*time.Minute),
	} {
		c.mustAdmit(t, r)
	}
	if displaced := c.mustAdmit(t, newReader("new", "a", public, 0)); displaced != "older" {
		t.Errorf("displaced %q", displaced)
	}
	if ids, n := c.entriesOf(t); n != 4 || len(ids) != 4 || !ids["new"] || ids["older"] {
		t.Errorf("%v, %d", ids, n)
	}
	direct := newReader("direct", "a", home, 0)
	direct.Key = "direct"
	for _, stranger := range []stream.Reader{newReader("token", "b", public, 0), direct} {
		if displaced, err := c.admitReader(t, stranger); !errors.Is(err, stream.ErrTooManyConnections) || displaced != "" {
			t.Errorf("%s: displaced %q, %v", stranger.ID, displaced, err)
		}
	}
}

func TestAReaderThatMustHaveEndedMakesRoom(t *testing.T) {
	c := newConnections(t, Limits{Connections: 2})
	opened(t, c, "A1=", "1") // for an hour
	c.mustAdmit(t, newReader("dead", "a", stream.PublicTopic(), 17*time.Minute))
	if displaced := c.mustAdmit(t, newReader("new", "b", stream.PublicTopic(), 0)); displaced != "" {
		t.Errorf("displaced %q", displaced)
	}
	if ids, n := c.entriesOf(t); n != 2 || !ids["A1="] || !ids["new"] {
		t.Errorf("%v, %d", ids, n)
	}
}

func TestAReaderOfARevokedTokenIsNotAdmitted(t *testing.T) {
	c := newConnections(t, Limits{Connections: 1})
	old := newReader("old", "a", stream.PublicTopic(), time.Minute)
	c.mustAdmit(t, old)
	open, err := c.Revoke(t.Context(), "1", old.TokenHash)
	if err != nil || len(open.Readers) != 1 || open.Readers[0].ID != "old" || open.Readers[0].Log != old.Log {
		t.Errorf("%+v, %v", open, err)
	}
	// Neither in place of the old one nor beside it.
	for range 2 {
		displaced, err := c.admitReader(t, newReader("new", "a", stream.PublicTopic(), 0))
		if !errors.Is(err, stream.ErrInvalidToken) || displaced != "" {
			t.Errorf("displaced %q, %v", displaced, err)
		}
		if err := c.Dismiss(t.Context(), old); err != nil {
			t.Fatal(err)
		}
	}
	c.mustAdmit(t, newReader("other", "b", stream.PublicTopic(), 0))
}

func TestAReaderIsToldBeforeItsPlaceIsTakenOrKeepsIt(t *testing.T) {
	c := newConnections(t, Limits{Connections: 2})
	opened(t, c, "A1=", "1")
	c.mustAdmit(t, newReader("old", "a", stream.PublicTopic(), time.Minute))
	untold := errors.New("untold")
	for _, want := range []error{untold, nil} {
		err := c.Admit(t.Context(), newReader("new", "a", stream.PublicTopic(), 0), func(reader string) error {
			if ids, n := c.entriesOf(t); reader != "old" || n != 2 || !ids["old"] || ids["new"] {
				t.Errorf("%s is told when the row has %v", reader, ids)
			}
			return want
		})
		if ids, n := c.entriesOf(t); !errors.Is(err, want) || n != 2 || len(ids) != 2 || ids["old"] != (want != nil) || !ids["A1="] {
			t.Errorf("%v, want %v; %v, %d", err, want, ids, n)
		}
	}
}

func TestReadersThatComeAtOnceKeepToTheLimit(t *testing.T) {
	const limit = 3
	c := newConnections(t, Limits{Connections: limit})
	var mu sync.Mutex
	var wg sync.WaitGroup
	told := map[string]bool{}
	for i := range 9 {
		wg.Go(func() {
			r := newReader(fmt.Sprint("r", i), "a", stream.PublicTopic(), time.Duration(i)*time.Second)
			err := c.Admit(t.Context(), r, func(reader string) error {
				mu.Lock()
				defer mu.Unlock()
				told[reader] = true
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	ids, n := c.entriesOf(t)
	if n != limit || len(ids) != limit || len(told) != 9-limit {
		t.Errorf("%v, %d, told %v", ids, n, told)
	}
	for id := range told {
		if ids[id] {
			t.Errorf("%s was told and is in", id)
		}
	}
}
