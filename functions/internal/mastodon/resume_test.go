package mastodon

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"edgestream/functions/internal/history"
	"edgestream/functions/internal/stream"
)

// past stands for History and for the function that replays it.
type past struct {
	start    history.Start
	asked    []string // the ids that were asked for, behind account and subscription
	replayed []stream.Replay
	// err is what positions fail with, refused what replays fail with.
	err, refused error
	// meanwhile happens while a position is found: before a mapping is written.
	meanwhile func()
}

func (p *past) Resume(_ context.Context, b history.Bound, id string) (history.Start, error) {
	p.asked = append(p.asked, b.Account+" "+b.Key()+" "+id)
	if p.meanwhile != nil {
		p.meanwhile()
	}
	return p.start, p.err
}

func (p *past) Replay(_ context.Context, r stream.Replay) error {
	p.replayed = append(p.replayed, r)
	return p.refused
}

func (w *world) resume() Resume { return Resume{&w.history, &w.history} }

// wantsIDs is a world with a connection that asked for ids.
func wantsIDs(t *testing.T, p Params) *world {
	t.Helper()
	w := newWorld()
	w.history.start.From = "from"
	if err := w.connect(Handshake{conn, Credentials{AccessToken: "full"}, p, true}); err != nil {
		t.Fatal(err)
	}
	return w
}

// replays fails unless exactly these were begun, by now.
func (w *world) replays(t *testing.T, want ...stream.Replay) {
	t.Helper()
	if diff := cmp.Diff(want, w.history.replayed, cmpopts.IgnoreFields(stream.Replay{}, "Asked", "Made")); diff != "" {
		t.Errorf("replays (-want +got):\n%s", diff)
	}
	for _, r := range w.history.replayed {
		if waited := time.Since(r.Asked); waited < 0 || waited > time.Minute {
			t.Errorf("asked at %v", r.Asked)
		}
		if r.Made.Before(conn.ConnectedAt) || r.Made.After(conn.ConnectedAt.Add(20*time.Millisecond)) {
			t.Errorf("made at %v", r.Made)
		}
	}
}

func replayOf(sub stream.Subscription, gap string) stream.Replay {
	return stream.Replay{Connection: conn, Account: "1", Subscription: sub, From: "from", Gap: gap}
}

func TestEverySubscriptionOfAConnectionWithIDsBeginsWithAReplay(t *testing.T) {
	for _, n := range stream.Names() {
		sub := subscriptionTo(n)
		byURL := wantsIDs(t, Params{Stream: string(n), Tag: "Cats", List: "12", LastEventID: "id-1"})
		byMessage := wantsIDs(t, Params{})
		byMessage.send(`{"type":"subscribe","stream":"`+string(n)+`","tag":"Cats","list":"12","last_event_id":"id-1"}`, 10)
		for _, w := range []*world{byURL, byMessage} {
			w.replays(t, replayOf(sub, ""))
			w.answered(t)
			if diff := cmp.Diff([]string{"1 " + sub.Key() + " id-1"}, w.history.asked); diff != "" || !w.listens(sub) {
				t.Errorf("%s: positions (-want +got):\n%s", n, diff)
			}
		}
	}
}

func TestTheSessionSaysThatIDsAreWanted(t *testing.T) {
	for _, w := range []*world{wantsIDs(t, Params{}), opened(t, "full")} {
		s, err := w.store.Session(context.Background(), conn)
		if want := w.history.start.From != ""; err != nil || s.EventIDs != want {
			t.Errorf("%v, want %v, %v", s.EventIDs, want, err)
		}
	}
}

func TestWithoutIDsNothingIsResumed(t *testing.T) {
	w := newWorld()
	p := Params{Stream: "user", LastEventID: "id-1"}
	if err := w.connect(Handshake{conn, Credentials{AccessToken: "full"}, p, false}); err != nil {
		t.Fatal(err)
	}
	w.send(`{"type":"subscribe","stream":"public","last_event_id":"id-1"}`, 10)
	w.answered(t)
	if w.replays(t); len(w.history.asked) > 0 || !w.listens(subscriptionTo(stream.User)) || !w.listens(subscriptionTo(stream.Public)) {
		t.Errorf("asked %v", w.history.asked)
	}
}

