package replay_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"edgestream/functions/internal/greet"
	"edgestream/functions/internal/history"
	"edgestream/functions/internal/historytest"
	"edgestream/functions/internal/mastodon"
	"edgestream/functions/internal/replay"
	"edgestream/functions/internal/stream"
)

var (
	user  = stream.Subscription{Stream: stream.User}
	bound = history.Bound{Subscription: user, Account: "1"}
)

// world is a subscription that is being replayed, and everything around it in memory. The clock is
// synctest's.
type world struct {
	mu  sync.Mutex
	log *historytest.Memory
	// step happens before every call that the replay makes, named by it.
	step func(call string) error

	listener stream.Listener
	// turn is that of the mapping; 0: it is live. gone: it is not there.
	turn int64
	gone bool
	// forgotten and closed say what became of the connection.
	forgotten, closed bool

	frames  []string
	posting func(frame string) error
	next    []stream.Replay
	hidden  func(stream.Message) bool
	number  int
}

func newWorld() *world {
	return &world{
		log: historytest.NewMemory(), turn: 1,
		listener: stream.Listener{
			Connection:   stream.Connection{ID: "c=", ConnectedAt: time.Now().Add(-time.Hour)},
			Subscription: user, Account: "1", Notifications: true, EventIDs: true, Replaying: true,
		},
	}
}

func (w *world) call(name string) error {
	if w.step == nil {
		return nil
	}
	return w.step(name)
}

func (w *world) Replaying(context.Context, stream.Replay) (stream.Listener, int64, error) {
	if err := w.call("replaying"); err != nil {
		return stream.Listener{}, 0, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.gone {
		return stream.Listener{}, 0, nil
	}
	return w.listener, w.turn, nil
}

func (w *world) CaughtUp(_ context.Context, _ stream.Replay, turn int64) (bool, error) {
	if err := w.call("caught up"); err != nil {
		return false, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.gone || w.turn != turn {
		return false, nil
	}
	w.turn = 0
	return true, nil
}

func (w *world) Forget(_ context.Context, l stream.Listener) error {
	if err := w.call("forget"); err != nil {
		return err
	}
	w.forgotten, w.gone = l.ID == w.listener.ID, true
	return nil
}

// Defer is what a publisher does.
func (w *world) Defer() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.turn > 0 {
		w.turn++
	}
	return w.turn > 0
}

func (w *world) Post(_ context.Context, _ string, frame []byte) error {
	if err := w.call("post"); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.posting != nil {
		if err := w.posting(string(frame)); err != nil {
			return err
		}
	}
	w.frames = append(w.frames, string(frame))
	return nil
}

func (w *world) Disconnect(context.Context, string) error {
	if err := w.call("disconnect"); err != nil {
		return err
	}
	w.closed = true
	return nil
}

func (w *world) Replay(_ context.Context, r stream.Replay) error {
	if err := w.call("again"); err != nil {
		return err
	}
	w.next = append(w.next, r)
	return nil
}

func (w *world) render(_ context.Context, _ stream.Listener, m stream.Message) (stream.Message, bool, error) {
	if err := w.call("render"); err != nil {
		return m, false, err
	}
	return m, w.hidden == nil || !w.hidden(m), nil
}

// reading is the log as the replay reads it.
type reading struct {
	history.Log
	*world
}

func (r reading) Read(ctx context.Context, t stream.Topic, after time.Time, consistent bool) ([]history.Entry, bool, error) {
	if !consistent {
		return nil, false, errors.New("an inconsistent read")
	}
	if err := r.call("read"); err != nil {
		return nil, false, err
	}
	return r.Log.Read(ctx, t, after, consistent)
}

func (w *world) replayer() replay.Replayer {
	return replay.Replayer{
		Directory: w,
		Reader: func(b history.Bound, p history.Position) replay.Reader {
			return history.NewReader(reading{w.log, w}, b, p)
		},
		Render: w.render, Closer: w, Again: w, Encode: mastodon.FrameID,
		Greeter: greet.Greeter{Poster: w, Young: 5 * time.Second, Patience: 10 * time.Second},
		Margin:  15 * time.Second, Patience: 4 * time.Minute,
	}
}

// fresh is the position of a subscription that begins now.
func (w *world) fresh(t testing.TB) string {
	t.Helper()
	p, err := history.Snapshot(context.Background(), w.log, bound, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return bound.PositionID(p)
}

// from is the replay that goes on behind the id.
func (w *world) from(id string) stream.Replay {
	return stream.Replay{Connection: w.listener.Connection, Account: "1", Subscription: user, From: id, Asked: time.Now()}
}

// run is one invocation of a minute.
func (w *world) run(r stream.Replay) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return w.replayer().Run(ctx, r)
}

// finish runs the replay, and what it hands over, until nothing is handed over.
func (w *world) finish(t testing.TB, r stream.Replay) (runs int) {
	t.Helper()
	for w.next = []stream.Replay{r}; len(w.next) > 0; runs++ {
		r, w.next = w.next[0], w.next[1:]
		if err := w.run(r); err != nil {
			t.Fatalf("run %d: %v", runs+1, err)
		}
	}
	return runs
}

// append has an owner say so many events to account 1: "owner.number".
func (w *world) append(t testing.TB, writer *history.Writer, owner string, events int) (entries []history.Entry) {
	t.Helper()
	for range events {
		w.number++
		e := w.entry(owner, w.number, stream.Message{
			Topic: stream.AccountTopic("1"), Streams: []stream.Name{stream.User}, Event: "update",
			Payload: fmt.Appendf(nil, "%s.%d", owner, w.number),
		})
		stored, errs := writer.Append(context.Background(), []history.Entry{e})
		if errs[0] != nil {
			t.Fatal(errs[0])
		}
		entries = append(entries, stored[0])
	}
	return entries
}

func (w *world) entry(owner string, number int, messages ...stream.Message) history.Entry {
	return history.Entry{
		Topic: messages[0].Topic, Record: fmt.Sprint("record-", number), Owner: owner,
		Sequence: fmt.Sprint(number), Messages: messages,
	}
}

// frame is what clients read.
type frame struct {
	Event, Payload, ID string
}

func (w *world) received(t testing.TB) (all []frame) {
	t.Helper()
	for _, text := range w.frames {
		var f frame
		if err := json.Unmarshal([]byte(text), &f); err != nil || f.ID == "" || !strings.HasSuffix(text, `,"id":"`+f.ID+`"}`) {
			t.Fatalf("%v: %s", err, text)
		}
		all = append(all, f)
	}
	return all
}

// once are the payloads of the events, without those whose id has been before.
func once(all []frame) (payloads []string) {
	seen := map[string]bool{}
	for _, f := range all {
		if !seen[f.ID] && !strings.HasPrefix(f.Event, "edgestream.") {
			payloads = append(payloads, f.Payload)
		}
		seen[f.ID] = true
	}
	return payloads
}
