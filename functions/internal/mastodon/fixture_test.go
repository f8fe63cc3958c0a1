package mastodon

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"edgestream/functions/internal/connectiontest"
	"edgestream/functions/internal/stream"
)

var (
	_ Opener        = (*connectiontest.Memory)(nil)
	_ Sessions      = (*connectiontest.Memory)(nil)
	_ Subscriptions = (*connectiontest.Memory)(nil)
)

var errBroken = errors.New("table is on fire")

// accounts is what the Accounts table holds.
type accounts struct {
	tokens map[string]stream.Scopes // all of account 1
	lists  map[string]string        // list to account
	err    error
}

func (a accounts) Grant(_ context.Context, token string) (stream.Grant, error) {
	if a.err != nil {
		return stream.Grant{}, a.err
	}
	if scopes, ok := a.tokens[token]; ok {
		return stream.Grant{Account: "1", Scopes: scopes, TokenHash: "hash-of-" + token}, nil
	}
	return stream.Grant{}, errInvalid(token)
}

func errInvalid(reason string) error {
	return errors.Join(stream.ErrInvalidToken, errors.New(reason))
}

func (a accounts) ListOwner(_ context.Context, list string) (string, error) {
	if a.err != nil {
		return "", a.err
	}
	return a.lists[list], nil
}

// posted keeps what clients were sent.
type posted struct {
	mu     sync.Mutex
	frames []string
	err    error
}

func (p *posted) Greet(ctx context.Context, g stream.Greeting) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	p.frames = append(p.frames, g.Frames...)
	return p.err
}

// world is the package with everything around it in memory.
type world struct {
	accounts accounts
	store    *connectiontest.Memory
	history  past
	viewers  viewers
	posted   posted
	log      bytes.Buffer
}

func newWorld() *world {
	return &world{
		accounts: accounts{
			tokens: map[string]stream.Scopes{
				"full": {"read", "write"}, "statuses": {"read:statuses"}, "notes": {"read:notifications"}, "write": {"write"}, "bare": nil,
			},
			lists: map[string]string{"12": "1", "99": "2"},
		},
		store: connectiontest.NewMemory(connectiontest.Limits{Subscriptions: 5, Connections: 2}),
	}
}

func (w *world) logger() *slog.Logger { return slog.New(slog.NewJSONHandler(&w.log, nil)) }

func (w *world) authoriser() Authoriser {
	return Authoriser{Lists: w.accounts, MaxTag: 500, MaxList: 100}
}

func (w *world) connect(h Handshake) error {
	c := Connect{
		Tokens: w.accounts, Authoriser: w.authoriser(), Connections: w.store, Greeter: &w.posted,
		Recheck: w.recheck(), Resume: w.resume(),
	}
	return c.Connect(context.Background(), h, w.logger())
}

func (w *world) messages() Messages {
	return Messages{
		Sessions: w.store, Subscriptions: w.store, Authoriser: w.authoriser(), Greeter: &w.posted,
		MaxBytes: 131_072, Margin: time.Second, Recheck: w.recheck(), Resume: w.resume(),
	}
}

var conn = stream.Connection{ID: "PJqB0fHsqRcCHlw=", ConnectedAt: time.UnixMilli(1_700_000_000_000).UTC()}

// opened is a world with a connection that was opened by the token.
func opened(t *testing.T, token string) *world {
	t.Helper()
	w := newWorld()
	if err := w.connect(Handshake{Connection: conn, Credentials: Credentials{AccessToken: token}}); err != nil {
		t.Fatal(err)
	}
	return w
}

// send is a message of the connection, ms milliseconds after it was made.
func (w *world) send(body string, ms int) {
	in := Incoming{Connection: conn, At: conn.ConnectedAt.Add(time.Duration(ms) * time.Millisecond), Body: body}
	w.messages().Receive(context.Background(), in, w.logger())
}

// listens reports whether the connection listens to the stream.
func (w *world) listens(sub stream.Subscription) bool {
	all, _ := w.store.Listeners(context.Background(), sub.Topic("1"))
	for _, l := range all {
		if l.Subscription == sub {
			return true
		}
	}
	return false
}

// answered fails unless exactly these frames were posted.
func (w *world) answered(t *testing.T, frames ...string) {
	t.Helper()
	if got, want := strings.Join(w.posted.frames, "\n"), strings.Join(frames, "\n"); got != want {
		t.Errorf("answers\n got %s\nwant %s", got, want)
	}
}

// logged fails unless the log has that many lines, all of the level, each with all the words.
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
}
