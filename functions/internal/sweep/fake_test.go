package sweep_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/sweep"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errTable = errors.New("table is unavailable")

// world is the table and the transport. Its connections end as API Gateway's do.
type world struct {
	mu       sync.Mutex
	progress sweep.Progress
	rows     map[string]sweep.Socket
	expiries []sweep.Expiry
	// active is when each connection that is open was last active.
	active map[string]time.Time
	frames map[string][]string
	asked  map[string]int
	// replaying are those whose replay does not end.
	replaying map[string]bool
	// answer is what the transport says, if not nil; it may wait.
	answer func(ctx context.Context, id string) error
	// broken names the table's call that fails.
	broken string
	reads  []sweep.Window
	last   sweep.Tally
	log    bytes.Buffer
}

// newWorld was swept a minute ago.
func newWorld() *world {
	return &world{progress: sweep.Progress{Until: time.Now().Add(-time.Minute)}, rows: map[string]sweep.Socket{}, active: map[string]time.Time{}, frames: map[string][]string{}, asked: map[string]int{}}
}

func (w *world) sweeper() *sweep.Sweeper {
	return sweep.New(sweep.Config{Table: w, Transport: w, Observe: func(t sweep.Tally) { w.last = t },
		KeepAlive: func(_ stream.Session, sub stream.Subscription) []byte { return []byte(sub.Key()) },
		Log:       slog.New(slog.NewTextHandler(&w.log, nil))})
}

// open opens a connection that is so old.
func (w *world) open(id string, age time.Duration, subs ...stream.Subscription) {
	s := sweep.Socket{Session: stream.Session{Connection: stream.Connection{ID: id, ConnectedAt: time.Now().Add(-age).Truncate(time.Millisecond)}}}
	if len(subs) > 0 {
		s.Subscription = subs[0]
	}
	w.rows[id], w.active[id] = s, time.Now()
}

func (w *world) fails(call string) error {
	if w.broken == call {
		return errTable
	}
	return nil
}

func (w *world) Progress(context.Context) (sweep.Progress, error) {
	return w.progress, w.fails("progress")
}

func (w *world) Advance(_ context.Context, p sweep.Progress) error {
	w.progress = p
	return w.fails("advance")
}

func (w *world) Opened(_ context.Context, window sweep.Window) (found []sweep.Socket, err error) {
	w.reads = append(w.reads, window)
	for _, s := range w.rows {
		if s.ConnectedAt.After(window.From) && !s.ConnectedAt.After(window.To) {
			found = append(found, s)
		}
	}
	return found, w.fails("opened")
}

func (w *world) Expiring(_ context.Context, window sweep.Window) (found []sweep.Expiry, err error) {
	for _, e := range w.expiries {
		if e.At.After(window.From) && !e.At.After(window.To) {
			found = append(found, e)
		}
	}
	return found, w.fails("expiring")
}

func (w *world) Settle(_ context.Context, e sweep.Expiry) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	var left []sweep.Expiry
	for _, other := range w.expiries {
		if other != e {
			left = append(left, other)
		}
	}
	w.expiries = left
	return w.fails("settle")
}

func (w *world) InReplay(_ context.Context, s sweep.Socket) (bool, error) {
	return w.replaying[s.ID], w.fails("in replay")
}

func (w *world) Close(_ context.Context, c stream.Connection) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.rows, c.ID)
	return w.fails("close")
}

// reach is nil if the transport answers and the connection is open.
func (w *world) reach(ctx context.Context, id string) error {
	if w.answer != nil {
		if err := w.answer(ctx, id); err != nil {
			return err
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked[id]++
	active, open := w.active[id]
	if !open || time.Since(active) >= sweep.Idle || time.Since(w.rows[id].ConnectedAt) >= sweep.Life {
		delete(w.active, id)
		return stream.ErrGone
	}
	return nil
}

func (w *world) Active(ctx context.Context, id string) (time.Time, error) {
	if err := w.reach(ctx, id); err != nil {
		return time.Time{}, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.active[id], nil
}

func (w *world) Post(ctx context.Context, id string, frame []byte) error {
	if err := w.reach(ctx, id); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.frames[id] = append(w.frames[id], string(frame))
	w.active[id] = time.Now()
	return nil
}

func (w *world) Disconnect(ctx context.Context, id string) error {
	if err := w.reach(ctx, id); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.active, id)
	return nil
}

func (w *world) run(t *testing.T) {
	t.Helper()
	if err := w.sweeper().Sweep(t.Context(), time.Now()); err != nil {
		t.Error(err)
	}
}

func (w *world) logged(text string) bool { return strings.Contains(w.log.String(), text) }
