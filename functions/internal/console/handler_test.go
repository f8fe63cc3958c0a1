package console

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
)

// store is what a Handler needs, in memory: the token "alice" is account 1's.
type store struct {
	issued  map[string]stream.Grant
	revoked []string
	items   map[string]stream.Item
	events  []string
	broken  error
	// protocols are the stack's; empty: both.
	protocols string
}

func (s *store) Grant(_ context.Context, token string) (stream.Grant, error) {
	if s.broken != nil {
		return stream.Grant{}, s.broken
	}
	if token == "alice" {
		return stream.Grant{Account: "1", Scopes: stream.Scopes{"read"}, TokenHash: "h1"}, nil
	}
	if g, ok := s.issued[token]; ok {
		return g, nil
	}
	return stream.Grant{}, fmt.Errorf("%w: unknown", stream.ErrInvalidToken)
}

func (s *store) Issue(_ context.Context, token string, g stream.Grant) error {
	s.issued[token] = g
	return nil
}

func (s *store) Revoke(_ context.Context, hash string, _ time.Time) error {
	s.revoked = append(s.revoked, hash)
	return nil
}

func (s *store) Put(_ context.Context, i stream.Item) error {
	s.items[i.Owner+" "+i.ID] = i
	return nil
}

func (s *store) Delete(_ context.Context, owner, id string) error {
	delete(s.items, owner+" "+id)
	return nil
}

// AppByKey knows the key "k" of the app 7, and "off" of one that is disabled.
func (s *store) AppByKey(_ context.Context, key string) (pusher.App, error) {
	if key != "k" && key != "off" {
		return pusher.App{}, pusher.ErrNoApp
	}
	return pusher.App{ID: "7", Key: key, Secret: "s3cret", Enabled: key == "k"}, nil
}

func (s *store) Publish(_ context.Context, app string, events []pusher.ChannelEvents) error {
	for _, on := range events {
		for _, e := range on.Events {
			s.events = append(s.events, app+" "+on.Channel+" "+e.Name+" "+e.Data)
		}
	}
	return nil
}

func newStore() *store {
	return &store{issued: map[string]stream.Grant{}, items: map[string]stream.Item{}}
}

func (s *store) call(t *testing.T, method, path, token, body string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	Handler{Protocols: cmp.Or(s.protocols, "both"), Tokens: s, Content: s, Apps: s, Events: s, Log: slog.New(slog.DiscardHandler)}.HTTP().ServeHTTP(w, r)
	return w
}

func TestThePageAndItsPartsAreServedWithoutAToken(t *testing.T) {
	for path, want := range map[string]string{"/": "text/html", "/console/console.js": "text/javascript", "/console/channels.js": "text/javascript", "/console/console.css": "text/css"} {
		got := newStore().call(t, "GET", path, "", "")
		if got.Code != 200 || !strings.HasPrefix(got.Header().Get("Content-Type"), want) || got.Body.Len() == 0 {
			t.Errorf("%s: %d %s", path, got.Code, got.Header())
		}
		if !strings.Contains(got.Header().Get("Content-Security-Policy"), "default-src 'self'") {
			t.Errorf("%s has no policy", path)
		}
	}
}

func TestThePageHasWhatTheStackOffers(t *testing.T) {
	for protocols, status := range map[string]int{"both": 401, "pusher": 401, "mastodon": 405} {
		s := newStore()
		s.protocols = protocols
		if got := s.call(t, "GET", "/", "", "").Body.String(); !strings.Contains(got, `<html lang="en" data-protocols="`+protocols+`">`) {
			t.Errorf("%s: %.100s", protocols, got)
		}
		for _, path := range []string{"/console/channels/auth", "/console/channels/events"} {
			if got := s.call(t, "POST", path, "", "{}"); got.Code != status {
				t.Errorf("%s: %s is %d", protocols, path, got.Code)
			}
		}
	}
}

