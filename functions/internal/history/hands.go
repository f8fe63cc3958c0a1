package history

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"edgestream/functions/internal/stream"
)

// hands is through whose hands a list went, for a reader of its log: an id of one who has the list
// (again) may stand before, or in, a time when another had it.
//
// The borders are the times at which the list's row was written. An event's place is after the time
// at which it was written, by the little that the publisher takes and by how much clocks differ:
// less than Lateness. So the reader's account is shown what is placed while the list is its own, but
// for the first Lateness after another account had it. That may hide what is its own already, and
// shows nothing of the other's; a list that nobody had before shows all. What was its own and was
// placed when the list had gone is hidden too.
//
// That is for what is there when the reader begins. What is appended later is said to an account that
// was found to have the list, as it is to a socket: it is hidden only behind a move to another account of
// which the log did not tell before. Nobody who is given a list waits to be shown what is said to it.
//
// What nobody has told of yet is not known: until the function that does has written that a list is
// another's (seconds), that one's events are shown as they are to whoever is connected.
type hands struct {
	account string
	// known says that what is there already has been looked for, and past is what of it is hidden: the
	// places of records.
	known bool
	past  map[string]time.Time
	moves []placedMove
}

// placedMove is a move, and where it stands: moves of one second have the order of their places.
type placedMove struct {
	Move
	place time.Time
	// news says that it was not told of when the reader began.
	news bool
}

// handsOf is nil of subscriptions to anything but a list.
func handsOf(b Bound) *hands {
	if !b.Stream.TakesList() {
		return nil
	}
	return &hands{account: b.Account}
}

// look finds the moves of the log that matter behind the place, if that has not been done.
func (h *hands) look(ctx context.Context, log Log, list stream.Topic, after time.Time) error {
	if h == nil || h.known {
		return nil
	}
	there := map[string]time.Time{}
	for from, more := after.Add(-Lateness), true; more; {
		entries, rest, err := log.Read(ctx, list, from, true)
		if err != nil {
			return err
		}
		for _, e := range entries {
			h.learn(e)
			there[e.Record], from = e.At, e.At
		}
		more = rest && len(entries) > 0
	}
	maps.DeleteFunc(there, func(_ string, place time.Time) bool { return !h.hides(place) })
	h.known, h.past = true, there
	return nil
}

// learn takes note of the moves that an entry tells of. It may be told of one again.
func (h *hands) learn(e Entry) {
	if h == nil {
		return
	}
	for _, m := range e.Messages {
		move, ok := MoveOf(m)
		if !ok {
			continue
		}
		at, found := slices.BinarySearchFunc(h.moves, placedMove{Move: move, place: e.At}, func(a, b placedMove) int {
			return cmp.Or(a.At.Compare(b.At), a.place.Compare(b.place))
		})
		if !found {
			h.moves = slices.Insert(h.moves, at, placedMove{move, e.At, h.known && !h.told(move)})
		}
	}
}

// told reports whether the move is one that was told of when the reader began.
func (h *hands) told(move Move) bool {
	return slices.ContainsFunc(h.moves, func(m placedMove) bool { return m.Move == move && !m.news })
}

// hide empties the messages of the items that are not for the account, but for those that are for
// its reader.
func (h *hands) hide(items []Item) {
	if h == nil || len(h.moves) == 0 {
		return
	}
	for i := range items {
		if _, past := h.past[items[i].Record]; !past && !h.lost(items[i].At) {
			continue
		}
		items[i].Messages = slices.Clone(items[i].Messages)
		for n, m := range items[i].Messages {
			if !Control(m) {
				items[i].Messages[n] = stream.Message{}
			}
		}
	}
}

// lost reports whether the list was another's at the place by what has been told since the reader began.
func (h *hands) lost(place time.Time) bool {
	for _, m := range slices.Backward(h.moves) {
		if !place.Before(m.At) {
			return m.news && m.To != h.account
		}
	}
	return false
}

// hides reports whether what is placed there is, or may be, another's, if it is there already.
func (h *hands) hides(place time.Time) bool {
	last := len(h.moves) - 1
	if last < 0 {
		return false
	}
	for i, m := range h.moves {
		if i > 0 && place.Before(h.moves[i-1].At) {
			return false
		}
		// One who had it up to this move is whom it says, and whom the one before it says.
		if h.had(m.From, place, m.At) || i > 0 && h.had(h.moves[i-1].To, place, m.At) {
			return true
		}
	}
	return h.moves[last].To != h.account && !place.Before(h.moves[last].At)
}

// had reports whether what is placed there may be of one who had the list until then and is not
// the account.
func (h *hands) had(who string, place, until time.Time) bool {
	switch who {
	case h.account:
		return false
	case "":
		return place.Before(until)
	}
	return place.Before(until.Add(Lateness))
}
