package httpapi_test

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"edgestream/functions/internal/httpapi"
	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const secret = "demo-secret"

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// world is an API with its stores in memory.
type world struct {
	*httpapi.API
	mu        sync.Mutex
	published []string
	// told are the frames and closes that connections got.
	told []string
	// subscriptions, users, cached and connections are what the directory knows.
	subscriptions map[string]int
	users         map[string][]string
	cached        map[string]pusher.Event
	connections   map[string][]stream.Connection
	// fails are the calls that fail, and gone the connections that are.
	fails, gone map[string]bool
	// pages is how often the list of channels was read.
	pages int
}

func newWorld() *world {
	w := &world{
		subscriptions: map[string]int{}, users: map[string][]string{}, cached: map[string]pusher.Event{},
		connections: map[string][]stream.Connection{}, fails: map[string]bool{}, gone: map[string]bool{},
	}
	w.API = &httpapi.API{Apps: w, Events: w, Directory: w, Sockets: w, Limits: pusher.DefaultLimits()}
	return w
}

var errDown = errors.New("storage is down")

func (w *world) do(call string, f func()) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fails[call] {
		return errDown
	}
	f()
	return nil
}

func (w *world) App(_ context.Context, id string) (app pusher.App, err error) {
	err = w.do("App", func() {
		app = pusher.App{ID: id, Key: "key" + id, Secret: secret, Enabled: id != "off"}
	})
	switch {
	case id == "none":
		err = pusher.ErrNoApp
	case id == "open":
		app.Secret = ""
	}
	return app, err
}

func (w *world) AppByKey(context.Context, string) (pusher.App, error) {
	return pusher.App{}, pusher.ErrNoApp
}

func (w *world) Publish(_ context.Context, app string, events []pusher.ChannelEvents) error {
	return w.do("Publish", func() {
		for _, c := range events {
			w.published = append(w.published, fmt.Sprint(app, " ", c.Channel, " ", c.Events))
		}
	})
}

func (w *world) PublishClient(context.Context, string, string, pusher.Event) error { return errDown }
func (w *world) Counted(context.Context, string, string) error                     { return errDown }

func (w *world) Occupied(_ context.Context, _, prefix, after string, limit int) (names []string, err error) {
	err = w.do("Occupied", func() {
		w.pages++
		for name := range w.subscriptions {
			if strings.HasPrefix(name, prefix) && name > after {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		names = names[:min(limit, len(names))]
	})
	return names, err
}

func (w *world) Subscriptions(_ context.Context, _, channel string) (n int, err error) {
	err = w.do("Subscriptions", func() { n = w.subscriptions[channel] })
	return n, err
}

func (w *world) Subscribed(_ context.Context, _, channel string) (is bool, err error) {
	err = w.do("Subscribed", func() { is = w.subscriptions[channel] > 0 })
	return is, err
}

func (w *world) Users(_ context.Context, _, channel string) (users []string, err error) {
	err = w.do("Users", func() { users = w.users[channel] })
	return users, err
}

func (w *world) Cached(_ context.Context, _, channel string) (e pusher.Event, ttl time.Duration, ok bool, err error) {
	err = w.do("Cached", func() { e, ok = w.cached[channel] })
	return e, 90*time.Second + 700*time.Millisecond, ok, err
}

func (w *world) UserConnections(_ context.Context, _, user string) (list []stream.Connection, err error) {
	err = w.do("UserConnections", func() { list = w.connections[user] })
	return list, err
}

func (w *world) Post(_ context.Context, id string, frame []byte) error {
	return w.tell(id, "Post", string(frame))
}

func (w *world) Disconnect(_ context.Context, id string) error {
	return w.tell(id, "Disconnect", "closed")
}

func (w *world) tell(id, call, what string) error {
	err := w.do(call, func() { w.told = append(w.told, id+" "+what) })
	if err == nil && w.gone[id] {
		err = stream.ErrGone
	}
	return err
}

// signed is a request as a server library makes it: its own implementation of the signature.
func signed(method, path string, query [][2]string, body string) httpapi.Request {
	return signedBy("key4072", secret, method, path, query, body)
}

func signedBy(key, secret, method, path string, query [][2]string, body string) httpapi.Request {
	pairs := append([][2]string{
		{"auth_key", key}, {"auth_timestamp", fmt.Sprint(now.Unix())}, {"auth_version", "1.0"},
	}, query...)
	if body != "" {
		sum := md5.Sum([]byte(body))
		pairs = append(pairs, [2]string{"body_md5", hex.EncodeToString(sum[:])})
	}
	return sign(secret, method, path, pairs, body)
}

func sign(secret, method, path string, pairs [][2]string, body string) httpapi.Request {
	pairs = slices.Clone(pairs)
	slices.SortStableFunc(pairs, func(a, b [2]string) int { return cmp.Compare(a[0], b[0]) })
	var plain, sent []string
	for _, p := range pairs {
		plain = append(plain, p[0]+"="+p[1])
		sent = append(sent, url.QueryEscape(p[0])+"="+url.QueryEscape(p[1]))
	}
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%s\n%s\n%s", method, path, strings.Join(plain, "&"))
	sent = append(sent, "auth_signature="+hex.EncodeToString(mac.Sum(nil)))
	return httpapi.Request{Method: method, Path: path, Query: strings.Join(sent, "&"), Body: []byte(body), At: now}
}

// post is the answer to a signed POST of the app 4072: the status and the body.
func (w *world) post(path, body string) string {
	return w.serve(signed("POST", "/apps/4072"+path, nil, body))
}

func (w *world) get(path string, query ...[2]string) string {
	return w.serve(signed("GET", "/apps/4072"+path, query, ""))
}

func (w *world) serve(r httpapi.Request) string {
	answer, err := w.Serve(context.Background(), r)
	if err != nil {
		refusal := httpapi.RefusalOf(err)
		return fmt.Sprint(refusal.Status, " ", refusal.Message)
	}
	return "200 " + string(answer)
}

// expect fails unless the answer is the wanted one, or begins with it if that ends in "…".
func expect(t *testing.T, what, got, want string) {
	t.Helper()
	if prefix, cut := strings.CutSuffix(want, "…"); cut && strings.HasPrefix(got, prefix) || got == want {
		return
	}
	t.Errorf("%s:\ngot  %s\nwant %s", what, got, want)
}