func TestWhatIsRefused(t *testing.T) {
	long := strings.Repeat("x", maxName+1)
	auth, events := "/console/channels/auth", "/console/channels/events"
	for name, c := range map[string]struct {
		method, path, token, body string
		status                    int
		message                   string
	}{
		"no token":       {"POST", "/console/content", "", `{}`, 401, "Missing access token"},
		"unknown token":  {"POST", "/console/content", "eve", `{}`, 401, "Invalid access token"},
		"no JSON":        {"POST", "/console/content", "alice", `{`, 400, "unexpected EOF"},
		"unknown field":  {"POST", "/console/content", "alice", `{"owner":"2"}`, 400, `json: unknown field "owner"`},
		"too large":      {"POST", "/console/content", "alice", `{"kind":"` + strings.Repeat("x", maxBody) + `"}`, 400, "http: request body too large"},
		"no id":          {"POST", "/console/content", "alice", `{"kind":"status"}`, 400, "kind and id are needed"},
		"long id":        {"POST", "/console/content", "alice", `{"kind":"status","id":"` + long + `"}`, 400, "kind, id or account is too long"},
		"own kind":       {"POST", "/console/content", "alice", `{"kind":"_filters","id":"1"}`, 400, "kinds that begin with _ are the service's own"},
		"unknown kind":   {"POST", "/console/content", "alice", `{"kind":"poem","id":"1"}`, 400, `unknown kind "poem"`},
		"no payload":     {"POST", "/console/content", "alice", `{"kind":"status","id":"1"}`, 400, "status: the item has no payload"},
		"delete nothing": {"DELETE", "/console/content", "alice", ``, 400, "kind and id are needed"},
		"negative":       {"POST", "/console/tokens", "alice", `{"seconds":-1}`, 400, "seconds must be from 1 to 86400"},
		"too long":       {"POST", "/console/tokens", "alice", `{"seconds":86401}`, 400, "seconds must be from 1 to 86400"},

		"sign without a token": {"POST", auth, "", `{"key":"k","channel":"private-x","socket_id":"1.2"}`, 401, "Missing access token"},
		"sign for eve":         {"POST", auth, "eve", `{"key":"k","channel":"private-x","socket_id":"1.2"}`, 401, "Invalid access token"},
		"sign, public":         {"POST", auth, "alice", `{"key":"k","channel":"x","socket_id":"1.2"}`, 400, "only private and presence channels are signed for"},
		"sign, a user's":       {"POST", auth, "alice", `{"key":"k","channel":"#server-to-user-2","socket_id":"1.2"}`, 400, "only private and presence channels are signed for"},
		"sign, no socket":      {"POST", auth, "alice", `{"key":"k","channel":"private-x","socket_id":"1.2::user::{}"}`, 400, "socket_id is no socket's"},
		"sign, no channel":     {"POST", auth, "alice", `{"key":"k","channel":"private-x:y","socket_id":"1.2"}`, 400, "no channel's name: it may hold A–Z, a–z, 0–9 and _-=@,.; alone"},
		"sign, another's":      {"POST", auth, "alice", `{"key":"k","channel":"private-items_2","socket_id":"1.2"}`, 403, "the channel is another account's"},
		"sign, nearly own":     {"POST", auth, "alice", `{"key":"k","channel":"private-items_12","socket_id":"1.2"}`, 403, "the channel is another account's"},
		"sign, no app":         {"POST", auth, "alice", `{"key":"?","channel":"private-x","socket_id":"1.2"}`, 400, "no such app"},
		"sign, disabled":       {"POST", auth, "alice", `{"key":"off","channel":"private-x","socket_id":"1.2"}`, 403, "the app is disabled"},
		"publish for eve":      {"POST", events, "eve", `{"key":"k","channel":"x","name":"n","data":"d"}`, 401, "Invalid access token"},
		"publish, no name":     {"POST", events, "alice", `{"key":"k","channel":"x","data":"d"}`, 400, "no event's name: it is empty"},
		"publish, own name":    {"POST", events, "alice", `{"key":"k","channel":"x","name":"pusher:error","data":"d"}`, 400, "no event's name: the server alone sends such an event"},
		"publish, too large":   {"POST", events, "alice", `{"key":"k","channel":"x","name":"n","data":"` + strings.Repeat("x", pusher.MaxData+1) + `"}`, 400, "the data is too large: at most 10240 bytes"},
		"publish, no channel":  {"POST", events, "alice", `{"key":"k","name":"n","data":"d"}`, 400, "no channel's name: it is empty"},
		"publish, another's":   {"POST", events, "alice", `{"key":"k","channel":"private-items_2","name":"n","data":"d"}`, 403, "the channel is another account's"},
		"publish, no app":      {"POST", events, "alice", `{"key":"?","channel":"x","name":"n","data":"d"}`, 400, "no such app"},
		"publish, disabled":    {"POST", events, "alice", `{"key":"off","channel":"x","name":"n","data":"d"}`, 403, "the app is disabled"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStore()
			got := s.call(t, c.method, c.path, c.token, c.body)
			var answer struct{ Error string }
			if err := json.Unmarshal(got.Body.Bytes(), &answer); err != nil || got.Code != c.status || answer.Error != c.message {
				t.Errorf("%d %s, want %d %s", got.Code, got.Body, c.status, c.message)
			}
			if len(s.items)+len(s.issued)+len(s.revoked)+len(s.events) > 0 {
				t.Error("it had an effect")
			}
		})
	}
}

