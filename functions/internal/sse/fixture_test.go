package sse

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"edgestream/functions/internal/history"
	"edgestream/functions/internal/historytest"
	"edgestream/functions/internal/mastodon"
	"edgestream/functions/internal/stream"
)

var errBroken = errors.New("table is on fire")

// world is a handler and all that it works with, in memory.
type world struct {
	*Handler
	t        testing.TB
	accounts *accounts
	rooms    *rooms
	handoffs *handoffs
	memory   *log
	writer   *history.Writer
	logged   *lockedBuffer
	records  int
	// untold is what control entries fail with.
	untold error
	seenMu sync.Mutex
	seen   []Seen
}

func (w *world) observe(s Seen) {
	w.seenMu.Lock()
	defer w.seenMu.Unlock()
	w.seen = append(w.seen, s)
}

// saw fails the test unless these were seen.
func (w *world) saw(t *testing.T, want ...Seen) {
	t.Helper()
	w.seenMu.Lock()
	defer w.seenMu.Unlock()
	if !slices.Equal(w.seen, want) {
		t.Errorf("seen %+v, want %+v", w.seen, want)
	}
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{
		t: t, accounts: newAccounts(), rooms: &rooms{max: 100, members: 50, slots: map[int]string{}, in: map[string]stream.Reader{}},
		handoffs: &handoffs{}, memory: &log{Memory: historytest.NewMemory()}, logged: &lockedBuffer{},
	}
	w.writer = history.NewWriter(w.memory.Memory, history.WriterConfig{})
	w.Handler = &Handler{
		Tokens:     w.accounts,
		Authoriser: mastodon.Authoriser{Lists: w.accounts, MaxTag: 256, MaxList: 64},
		Positions:  history.Resumer{Keeper: &keeper{since: map[stream.Topic]time.Time{}}, Log: w.memory, Kept: 15 * time.Minute},
		History:    w.memory, Slots: w.rooms, Members: w.rooms, Handoffs: w.handoffs, Logs: w, Viewers: w.accounts,
		Renderer: w.accounts, Lifetime: 14 * time.Minute, MaxBytes: 1 << 30, Poll: 500 * time.Millisecond,
		Log:     slog.New(slog.NewTextHandler(w.logged, nil)),
		Observe: w.observe,
	}
	return w
}

// say appends one message to a topic's log.
func (w *world) say(to stream.Topic, streams []stream.Name, event, payload string) {
	w.t.Helper()
	w.records++
	w.append(history.Entry{
		Topic: to, Record: fmt.Sprint("record", w.records), Owner: "o", Sequence: fmt.Sprint(w.records),
		Messages: []stream.Message{{Topic: to, Streams: streams, Event: event, Payload: []byte(payload)}},
	})
}

func (w *world) append(e ...history.Entry) {
	w.t.Helper()
	_, errs := w.writer.Append(context.Background(), e)
	if err := errors.Join(errs...); err != nil {
		w.t.Fatal(err)
	}
}

// update says a status with this text on public streams.
func (w *world) update(text string) {
	w.t.Helper()
	w.say(stream.PublicTopic(), []stream.Name{stream.Public, stream.PublicLocal}, "update", fmt.Sprintf(`{"id":%q}`, text))
}

// Control implements Logs.
func (w *world) Control(_ context.Context, topic stream.Topic, event, payload string) error {
	if w.untold != nil {
		return w.untold
	}
	w.say(topic, nil, event, payload)
	return nil
}

// accounts is the Accounts table, and what renders by it.
type accounts struct {
	mu     sync.Mutex
	tokens map[string]stream.Grant
	lists  map[string]string
	// versions of what accounts filter; a version hides the statuses that contain it.
	versions map[string]string
	err      error
	reads    int
}

func newAccounts() *accounts {
	a := &accounts{tokens: map[string]stream.Grant{}, lists: map[string]string{"12": "1", "13": "2"}, versions: map[string]string{}}
	a.tokens["read"] = stream.Grant{Account: "1", Scopes: stream.Scopes{"read"}}
	a.tokens["statuses"] = stream.Grant{Account: "1", Scopes: stream.Scopes{"read:statuses"}}
	a.tokens["notifications"] = stream.Grant{Account: "1", Scopes: stream.Scopes{"read:notifications"}}
	a.tokens["follow"] = stream.Grant{Account: "1", Scopes: stream.Scopes{"follow"}}
	a.tokens["other"] = stream.Grant{Account: "2", Scopes: stream.Scopes{"read"}}
	return a
}

func (a *accounts) read() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.reads++
	return a.err
}

func (a *accounts) fail(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.err = err
}

func (a *accounts) Grant(_ context.Context, token string) (stream.Grant, error) {
	if err := a.read(); err != nil {
		return stream.Grant{}, err
	}
	if token == "" {
		return stream.Grant{}, stream.ErrMissingToken
	}
	g, ok := a.tokens[token]
	if !ok || g.Expired(time.Now()) {
		return stream.Grant{}, fmt.Errorf("%w: unknown", stream.ErrInvalidToken)
	}
	sum := sha256.Sum256([]byte(token))
	g.TokenHash = hex.EncodeToString(sum[:])
	return g, nil
}

