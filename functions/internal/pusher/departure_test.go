package pusher_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
)

func (w *world) leave(c stream.Connection) (bool, error) {
	return pusher.Departure{Connections: w.store, Apps: w.apps, Events: &w.said, Hooks: &w.said}.Close(context.Background(), c)
}

func TestAConnectionThatEndsLeavesNothing(t *testing.T) {
	w := chatting(t, func(a *pusher.App) { a.SubscriptionCount = true })
	another := stream.Connection{ID: "another=", ConnectedAt: conn.ConnectedAt}
	w.open(t, another)
	w.sendOf(another, subscribe("room", ""), 10)
	w.said.happens = nil
	if known, err := w.leave(conn); !known || err != nil {
		t.Errorf("%v %v", known, err)
	}
	w.happened(t,
		"vacating 4072 cache-room presence-cache-room presence-room private-cache-room private-encrypted-cache-room private-encrypted-room private-room",
		"counted 4072 cache-room", "counted 4072 private-cache-room", "counted 4072 private-encrypted-cache-room",
		"counted 4072 private-encrypted-room", "counted 4072 private-room", "counted 4072 room")
	w.known(t, false)
	if known, err := w.leave(conn); known || err != nil {
		t.Errorf("again: %v %v", known, err)
	}
	w.happened(t)
}

func TestAConnectionThatHeldNothingTellsNobody(t *testing.T) {
	w := opened(t)
	if known, err := w.leave(conn); !known || err != nil {
		t.Errorf("%v %v", known, err)
	}
	w.happened(t)
	w = chatting(t, func(a *pusher.App) { a.ID = "gone" })
	if _, err := w.leave(conn); err != nil {
		t.Errorf("an app that is gone: %v", err)
	}
}

func TestADepartureThatNobodyIsToldOfIsAnError(t *testing.T) {
	w := chatting(t)
	w.said.err = errBroken
	if known, err := w.leave(conn); !known || !errors.Is(err, errBroken) {
		t.Errorf("%v %v", known, err)
	}
	w.known(t, false)
	told := slices.Clone(w.said.happens)
	w.said.err, w.said.happens = nil, nil
	if known, err := w.leave(conn); !known || err != nil {
		t.Errorf("again: %v %v", known, err)
	}
	w.happened(t, told...)
	if known, err := w.leave(conn); known || err != nil {
		t.Errorf("after that: %v %v", known, err)
	}
}