func TestAnItemBelongsToWhomItsKindSays(t *testing.T) {
	for body, want := range map[string]string{
		`{"kind":"status","id":"7","payload":{"id":"7"},"home":["1","2"]}`:                      "1 status#7",
		`{"kind":"notification","id":"7","to":"2","payload":{"id":"7"}}`:                        "2 notification#7",
		`{"kind":"notification","id":"7","payload":{"id":"7"}}`:                                 "1 notification#7",
		`{"kind":"announcement","id":"7","payload":{"id":"7"}}`:                                 "announcements announcement#7",
		`{"kind":"status","id":"7","to":"2","payload":{"id":"7"}}`:                              "1 status#7",
		`{"kind":"broadcast","id":"7","event":"x","topics":[{"stream":"public"}],"payload":{}}`: "1 broadcast#7",
	} {
		s := newStore()
		if got := s.call(t, "POST", "/console/content", "alice", body); got.Code != 204 {
			t.Errorf("%s: %d %s", body, got.Code, got.Body)
		}
		if i, ok := s.items[want]; !ok || !bytes.Contains([]byte(body), i.Payload) {
			t.Errorf("%s: %v, want %s", body, s.items, want)
		}
	}
}

func TestAnItemIsRemoved(t *testing.T) {
	s := newStore()
	s.items["1 status#7"] = stream.Item{}
	if got := s.call(t, "DELETE", "/console/content?kind=status&id=7", "alice", ""); got.Code != 204 || len(s.items) != 0 {
		t.Errorf("%d %v", got.Code, s.items)
	}
}

func TestATokenIsMadeAndRevoked(t *testing.T) {
	s := newStore()
	got := s.call(t, "POST", "/console/tokens", "alice", `{"seconds":60}`)
	var made issued
	if err := json.Unmarshal(got.Body.Bytes(), &made); err != nil || len(made.Token) < 20 {
		t.Fatalf("%d %s", got.Code, got.Body)
	}
	g := s.issued[made.Token]
	if left := time.Until(g.TokenExpires); g.Account != "1" || left <= 50*time.Second || left > time.Minute {
		t.Errorf("%+v", g)
	}
	if got := s.call(t, "POST", "/console/tokens", made.Token, `{}`); got.Code != 200 {
		t.Fatalf("%d %s", got.Code, got.Body)
	}
	for _, other := range s.issued {
		if other.TokenExpires.After(g.TokenExpires) {
			t.Error("a token outlives the one that made it")
		}
	}
	if got := s.call(t, "DELETE", "/console/tokens", "alice", ""); got.Code != 204 || len(s.revoked) != 1 || s.revoked[0] != "h1" {
		t.Errorf("%d %v", got.Code, s.revoked)
	}
}

func TestATokenSaysWhoseItIs(t *testing.T) {
	if got := newStore().call(t, "GET", "/console/account", "alice", ""); got.Code != 200 || got.Body.String() != `{"account":"1"}`+"\n" {
		t.Errorf("%d %s", got.Code, got.Body)
	}
}

func TestAFaultOfTheServiceIsNotTold(t *testing.T) {
	s := newStore()
	s.broken = errors.New("table Accounts: secret")
	if got := s.call(t, "POST", "/console/tokens", "alice", `{}`); got.Code != 500 || strings.Contains(got.Body.String(), "secret") {
		t.Errorf("%d %s", got.Code, got.Body)
	}
}