func (a *accounts) ListOwner(_ context.Context, list string) (string, error) {
	err := a.read()
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.lists[list], err
}

func (a *accounts) Viewer(_ context.Context, account string) (string, error) {
	err := a.read()
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.versions[account], err
}

func (a *accounts) give(list, account string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.lists[list] = account
}

func (a *accounts) filter(account, version string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.versions[account] = version
}

func (a *accounts) Render(_ context.Context, l stream.Listener, m stream.Message) (stream.Message, bool, error) {
	if l.Viewer == "" || m.Event != "update" {
		return m, true, nil
	}
	return m, !bytes.Contains(m.Payload, []byte(l.Viewer)), a.read()
}

// rooms is the part of Connections that readers take.
type rooms struct {
	mu           sync.Mutex
	max, members int
	slots        map[int]string
	in           map[string]stream.Reader
	most         int
	err          error
	// admitted is called before a reader is.
	admitted func()
}

func (r *rooms) Take(_ context.Context, reader stream.Reader) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for slot := range r.max {
		if _, held := r.slots[slot]; !held {
			r.slots[slot] = reader.ID
			r.most = max(r.most, len(r.slots))
			return slot, r.err
		}
	}
	return 0, stream.ErrTooManyReaders
}

func (r *rooms) Free(_ context.Context, slot int, reader stream.Reader) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.slots[slot] == reader.ID {
		delete(r.slots, slot)
	}
	return nil
}

func (r *rooms) Admit(_ context.Context, reader stream.Reader, tell func(string) error) error {
	if r.admitted != nil {
		r.admitted()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.in) >= r.members {
		displaced := ""
		for id, other := range r.in {
			if other.TokenHash == reader.TokenHash && other.Key == reader.Key {
				displaced = id
			}
		}
		if displaced == "" {
			return stream.ErrTooManyConnections
		}
		if err := tell(displaced); err != nil {
			return err
		}
		delete(r.in, displaced)
	}
	r.in[reader.ID] = reader
	return nil
}

func (r *rooms) Dismiss(_ context.Context, reader stream.Reader) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.in, reader.ID)
	return nil
}

// readers are the ids of those who are in.
func (r *rooms) readers() (ids []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id := range r.in {
		ids = append(ids, id)
	}
	return ids
}

func (r *rooms) empty() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.in) == 0 && len(r.slots) == 0
}

// handoffs keeps them in order.
type handoffs struct {
	mu    sync.Mutex
	left  []stream.Handoff
	fails int
	// lost is how often a handoff is kept and the answer says nothing.
	lost int
}

func (h *handoffs) Leave(_ context.Context, o stream.Handoff) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.fails--; h.fails >= 0 {
		return errBroken
	}
	again := func(left stream.Handoff) bool { return left.Reader == o.Reader && left.Until.Equal(o.Until) }
	if !slices.ContainsFunc(h.left, again) {
		h.left = append(h.left, o)
	}
	if h.lost--; h.lost >= 0 {
		return errBroken
	}
	return nil
}

func (h *handoffs) Take(_ context.Context, client, last, _ string) (string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, o := range h.left {
		if o.Client == client && (last == "" || last == o.LastEvent) && time.Now().Before(o.Until) {
			h.left = append(h.left[:i:i], h.left[i+1:]...)
			return o.Position, nil
		}
	}
	return "", nil
}

func (h *handoffs) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.left)
}

// keeper keeps every topic that it is asked to.
type keeper struct {
	mu    sync.Mutex
	since map[stream.Topic]time.Time
}

func (k *keeper) Keep(_ context.Context, topics []stream.Topic) (since time.Time, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, topic := range topics {
		if k.since[topic].IsZero() {
			k.since[topic] = time.Now()
		}
		if k.since[topic].After(since) {
			since = k.since[topic]
		}
	}
	return since, nil
}

// log is a log that can fail.
type log struct {
	*historytest.Memory
	mu    sync.Mutex
	err   error
	hangs bool
	// takes is how long a look takes.
	takes time.Duration
	reads int
	// entries is how many have been read.
	entries int
	// extra is there beside what was appended.
	extra []history.Entry
}

func (l *log) Read(ctx context.Context, topic stream.Topic, after time.Time, consistent bool) ([]history.Entry, bool, error) {
	l.mu.Lock()
	l.reads++
	err, hangs, extra, takes := l.err, l.hangs, l.extra, l.takes
	l.mu.Unlock()
	time.Sleep(takes)
	if hangs {
		<-ctx.Done()
		err = ctx.Err()
	}
	if err != nil {
		return nil, false, fmt.Errorf("%w: %w", history.ErrUnavailable, err)
	}
	if extra != nil {
		for len(extra) > 0 && !extra[0].At.After(after) {
			extra = extra[1:]
		}
		n := min(len(extra), 700) // a megabyte of statuses
		return extra[:n], n < len(extra), nil
	}
	entries, more, err := l.Memory.Read(ctx, topic, after, consistent)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries += len(entries)
	return entries, more, err
}

func (l *log) entriesRead() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.entries
}

func (l *log) queries() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.reads
}

func (l *log) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
}

func (l *log) hang(yes bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hangs = yes
}

// lockedBuffer is a buffer for many goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
