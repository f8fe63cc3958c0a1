package pusher_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/pushertest"
	"edgestream/functions/internal/stream"
)

var errBroken = errors.New("table is on fire")

const (
	socket     = "2440174491.3806543333"
	unexpected = `{"event":"pusher:error","data":{"code":null,"message":"An unexpected error occurred"}}`
)

var (
	conn = stream.Connection{ID: "PJqB0fHsqRcCHlw=", ConnectedAt: time.UnixMilli(1_700_000_000_000).UTC()}
	app  = pusher.App{ID: "4072", Key: "278d425bdf160c739803", Secret: testSecret, Enabled: true, ClientEvents: true}
)

// said keeps what clients, webhooks and Content were told.
type said struct {
	mu      sync.Mutex
	frames  []string
	closed  bool
	happens []string
	err     error
}

func (s *said) Greet(ctx context.Context, g stream.Greeting) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	s.frames, s.closed = append(s.frames, g.Frames...), s.closed || g.Close
	return s.err
}

// happened notes what happened, in order.
func (s *said) happened(words ...string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.happens = append(s.happens, strings.Join(words, " "))
	return s.err
}

func (s *said) Occupied(_ context.Context, app, channel string, _ time.Time) error {
	return s.happened("occupied", app, channel)
}

func (s *said) Vacating(_ context.Context, app string, channels ...string) error {
	return s.happened(append([]string{"vacating", app}, channels...)...)
}

func (s *said) Counted(_ context.Context, app, channel string) error {
	return s.happened("counted", app, channel)
}

func (s *said) Publish(context.Context, string, []pusher.ChannelEvents) error { return errBroken }

func (s *said) PublishClient(_ context.Context, app, channel string, e pusher.Event) error {
	return s.happened("client event", app, channel, e.Name, e.Data, "except", e.Except, "by", e.User)
}

// store is the memory, which may fail.
type store struct {
	*pushertest.Memory
	err   error
	hangs bool
}

func (s *store) Session(ctx context.Context, c stream.Connection) (pusher.Session, error) {
	if s.hangs {
		<-ctx.Done()
		return pusher.Session{}, ctx.Err()
	}
	if s.err != nil {
		return pusher.Session{}, s.err
	}
	return s.Memory.Session(ctx, c)
}

func (s *store) Heard(ctx context.Context, c stream.Connection, at time.Time) error {
	if s.err != nil {
		return s.err
	}
	return s.Memory.Heard(ctx, c, at)
}

// world is the package with everything around it in memory.
type world struct {
	apps  pushertest.Apps
	store *store
	said  said
	log   bytes.Buffer
}

// newWorld is without any connection.
func newWorld(changes ...func(*pusher.App)) *world {
	one := app
	for _, change := range changes {
		change(&one)
	}
	return &world{
		apps:  pushertest.Apps{one, {ID: "2", Key: "another-key", Secret: "another-secret", Enabled: true}},
		store: &store{Memory: pushertest.NewMemory(pushertest.Limits{Subscriptions: 20})},
	}
}

// opened is a world in which the connection is open.
func opened(t *testing.T, changes ...func(*pusher.App)) *world {
	t.Helper()
	w := newWorld(changes...)
	w.open(t, conn)
	return w
}

func (w *world) open(t *testing.T, c stream.Connection) {
	t.Helper()
	if err := w.store.Open(context.Background(), stream.Session{Connection: c, App: "4072"}); err != nil {
		t.Fatal(err)
	}
}

func (w *world) logger() *slog.Logger { return slog.New(slog.NewJSONHandler(&w.log, nil)) }

func (w *world) messages() pusher.Messages {
	return pusher.Messages{
		Apps: w.apps, Connections: w.store, Events: &w.said, Hooks: &w.said, Greeter: &w.said,
		Limits: pusher.DefaultLimits(), MaxBytes: 131_072, Margin: time.Second,
	}
}

// send is a message of the connection, ms milliseconds after it was made.
func (w *world) send(body string, ms int) { w.sendOf(conn, body, ms) }

func (w *world) sendOf(c stream.Connection, body string, ms int) {
	in := pusher.Incoming{Connection: c, At: c.ConnectedAt.Add(time.Duration(ms) * time.Millisecond), Body: body}
	w.messages().Receive(context.Background(), in, w.logger())
}

// answered fails unless exactly these frames were posted since the last time.
func (w *world) answered(t *testing.T, frames ...string) {
	t.Helper()
	if got, want := strings.Join(w.said.frames, "\n"), strings.Join(frames, "\n"); got != want {
		t.Errorf("answers\n got %s\nwant %s", got, want)
	}
	w.said.frames = nil
}

// happened fails unless exactly this happened since the last time.
func (w *world) happened(t *testing.T, want ...string) {
	t.Helper()
	if got, want := strings.Join(w.said.happens, "\n"), strings.Join(want, "\n"); got != want {
		t.Errorf("happened\n got %s\nwant %s", got, want)
	}
	w.said.happens = nil
}

// logged fails unless the log has that many lines, all of the level, each with all the words, and
// nothing secret.
func (w *world) logged(t *testing.T, lines int, level string, words ...string) {
	t.Helper()
	log := w.log.String()
	if strings.Count(log, "\n") != lines || strings.Count(log, `"level":"`+level+`"`) != lines {
		t.Errorf("want %d lines of %s:\n%s", lines, level, log)
	}
	for _, word := range words {
		if strings.Count(log, word) < lines {
			t.Errorf("no %q in\n%s", word, log)
		}
	}
	for _, secret := range []string{testSecret, "s3cret", app.Key} {
		if strings.Contains(log, secret) {
			t.Errorf("%q in\n%s", secret, log)
		}
	}
	w.log.Reset()
}

// holds reports whether the connection is subscribed to the channel.
func (w *world) holds(channel string) bool {
	s, _ := w.store.Memory.Session(context.Background(), conn)
	_, ok := s.Channels[channel]
	return ok
}