func TestTheReplayIsToldOfAGap(t *testing.T) {
	for _, gap := range []string{history.GapTooOld, history.GapUnknownID} {
		w := wantsIDs(t, Params{})
		w.history.start.Gap = gap
		w.send(`{"type":"subscribe","stream":"user","last_event_id":7}`, 10)
		w.replays(t, replayOf(subscriptionTo(stream.User), gap))
	}
}

func TestThePositionIsFoundBeforeTheMappingIsWritten(t *testing.T) {
	user := subscriptionTo(stream.User)
	w := wantsIDs(t, Params{})
	w.history.meanwhile = func() {
		if w.listens(user) {
			t.Error("the mapping came first")
		}
	}
	if w.send(`{"type":"subscribe","stream":"user"}`, 10); !w.listens(user) {
		t.Error("nothing was subscribed")
	}
}

func TestADuplicateStartsNoSecondReplay(t *testing.T) {
	w := wantsIDs(t, Params{Stream: "user"})
	w.send(`{"type":"subscribe","stream":"user"}`, 10)
	w.send(`{"type":"subscribe","stream":"user","last_event_id":"x"}`, 20)
	w.replays(t, replayOf(subscriptionTo(stream.User), ""))
	w.answered(t)
}

func TestASubscribeThatWasOvertakenStartsNoReplay(t *testing.T) {
	w := wantsIDs(t, Params{})
	w.send(`{"type":"unsubscribe","stream":"user"}`, 20)
	w.send(`{"type":"subscribe","stream":"user"}`, 10)
	w.replays(t)
	w.answered(t)
}

func TestAHistoryThatCannotBeReadFailsTheSubscription(t *testing.T) {
	user := subscriptionTo(stream.User)
	w := wantsIDs(t, Params{})
	w.history.err = history.ErrUnavailable
	w.send(`{"type":"subscribe","stream":"user"}`, 10)
	w.answered(t, broken)
	w.logged(t, 1, "ERROR", history.ErrUnavailable.Error(), `"account":"1"`)
	if w.listens(user) {
		t.Error("it is subscribed")
	}

	w = newWorld()
	w.history.err = history.ErrUnavailable
	if err := w.connect(Handshake{conn, Credentials{AccessToken: "full"}, Params{Stream: "user"}, true}); err != nil {
		t.Errorf("the socket did not open: %v", err)
	}
	w.answered(t, broken)
	if w.replays(t); w.listens(user) {
		t.Error("it is subscribed")
	}
}

func TestAReplayThatNobodyBeginsUndoesTheSubscription(t *testing.T) {
	user := subscriptionTo(stream.User)
	w := wantsIDs(t, Params{})
	w.history.refused = errBroken
	w.send(`{"type":"subscribe","stream":"user"}`, 10)
	w.answered(t, broken)
	if w.listens(user) {
		t.Error("it is subscribed, and nothing would come")
	}
	w.history.refused = nil
	if w.send(`{"type":"subscribe","stream":"user"}`, 12); !w.listens(user) {
		t.Error("it cannot be subscribed any more")
	}
}

func TestAConnectionWhoseReplayNobodyBeginsIsTurnedAwayAndForgotten(t *testing.T) {
	w := newWorld()
	w.history.refused = errBroken
	err := w.connect(Handshake{conn, Credentials{AccessToken: "full"}, Params{Stream: "user"}, true})
	if RefusalOf(err).Status != 500 {
		t.Errorf("got %v", err)
	}
	if _, err := w.store.Session(context.Background(), conn); !errors.Is(err, stream.ErrNoConnection) {
		t.Error("the connection is still stored")
	}
}
