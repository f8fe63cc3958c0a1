package dynamo

import (
	"fmt"
	"testing"
	"time"

	"edgestream/functions/internal/stream"
)

// versions are the viewer versions of a topic's listeners, by connection and subscription.
func (c *Connections) versions(t *testing.T, topics ...stream.Topic) map[string]string {
	t.Helper()
	found, err := c.Listeners(t.Context(), topics)
	if err != nil {
		t.Fatal(err)
	}
	versions := map[string]string{}
	for _, audience := range found {
		for _, l := range audience.Listeners {
			versions[l.ID+l.Subscription.Key()] = l.Viewer
		}
	}
	return versions
}

func TestAViewersVersionReachesAllThatIsOpen(t *testing.T) {
	c := newConnections(t, Limits{Subscriptions: 10})
	subs := []stream.Subscription{{Stream: stream.User}, {Stream: stream.Public}, tag("cats"), {Stream: stream.List, Param: "12"}}
	s := opened(t, c, "A=", "1", subs...)
	opened(t, c, "B=", "2", subs...)
	if err := c.Unsubscribe(t.Context(), s, tag("cats"), at(s, 1)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.admitReader(t, stream.Reader{ID: "r1", Log: stream.PublicTopic(), Grant: s.Grant, Started: time.Now()}); err != nil {
		t.Fatal(err)
	}
	topics := []stream.Topic{stream.AccountTopic("1"), stream.AccountTopic("2"), stream.PublicTopic(), stream.HashtagTopic("cats"), stream.ListTopic("12")}
	for _, version := range []string{"one", "two", "two", ""} {
		if err := c.SetViewer(t.Context(), "1", version); err != nil {
			t.Fatal(err)
		}
		got := c.versions(t, topics...)
		for key, want := range map[string]string{"A=user": version, "A=public": version, "A=list#12": version,
			"B=user": "", "B=public": "", "B=list#12": "", "B=hashtag#cats": ""} {
			if is, ok := got[key]; !ok || is != want {
				t.Errorf("%q: %s has %q", version, key, is)
			}
		}
		if len(got) != 7 {
			t.Errorf("%q: %v", version, got)
		}
		again, err := c.Session(t.Context(), s.Connection)
		if err != nil || again.Viewer != version {
			t.Errorf("session has %q, %v", again.Viewer, err)
		}
	}
	if e := c.rowOf(t, accountKey("1")).Get("@r1"); e.Fields.Get("f").Given() {
		t.Error("a reader was given a version")
	}
}

func TestAManifoldViewerIsWrittenPieceByPiece(t *testing.T) {
	c := newConnections(t, Limits{})
	for i := range 2*marksAtOnce + 1 {
		opened(t, c, fmt.Sprintf("c%d=", i), "1", stream.Subscription{Stream: stream.User})
	}
	if err := c.SetViewer(t.Context(), "1", "v"); err != nil {
		t.Fatal(err)
	}
	got := c.versions(t, stream.AccountTopic("1"))
	for key, version := range got {
		if version != "v" {
			t.Errorf("%s has %q", key, version)
		}
	}
	if len(got) != 2*marksAtOnce+1 {
		t.Errorf("%d listeners", len(got))
	}
}

// A connection that goes meanwhile is not made anew, and does not keep the others from it.
func TestAViewerLeavesAloneWhatIsGone(t *testing.T) {
	c := newConnections(t, Limits{})
	gone := opened(t, c, "A=", "1", stream.Subscription{Stream: stream.User}, stream.Subscription{Stream: stream.Public})
	opened(t, c, "B=", "1", stream.Subscription{Stream: stream.User})
	row := c.rowOf(t, accountKey("1"))
	if err := c.Close(t.Context(), gone.Connection); err != nil {
		t.Fatal(err)
	}
	if err := c.viewConnection(t.Context(), gone.Connection, "v"); err != nil {
		t.Error(err)
	}
	if err := c.viewEntries(t.Context(), "1", row, "v"); err != nil {
		t.Error(err)
	}
	if got := c.versions(t, stream.AccountTopic("1"), stream.PublicTopic()); len(got) != 1 || got["B=user"] != "v" {
		t.Errorf("%v", got)
	}
	if row := c.rowOf(t, connectionKey(gone.Connection)); row != nil {
		t.Errorf("made anew: %v", row)
	}
}

func TestAListThatIsTakenStopsFlowing(t *testing.T) {
	c := newConnections(t, Limits{Subscriptions: 10})
	list := stream.Subscription{Stream: stream.List, Param: "12"}
	old := opened(t, c, "A=", "1", list, stream.Subscription{Stream: stream.User})
	opened(t, c, "B=", "2", list)
	orphan := opened(t, c, "C=", "3", list)
	if _, err := c.take(t.Context(), orphan.Connection); err != nil {
		t.Fatal(err)
	}
	ended, kept, err := c.TakeList(t.Context(), "12", "2")
	if err != nil || ended != 2 || kept {
		t.Fatalf("%d, %v, %v", ended, kept, err)
	}
	got := c.versions(t, stream.ListTopic("12"), stream.AccountTopic("1"))
	if _, stays := got["B=list#12"]; !stays || len(got) != 2 {
		t.Errorf("%v", got)
	}
	if n := (connectionRow{c.rowOf(t, connectionKey(old.Connection))}).active(); n != 1 {
		t.Errorf("%d subscriptions counted", n)
	}
	if _, err := c.Keep(t.Context(), []stream.Topic{stream.ListTopic("12")}); err != nil {
		t.Fatal(err)
	}
	if ended, kept, err := c.TakeList(t.Context(), "12", ""); err != nil || ended != 1 || !kept {
		t.Errorf("%d, %v, %v", ended, kept, err)
	}
	if ended, _, err := c.TakeList(t.Context(), "12", ""); err != nil || ended != 0 {
		t.Errorf("%d, %v", ended, err)
	}
}
