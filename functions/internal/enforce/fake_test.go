package enforce_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"edgestream/functions/internal/enforce"
	"edgestream/functions/internal/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errTable = errors.New("table is unavailable")

// world is every adapter at once. What is asked of it becomes a line in done.
type world struct {
	mu   sync.Mutex
	open enforce.Open
	// removed are the connections whose rows are gone.
	removed map[string]bool
	readers []stream.Reader
	kept    bool
	// answers are what Disconnect says of a connection, in turn, and the last of them from then on.
	answers map[string][]error
	// broken are calls that fail, by the line that they would become.
	broken map[string]bool
	done   []string
	calls  int
	most   int
}

func (w *world) do(format string, args ...any) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	line := fmt.Sprintf(format, args...)
	if w.broken[line] {
		return errTable
	}
	w.done = append(w.done, line)
	return nil
}

func (w *world) Revoke(_ context.Context, account, token string) (enforce.Open, error) {
	err := w.do("revoke %s", strings.TrimSpace(account+" "+token))
	w.mu.Lock()
	defer w.mu.Unlock()
	open := enforce.Open{Readers: w.open.Readers}
	for _, c := range w.open.Connections {
		if !w.removed[c.ID] {
			open.Connections = append(open.Connections, c)
		}
	}
	return open, err
}

func (w *world) Silence(_ context.Context, account string, c stream.Connection) error {
	return w.do("silence %s %s", account, c.ID)
}

func (w *world) Remove(_ context.Context, account string, c stream.Connection) error {
	err := w.do("remove %s %s", account, c.ID)
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil {
		w.removed[c.ID] = true
	}
	return err
}

func (w *world) SetViewer(_ context.Context, account, version string) error {
	return w.do("viewer %s %s", account, version)
}

func (w *world) Readers(_ context.Context, account string) ([]stream.Reader, error) {
	return w.readers, w.do("readers %s", account)
}

func (w *world) AppConnections(_ context.Context, app string) ([]stream.Connection, error) {
	return w.open.Connections, w.do("connections of %s", app)
}

func (w *world) TakeList(_ context.Context, list, owner string) (int, bool, error) {
	return 3, w.kept, w.do("take %s %s", list, owner)
}

func (w *world) Control(_ context.Context, topic stream.Topic, event, payload string) error {
	return w.do("control %s %s %s", topic, event, payload)
}

func (w *world) FiltersChanged(_ context.Context, account, record string) error {
	return w.do("filters %s %s", account, record)
}

func (w *world) Disconnect(ctx context.Context, id string) error {
	w.mu.Lock()
	w.calls++
	w.most = max(w.most, w.calls)
	w.mu.Unlock()
	time.Sleep(time.Millisecond)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls--
	answers := w.answers[id]
	if len(answers) > 1 {
		w.answers[id] = answers[1:]
	}
	var err error
	if len(answers) > 0 {
		err = answers[0]
	}
	w.done = append(w.done, "disconnect "+id)
	return errors.Join(err, ctx.Err())
}

// count is how often a line was done.
func (w *world) count(line string) (n int) {
	for _, l := range w.done {
		if l == line {
			n++
		}
	}
	return n
}

// brief is what was done, each line once where it was repeated at once, and sorted.
func (w *world) brief() string {
	return strings.Join(slices.Compact(slices.Clone(w.done)), ", ")
}

func (w *world) enforcer() (*enforce.Enforcer, *bytes.Buffer) {
	log := &bytes.Buffer{}
	return enforce.New(enforce.Config{Directory: w, Poster: w, Logs: w, Content: w,
		Log: slog.New(slog.NewTextHandler(log, nil))}), log
}

// holding is a world in which account 1 has these connections, opened so long ago.
func holding(age time.Duration, ids ...string) *world {
	w := &world{removed: map[string]bool{}, answers: map[string][]error{}, broken: map[string]bool{}}
	for _, id := range ids {
		w.open.Connections = append(w.open.Connections, stream.Connection{ID: id, ConnectedAt: time.Now().Add(-age)})
	}
	return w
}

// revoked is the change that removes account 1's token.
func revoked(sequence string) enforce.Change {
	return enforce.Change{Sequence: sequence, Key: "token#abc", Row: enforce.Token{Hash: "abc", Old: read}}
}
