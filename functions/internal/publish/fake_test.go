package publish

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"edgestream/functions/internal/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is everything around a publisher, in memory.
type world struct {
	t  testing.TB
	mu sync.Mutex
	// listeners by topic; lookups counts the calls, and lookupErr fails them.
	listeners map[stream.Topic][]stream.Listener
	lookups   int
	lookupErr error
	// answer says what a post meets, and latency how long it takes; nil: it is accepted at
	// once. These functions run one at a time.
	answer     func(connection, frame string) error
	latency    func(connection string) time.Duration
	disconnect func(connection string) error
	greetErr   error
	handErr    error
	reportErr  error
	log        log
	viewers    accounts
	// kept are topics whose logs are kept though nobody listens who needs them.
	kept map[stream.Topic]bool
	// replays say what is left to them, by the subscription's key; none: it has caught up.
	replays  map[string]*replayed
	deferErr error
	turns    turns

	got       map[string][]string // frames accepted, by connection
	posting   map[string]bool
	together  bool // groups of parts may post to a connection side by side
	most      int  // posts in flight at once
	forgotten []string
	closed    []string
	greetings []stream.Greeting
	reported  []string
	encoded   int
	tallies   []Tally
	logs      strings.Builder
}

func newWorld(t testing.TB) *world {
	w := &world{t: t, listeners: map[stream.Topic][]stream.Listener{}, got: map[string][]string{}, posting: map[string]bool{}}
	w.log.mu = &w.mu
	return w
}

func (w *world) publisher(c Config) *Publisher {
	c.Directory, c.Recorder, c.Poster, c.Greeter, c.Reporter = w, &w.log, w, w, w
	c.Viewers = &w.viewers
	c.Encode, c.Identify = w.encode, identify
	c.Log = slog.New(slog.NewTextHandler(logWriter{w}, nil))
	c.Observe = func(t Tally) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.tallies = append(w.tallies, t)
	}
	return New(c)
}

// logWriter is where the publishers of a world log.
type logWriter struct{ *world }

func (l logWriter) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.logs.Write(line)
}

func (w *world) encode(s stream.Subscription, m stream.Message) []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.encoded++
	return fmt.Appendf(nil, "%s %s %s", s.Key(), m.Event, m.Payload)
}

func (w *world) Listeners(ctx context.Context, topics []stream.Topic) (map[stream.Topic]stream.Audience, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lookups++
	found := map[stream.Topic]stream.Audience{}
	for _, t := range topics {
		if l := w.listeners[t]; l != nil || w.kept[t] {
			found[t] = stream.Audience{Listeners: slices.Clone(l), Kept: w.kept[t]}
		}
	}
	if w.lookupErr != nil {
		return found, w.lookupErr
	}
	return found, ctx.Err()
}

func (w *world) HandOver(_ context.Context, l stream.Listener, until time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for t, listeners := range w.listeners {
		w.listeners[t] = slices.Clone(listeners)
		for i := range listeners {
			if o := &w.listeners[t][i]; o.ID == l.ID && o.Subscription == l.Subscription && !o.Opened.IsZero() && until.After(o.Opened) {
				o.Opened = until
			}
		}
	}
	return w.handErr
}

func (w *world) Forget(_ context.Context, l stream.Listener) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.forgotten = append(w.forgotten, l.ID)
	for t, listeners := range w.listeners {
		w.listeners[t] = slices.DeleteFunc(slices.Clone(listeners), func(o stream.Listener) bool { return o.ID == l.ID })
	}
	return nil
}

func (w *world) Post(ctx context.Context, connection string, frame []byte) error {
	w.begin(connection)
	defer w.end(connection)
	if w.latency != nil && !sleep(ctx, w.takes(connection)) {
		return fmt.Errorf("%w: %w", stream.ErrUnavailable, ctx.Err())
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.answer != nil {
		if err := w.answer(connection, string(frame)); err != nil {
			return err
		}
	}
	w.got[connection] = append(w.got[connection], string(frame))
	return nil
}

func (w *world) takes(connection string) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.latency(connection)
}

func (w *world) begin(connection string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.posting[connection] && !w.together {
		w.t.Errorf("two posts to %s in flight", connection)
	}
	w.posting[connection] = true
	w.most = max(w.most, len(w.posting))
}

func (w *world) end(connection string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.posting, connection)
}

func (w *world) Disconnect(_ context.Context, connection string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.disconnect != nil {
		if err := w.disconnect(connection); err != nil {
			return err
		}
	}
	w.closed = append(w.closed, connection)
	return nil
}

func (w *world) Greet(_ context.Context, g stream.Greeting) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.greetErr == nil {
		w.greetings = append(w.greetings, g)
	}
	return w.greetErr
}

func (w *world) Report(_ context.Context, record []byte, reason string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.reportErr == nil {
		w.reported = append(w.reported, string(record)+": "+reason)
	}
	return w.reportErr
}

// listen subscribes a connection of an account to a stream.
func (w *world) listen(connection, account string, s stream.Subscription) *stream.Listener {
	l := stream.Listener{Connection: stream.Connection{ID: connection, ConnectedAt: time.Now().Add(-time.Hour)},
		Subscription: s, Account: account, Notifications: true}
	t := s.Topic(account)
	w.listeners[t] = append(w.listeners[t], l)
	return &w.listeners[t][len(w.listeners[t])-1]
}

func (w *world) user(connection, account string) *stream.Listener {
	return w.listen(connection, account, stream.Subscription{Stream: stream.User})
}

// want checks the frames that a connection got.
func (w *world) want(connection string, frames ...string) {
	w.t.Helper()
	if !slices.Equal(w.got[connection], frames) {
		w.t.Errorf("%s got %q, want %q", connection, w.got[connection], frames)
	}
}

func (w *world) last() Tally { return w.tallies[len(w.tallies)-1] }

// record is a change with the number as its sequence and event.
func record(n int, owner, kind, payload string, set func(*stream.Item)) stream.Change {
	i := &stream.Item{Owner: owner, ID: kind + "#" + strconv.Itoa(n), Kind: kind, Payload: []byte(payload)}
	if set != nil {
		set(i)
	}
	return stream.Change{EventID: "event" + strconv.Itoa(n), Sequence: strconv.Itoa(n), Owner: owner, At: time.Now(),
		New: i, Raw: []byte("raw" + strconv.Itoa(n))}
}

// say is a broadcast of the owner to the user streams of accounts; none is everyone.
func say(n int, owner string, accounts ...string) stream.Change {
	return record(n, owner, "broadcast", strconv.Itoa(n), func(i *stream.Item) {
		i.Event = "e"
		if len(accounts) == 0 {
			i.Topics = []stream.Target{{Stream: stream.User}}
		}
		for _, a := range accounts {
			i.Topics = append(i.Topics, stream.Target{Stream: stream.User, Account: a})
		}
	})
}

// poison is a record that does not fit.
func poison(n int, owner string) stream.Change {
	return record(n, owner, "nonsense", "{}", nil)
}

// heard is a frame as encode makes it of a say.
func heard(numbers ...int) (frames []string) {
	for _, n := range numbers {
		frames = append(frames, "user e "+strconv.Itoa(n))
	}
	return frames
}

var errOdd = errors.New("nonsense was answered")
