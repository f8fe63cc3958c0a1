package pusher_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/pushertest"
	"edgestream/functions/internal/stream"
)

func (w *world) connect(key, protocol string) error {
	c := pusher.Connect{Apps: w.apps, Connections: w.store, Greeter: &w.said}
	return c.Connect(context.Background(), pusher.Handshake{Connection: conn, Key: key, Protocol: protocol}, w.logger())
}

func (w *world) known(t *testing.T, want bool) {
	t.Helper()
	s, err := w.store.Memory.Session(context.Background(), conn)
	if known := err == nil; known != want || known && s.App != "4072" {
		t.Errorf("the connection is stored: %v (%+v), want %v", known, s, want)
	}
}

func TestAClientIsGreeted(t *testing.T) {
	for _, protocol := range []string{"", "1", "5", "6", "7"} {
		w := newWorld()
		if err := w.connect(app.Key, protocol); err != nil {
			t.Fatal(err)
		}
		w.known(t, true)
		w.answered(t, `{"event":"pusher:connection_established","data":"{\"socket_id\":\"`+socket+`\",\"activity_timeout\":120}"}`)
		if w.said.closed {
			t.Error("and closed")
		}
		w.logged(t, 0, "INFO")
	}
}

func TestARefusedClientIsToldAndClosed(t *testing.T) {
	long := strings.Repeat("k", 300)
	off := func(a *pusher.App) { a.Enabled = false }
	unknown := func(key string) string {
		return `{"event":"pusher:error","data":{"code":4001,"message":"App key ` + key + ` not in this cluster. Did you forget to specify the cluster?"}}`
	}
	for name, tt := range map[string]struct {
		key, protocol string
		change        func(*pusher.App)
		want          string
	}{
		"unknown":               {"wrong", "7", nil, unknown("wrong")},
		"upper case":            {strings.ToUpper(app.Key), "7", nil, unknown(strings.ToUpper(app.Key))},
		"hostile":               {"a\"\n\x00é", "", nil, unknown(`a\"\n\u0000é`)},
		"long":                  {long, "", nil, unknown(long[:200] + "…")},
		"disabled":              {app.Key, "7", off, `{"event":"pusher:error","data":{"code":4003,"message":"Application disabled"}}`},
		"no key":                {"", "7", nil, `{"event":"pusher:error","data":{"code":4005,"message":"Path not found"}}`},
		"no number":             {app.Key, "seven", nil, `{"event":"pusher:error","data":{"code":4006,"message":"Invalid version string format"}}`},
		"to come":               {app.Key, "8", nil, `{"event":"pusher:error","data":{"code":4007,"message":"Unsupported protocol version"}}`},
		"zero":                  {app.Key, "0", nil, `{"event":"pusher:error","data":{"code":4007,"message":"Unsupported protocol version"}}`},
		"more than a number is": {app.Key, strings.Repeat("9", 40), nil, `{"event":"pusher:error","data":{"code":4007,"message":"Unsupported protocol version"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			if tt.change != nil {
				w = newWorld(tt.change)
			}
			if err := w.connect(tt.key, tt.protocol); err != nil {
				t.Fatal(err)
			}
			w.answered(t, tt.want)
			if !w.said.closed {
				t.Error("it is not closed")
			}
			w.known(t, false)
			w.logged(t, 1, "INFO", "connection refused")
		})
	}
}

func TestAStackWithoutAppsKnowsNone(t *testing.T) {
	w := newWorld()
	c := pusher.Connect{Greeter: &w.said}
	err := c.Connect(context.Background(), pusher.Handshake{Connection: conn, Key: app.Key}, w.logger())
	if err != nil || len(w.said.frames) != 1 || !strings.Contains(w.said.frames[0], `"code":4001`) || !w.said.closed {
		t.Errorf("%v, %v", w.said.frames, err)
	}
}

// brokenApps cannot be read.
type brokenApps struct{ err error }

func (b brokenApps) App(context.Context, string) (pusher.App, error)      { return pusher.App{}, b.err }
func (b brokenApps) AppByKey(context.Context, string) (pusher.App, error) { return pusher.App{}, b.err }

func (b brokenApps) Current(context.Context, string) (pusher.App, error) { return pusher.App{}, b.err }

// lateApps are known as they were; what they are now comes one after the other.
type lateApps struct {
	pushertest.Apps
	now []pushertest.Apps
}

func (l *lateApps) Current(ctx context.Context, key string) (pusher.App, error) {
	if len(l.now) == 0 {
		return pusher.App{}, errBroken
	}
	now := l.now[0]
	l.now = l.now[1:]
	return now.AppByKey(ctx, key)
}

// TestAClientIsAdmittedByWhatAnAppIsNow has an app change that is known, before the connection is stored
// or while it is.
func TestAClientIsAdmittedByWhatAnAppIsNow(t *testing.T) {
	off, moved := app, app
	off.Enabled, moved.ID = false, "2"
	is, isOff, none := pushertest.Apps{app}, pushertest.Apps{off}, pushertest.Apps{}
	const established, disabled, unknown = "pusher:connection_established", `"code":4003`, `"code":4001`
	for name, tt := range map[string]struct {
		known pushertest.Apps
		now   []pushertest.Apps
		want  string
		err   error
	}{
		"still the same":    {is, []pushertest.Apps{is}, established, nil},
		"disabled":          {is, []pushertest.Apps{isOff}, disabled, nil},
		"removed":           {is, []pushertest.Apps{none}, unknown, nil},
		"another app's key": {is, []pushertest.Apps{{moved}}, "", nil},
		"enabled":           {isOff, []pushertest.Apps{is, is}, established, nil},
		"made":              {none, []pushertest.Apps{is, is}, established, nil},
		"made and disabled": {none, []pushertest.Apps{is, isOff}, disabled, nil},
		"still disabled":    {isOff, []pushertest.Apps{isOff}, disabled, nil},
		"not to be read":    {is, nil, "", errBroken},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			c := pusher.Connect{Apps: &lateApps{tt.known, tt.now}, Connections: w.store, Greeter: &w.said}
			err := c.Connect(context.Background(), pusher.Handshake{Connection: conn, Key: app.Key}, w.logger())
			if (err != nil) != (tt.want == "") || tt.err != nil && !errors.Is(err, tt.err) {
				t.Errorf("error %v", err)
			}
			if frames := strings.Join(w.said.frames, ""); !strings.Contains(frames, tt.want) || len(w.said.frames) > 1 {
				t.Errorf("told %s", frames)
			}
			w.known(t, tt.want == established)
		})
	}
}

// fullStore admits nobody.
type fullStore struct {
	*store
	err error
}

func (s fullStore) Open(context.Context, stream.Session) error { return s.err }

func TestAFailureRefusesTheUpgrade(t *testing.T) {
	w := newWorld()
	h := pusher.Handshake{Connection: conn, Key: app.Key}
	for name, c := range map[string]pusher.Connect{
		"apps":        {Apps: brokenApps{errBroken}, Connections: w.store, Greeter: &w.said},
		"connections": {Apps: w.apps, Connections: fullStore{w.store, errBroken}, Greeter: &w.said},
		"greeter":     {Apps: w.apps, Connections: w.store, Greeter: &said{err: errBroken}},
	} {
		if err := c.Connect(context.Background(), h, w.logger()); !errors.Is(err, errBroken) {
			t.Errorf("%s: %v", name, err)
		}
		w.known(t, false)
	}
	w.answered(t)
}

func TestAnAppWithTooManyConnectionsIsOverItsQuota(t *testing.T) {
	w := newWorld()
	c := pusher.Connect{Apps: w.apps, Connections: fullStore{w.store, stream.ErrTooManyConnections}, Greeter: &w.said}
	if err := c.Connect(context.Background(), pusher.Handshake{Connection: conn, Key: app.Key}, w.logger()); err != nil {
		t.Error(err)
	}
	w.answered(t, `{"event":"pusher:error","data":{"code":4004,"message":"Application is over connection quota"}}`)
	w.logged(t, 1, "INFO", `"app":"4072"`)
}
