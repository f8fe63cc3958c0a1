package mastodon

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"edgestream/functions/internal/connectiontest"
	"edgestream/functions/internal/stream"
)

// choices makes a test run once for every way in which it can choose.
type choices struct {
	taken, of []int
	n         int
}

// choose is a number below n.
func (c *choices) choose(n int) int {
	if c.n == len(c.taken) {
		c.taken, c.of = append(c.taken, 0), append(c.of, n)
	}
	c.n++
	return c.taken[c.n-1]
}

// next begins the next run; false: there is none.
func (c *choices) next() bool {
	c.n = 0
	for i := len(c.taken) - 1; i >= 0; i-- {
		if c.taken[i]++; c.taken[i] < c.of[i] {
			return true
		}
		c.taken, c.of = c.taken[:i], c.of[:i]
	}
	return false
}

// changing is an account whose row changes while one of its connections subscribes. What enforces the
// changes writes each version, in turn, to one mapping after the other. The second mapping is
// the one that is being made, the first has been there for long.
type changing struct {
	*choices
	versions []string // of the row: the one that it begins with, and those that it changes to
	row      int      // the index of the one that it has
	enforced int      // how many writes to mappings have been made
	mappings [2]string
	made     bool
	sets     int
}

// meanwhile makes any number of the steps that can be made now.
func (c *changing) meanwhile() {
	for {
		var steps []func()
		if c.row+1 < len(c.versions) {
			steps = append(steps, func() { c.row++ })
		}
		if c.enforced < 2*c.row {
			steps = append(steps, c.enforce)
		}
		if i := c.choose(len(steps) + 1); i < len(steps) {
			steps[i]()
			continue
		}
		return
	}
}

// enforce makes the next write of the changes made, two for each.
func (c *changing) enforce() {
	c.write(c.enforced%2, c.versions[1+c.enforced/2])
	c.enforced++
}

// write does nothing to a mapping that is not there.
func (c *changing) write(mapping int, version string) {
	if mapping == 0 || c.made {
		c.mappings[mapping] = version
	}
}

func (c *changing) Viewer(context.Context, string) (string, error) {
	c.meanwhile()
	return c.versions[c.row], nil
}

func (c *changing) SetViewer(_ context.Context, _, version string) error {
	for mapping := range c.mappings {
		c.meanwhile()
		c.write(mapping, version)
	}
	c.sets++
	return nil
}

func (c *changing) Unsubscribe(context.Context, stream.Session, stream.Subscription, time.Time) error {
	return nil
}

// TestNoOldVersionStaysOnAMapping tries every order in which two changes of what an account filters, and what
// enforces them, can meet a subscription.
func TestNoOldVersionStaysOnAMapping(t *testing.T) {
	for _, versions := range [][]string{{"", "v1", "v2"}, {"v0", "v1", "v2"}, {"v0", "v1", "v0"}} {
		all, runs, twice := new(choices), 0, 0
		for more := true; more; more = all.next() {
			c := &changing{choices: all, versions: versions, mappings: [2]string{versions[0]}}
			subscribeAmid(t, c)
			c.finish(t)
			runs++
			if c.sets > 1 {
				twice++
			}
		}
		if runs < 1000 || twice == 0 {
			t.Errorf("%q: %d runs, %d with two changes", versions, runs, twice)
		}
	}
}

// subscribeAmid makes the second mapping, as of before the changes, and rechecks it.
func subscribeAmid(t *testing.T, c *changing) {
	c.meanwhile()
	c.made, c.mappings[1] = true, c.versions[0]
	s := stream.Session{Connection: conn, Grant: stream.Grant{Account: "1", Viewer: c.versions[0]}}
	if err := (Recheck{Viewers: c, Mappings: c}).written(t.Context(), s, subscriptionTo(stream.Public), conn.ConnectedAt); err != nil {
		t.Fatalf("%v: %v", c.taken, err)
	}
	for i, version := range c.mappings {
		if enforced := (c.enforced + 1 - i) / 2; c.versions[0] != c.versions[2] && slices.Index(c.versions, version) < enforced {
			t.Fatalf("%v: mapping %d has %q when change %d had been written to it", c.taken, i, version, enforced)
		}
	}
}

// finish makes the steps that are left.
func (c *changing) finish(t *testing.T) {
	c.row = len(c.versions) - 1
	for c.enforced < 2*c.row {
		c.enforce()
	}
	for i, version := range c.mappings {
		if version != c.versions[c.row] {
			t.Fatalf("%v: mapping %d is left with %q of %q", c.taken, i, version, c.versions)
		}
	}
}

// restless is an account whose filters change each time that they are looked at.
type restless struct {
	*changing
	looks int
}

func (r *restless) Viewer(context.Context, string) (string, error) {
	r.looks++
	return fmt.Sprint(r.looks), nil
}

func TestAViewerThatChangesAllTheTimeIsAnErrorInTheEnd(t *testing.T) {
	w, r := opened(t, "full"), &restless{changing: &changing{choices: new(choices), versions: []string{""}}}
	m := w.messages()
	m.Recheck = Recheck{Lists: w.accounts, Viewers: r, Mappings: undoes{w.store, r}}
	m.Receive(t.Context(), Incoming{conn, conn.ConnectedAt.Add(time.Second), subscribeTo(subscriptionTo(stream.User))}, w.logger())
	if w.answered(t, broken); w.listens(subscriptionTo(stream.User)) || r.looks != looks {
		t.Errorf("looked %d times, listens: %t", r.looks, w.listens(subscriptionTo(stream.User)))
	}
}

// undoes is the store together with where versions are written.
type undoes struct {
	*connectiontest.Memory
	viewers *restless
}

func (u undoes) SetViewer(ctx context.Context, account, version string) error {
	return u.viewers.SetViewer(ctx, account, version)
}
