package pusher_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
)

func signInBy(auth, userData string) string {
	body, _ := json.Marshal(map[string]any{"event": "pusher:signin", "data": map[string]string{"auth": auth, "user_data": userData}})
	return string(body)
}

func signIn(userData string) string {
	return signInBy(app.Auth(pusher.UserText(socket, userData)), userData)
}

func (w *world) user() pusher.User {
	s, _ := w.store.Memory.Session(context.Background(), conn)
	return s.User
}

func TestSigningIn(t *testing.T) {
	w := opened(t)
	w.send(signIn(`{"id":"7", "user_info":{"name":"é"}}`), 10)
	w.answered(t, `{"event":"pusher:signin_success","data":"{\"user_data\":\"{\\\"id\\\":\\\"7\\\", \\\"user_info\\\":{\\\"name\\\":\\\"é\\\"}}\"}"}`)
	if got := w.user(); got.ID != "7" || got.Info != `{"name":"é"}` {
		t.Errorf("%+v", got)
	}
	w.logged(t, 0, "INFO")
	w.send(signIn(`{"id":"7"}`), 20)
	if len(w.said.frames) != 1 || !strings.Contains(w.said.frames[0], "signin_success") {
		t.Errorf("again: %v", w.said.frames)
	}
	w.said.frames = nil
	w.send(signIn(`{"id":"8"}`), 30)
	w.answered(t, refusedEvent("4009", "Connection already signed in as another user"))
	if w.user().ID != "7" {
		t.Errorf("now %+v", w.user())
	}
}

func TestWhoMaySignIn(t *testing.T) {
	const data = `{"id":"7"}`
	text := pusher.UserText(socket, data)
	good := app.Auth(text)
	signature := strings.TrimPrefix(good, app.Key+":")
	digest := "Invalid signature: Expected HMAC SHA256 hex digest of " + text + ", but got "
	for auth, want := range map[string]string{
		"": "Auth info required to sign in",
		pusher.App{Key: "other", Secret: "s"}.Auth(text):       "Invalid key in subscription auth data: 'other'",
		app.Auth(pusher.UserText("1.2", data)):                 digest,
		app.Auth(pusher.UserText(socket, `{"id":"8"}`)):        digest,
		app.Auth(pusher.ChannelText(socket, "", "user", data)): digest,
		app.Key + ":" + strings.ToUpper(signature):             digest,
		good[:len(good)-1]: digest,
		good + "0":         digest,
		app.Key + ":" + strings.NewReplacer("a", "а", "0", "٠").Replace(signature): digest,
	} {
		w := opened(t)
		w.send(signInBy(auth, data), 10)
		var frame struct {
			Event string
			Data  struct {
				Code    int
				Message string
			}
		}
		if err := json.Unmarshal([]byte(strings.Join(w.said.frames, "")), &frame); err != nil || frame.Event != "pusher:error" ||
			frame.Data.Code != 4009 || !strings.HasPrefix(frame.Data.Message, want) {
			t.Errorf("%q: %v", auth, w.said.frames)
		}
		if w.user().ID != "" || w.said.closed {
			t.Errorf("%q: signed in, or closed", auth)
		}
		w.logged(t, 1, "INFO", `"event":"pusher:signin"`)
	}
}

func TestUsersWhoAreNone(t *testing.T) {
	for _, data := range []string{``, `null`, `[]`, `{}`, `{"id":7}`, `{"id":""}`, `{"id":null}`, `{"id":"` + strings.Repeat("x", 129) + `"}`,
		`{"id":"a\n"}`, `{"ID":"7"}`, `{"id":"7","user_info":"` + strings.Repeat("x", 1025) + `"}`} {
		w := opened(t)
		w.send(signIn(data), 10)
		if len(w.said.frames) != 1 || !strings.HasPrefix(w.said.frames[0], `{"event":"pusher:error","data":{"code":null,"message":"Invalid user data: `) || w.user().ID != "" {
			t.Errorf("%.40s: %v", data, w.said.frames)
		}
	}
}

// online signs users in elsewhere.
func (w *world) online(t *testing.T, users ...string) {
	for _, user := range users {
		c := stream.Connection{ID: "of " + user, ConnectedAt: conn.ConnectedAt}
		w.open(t, c)
		s, _ := w.store.Memory.Session(context.Background(), c)
		if err := w.store.SignIn(context.Background(), s, pusher.User{ID: user}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWhoIsWatchedIsToldAtOnce(t *testing.T) {
	const data = `{"id":"7","watchlist":["8","9",10,"8",null,"","11"]}`
	w := opened(t)
	w.online(t, "9", "10")
	w.send(signIn(data), 10)
	if got := strings.Join(w.user().Watchlist, " "); got != "8 9 10 11" {
		t.Errorf("watches %s", got)
	}
	const want = `{"event":"pusher_internal:watchlist_events","data":{"events":[{"name":"online","user_ids":["9","10"]},{"name":"offline","user_ids":["8","11"]}]}}`
	if len(w.said.frames) != 2 || w.said.frames[1] != want {
		t.Errorf("%v", w.said.frames)
	}
	w = opened(t)
	w.online(t, "8")
	w.send(signIn(`{"id":"7","watchlist":["8"]}`), 10)
	if len(w.said.frames) != 2 || strings.Contains(w.said.frames[1], "offline") {
		t.Errorf("%v", w.said.frames)
	}
}

// moving is a store whose users come and go between two looks.
type moving struct {
	*store
	looks [][]string
}

func (m *moving) Online(context.Context, string, []string) ([]string, error) {
	online := m.looks[0]
	if len(m.looks) > 1 {
		m.looks = m.looks[1:]
	}
	return online, nil
}

func TestWhatChangesWhileTheWatchlistIsToldIsToldToo(t *testing.T) {
	w := opened(t)
	m := w.messages()
	m.Connections = &moving{w.store, [][]string{{"8", "9"}, {"9", "10"}}}
	in := pusher.Incoming{Connection: conn, At: conn.ConnectedAt, Body: signIn(`{"id":"7","watchlist":["8","9","10"]}`)}
	m.Receive(context.Background(), in, w.logger())
	const want = `{"event":"pusher_internal:watchlist_events","data":{"events":[{"name":"online","user_ids":["10"]},{"name":"offline","user_ids":["8"]}]}}`
	if len(w.said.frames) != 3 || w.said.frames[2] != want {
		t.Errorf("%v", w.said.frames)
	}
}

func TestAWatchlistThatIsTooLongIsLeftOut(t *testing.T) {
	list := make([]string, 101)
	for i := range list {
		list[i] = fmt.Sprint("u", i)
	}
	user := func(n int) string {
		b, _ := json.Marshal(map[string]any{"id": "7", "watchlist": list[:n]})
		return string(b)
	}
	w := opened(t)
	w.send(signIn(user(101)), 10)
	if !slices.Contains(w.said.frames, refusedEvent("4302", "Watchlist limit exceeded: at most 100 users")) || len(w.said.frames) != 2 ||
		!strings.Contains(w.said.frames[0], "signin_success") {
		t.Errorf("%v", w.said.frames)
	}
	if got := w.user(); got.ID != "7" || len(got.Watchlist) > 0 {
		t.Errorf("%+v", got)
	}
	w.logged(t, 1, "INFO", "watchlist refused")
	w = opened(t)
	if w.send(signIn(user(100)), 10); len(w.user().Watchlist) != 100 {
		t.Errorf("%+v", w.user())
	}
}
