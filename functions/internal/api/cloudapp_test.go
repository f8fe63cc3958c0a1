package api_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"edgestream/functions/internal/api"
	"edgestream/functions/internal/cloudapp"
	"edgestream/functions/internal/cloudapptest"
	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
)

// shop is CloudApp's calls on fakes. Tokens are named for their account and scopes: "1 read write".
type shop struct {
	api.CloudApp
	items   *cloudapptest.Memory
	log     bytes.Buffer
	revoked map[string]bool
	hashes  map[string]string
	down    bool
}

func newShop() *shop {
	s := &shop{items: new(cloudapptest.Memory), revoked: map[string]bool{}, hashes: map[string]string{}}
	s.CloudApp = api.CloudApp{
		Tokens:  s,
		Service: cloudapp.Service{Accounts: s, Apps: s, Items: s.items, Now: func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }},
		Log:     slog.New(slog.NewTextHandler(&s.log, nil)),
	}
	return s
}

var errDown = errors.New("the table cannot be read")

func (s *shop) Grant(ctx context.Context, token string) (stream.Grant, error) {
	sum := sha256.Sum256([]byte(token))
	s.hashes[hex.EncodeToString(sum[:])] = token
	return s.GrantByHash(ctx, hex.EncodeToString(sum[:]))
}

func (s *shop) GrantByHash(_ context.Context, hash string) (stream.Grant, error) {
	words := strings.Fields(s.hashes[hash])
	switch {
	case s.down:
		return stream.Grant{}, errDown
	case len(words) == 0 || words[0] == "nobody" || s.revoked[s.hashes[hash]]:
		return stream.Grant{}, fmt.Errorf("%w: unknown", stream.ErrInvalidToken)
	}
	return stream.Grant{Account: words[0], Scopes: words[1:], TokenHash: hash}, nil
}

func (s *shop) Account(context.Context, string) (cloudapp.Account, error) {
	return cloudapp.Account{App: "4072", Profile: []byte(`{"email":"a@b.example"}`)}, nil
}

func (s *shop) App(context.Context, string) (pusher.App, error) {
	return pusher.App{ID: "4072", Key: "appkey", Secret: "secret", Enabled: true}, nil
}

func (s *shop) AppByKey(context.Context, string) (pusher.App, error) {
	return pusher.App{}, pusher.ErrNoApp
}

// ask makes a request of "METHOD /path"; headers are names and values in turn.
func (s *shop) ask(what, body string, headers ...string) *httptest.ResponseRecorder {
	method, target, _ := strings.Cut(what, " ")
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header.Set("X-Edgestream-Host", "stream.example")
	r.Header.Set("User-Agent", "agent/1")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	api.Handler{CloudApp: s.HTTP(), Log: s.Log}.ServeHTTP(rec, r)
	return rec
}

const (
	authorization = "Authorization"
	all           = "Bearer 1 read write"
	bookmark      = `{"item":{"name":"CloudApp","redirect_url":"http://getcloudapp.com"}}`
)

func (s *shop) account(t *testing.T, headers ...string) (a struct {
	ID     int
	Email  string
	Socket struct {
		AuthURL  string `json:"auth_url"`
		APIKey   string `json:"api_key"`
		AppID    string `json:"app_id"`
		Channels struct{ Items string }
	}
}) {
	t.Helper()
	rec := s.ask("GET /account", "", append([]string{authorization, all}, headers...)...)
	if err := json.Unmarshal(rec.Body.Bytes(), &a); err != nil || rec.Code != 200 {
		t.Fatalf("%d %s: %v", rec.Code, rec.Body, err)
	}
	return a
}

func TestAnAccountAndItsSocket(t *testing.T) {
	s := newShop()
	a := s.account(t)
	if a.ID != 1 || a.Email != "a@b.example" || a.Socket.APIKey != "appkey" || a.Socket.AppID != "4072" || a.Socket.Channels.Items != "private-items_1" || !strings.HasPrefix(a.Socket.AuthURL, "https://stream.example/auth/") || strings.ContainsAny(a.Socket.AuthURL, "?#") {
		t.Errorf("%+v", a)
	}
	if rec := s.ask("GET /account?access_token=1+read", ""); rec.Code != 200 {
		t.Errorf("a token in the query: %d %s", rec.Code, rec.Body)
	}
	if s.log.Len() != 0 {
		t.Error(s.log.String())
	}
}

func TestTheEdgeIsWhereItWasAsked(t *testing.T) {
	for _, tt := range []struct{ edgeURL, noted, host, want string }{
		{"", "stream.example", "", "https://stream.example"},
		{"", "d1.cloudfront.net", "evil.example", "https://d1.cloudfront.net"},
		{"", "127.0.0.1:8080", "", "http://127.0.0.1:8080"},
		{"", "127.0.0.1", "", "http://127.0.0.1"},
		{"", "[::1]:8080", "", "http://[::1]:8080"},
		{"", "[::1]", "", "http://[::1]"},
		{"", "localhost", "", "http://localhost"},
		{"", "box.lan:49152", "", "http://box.lan:49152"},
		{"", "", "x.lambda-url.us-east-1.on.aws", "https://x.lambda-url.us-east-1.on.aws"},
		{"https://stream.example", "evil.example", "evil.example", "https://stream.example"},
		{"https://stream.example/", "", "", "https://stream.example"},
		{"", "a/b", "", ""}, {"", "a b", "", ""}, {"", "a@b", "", ""}, {"", "a\"b", "", ""}, {"", strings.Repeat("a", 256), "", ""},
	} {
		s := newShop()
		s.EdgeURL = tt.edgeURL
		r := httptest.NewRequest("GET", "/account", nil)
		r.Host = tt.host
		r.Header.Set(authorization, all)
		r.Header.Set("X-Edgestream-Host", tt.noted)
		rec := httptest.NewRecorder()
		s.HTTP().ServeHTTP(rec, r)
		if tt.want == "" && rec.Code != 400 || tt.want != "" && !strings.Contains(rec.Body.String(), `"auth_url":"`+tt.want+`/auth/`) {
			t.Errorf("%+v: %d %s", tt, rec.Code, rec.Body)
		}
	}
}

func TestTheCallsOfItems(t *testing.T) {
	s := newShop()
	rec := s.ask("POST /items", bookmark, authorization, all)
	var item struct{ Href, Source string }
	if err := json.Unmarshal(rec.Body.Bytes(), &item); err != nil || rec.Code != 200 || item.Source != "agent/1" {
		t.Fatalf("%d %s, %v", rec.Code, rec.Body, err)
	}
	path, created := strings.TrimPrefix(item.Href, "https://stream.example"), rec.Body.String()
	deleted := strings.Replace(created, `"deleted_at":null`, `"deleted_at":"2026-01-02T03:04:05Z"`, 1)
	for _, step := range []struct{ what, body, want string }{
		{"GET " + path, "", created},
		{"GET /items", "", "[" + created + "]"},
		{"PUT " + path, `{"item":{"name":"CloudApp"}}`, created},
		{"DELETE " + path, "", deleted},
		{"GET /items", "", "[]"},
		{"GET /items?deleted=true&page=1&per_page=5&type=bookmark&source=agent", "", "[" + deleted + "]"},
		{"PUT " + path, `{"deleted":true,"item":{"deleted_at":null}}`, created},
		{"GET /items?page=2", "", "[]"},
	} {
		rec := s.ask(step.what, step.body, authorization, all)
		if rec.Code != 200 || rec.Body.String() != step.want || rec.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %s, want %s", step.what, rec.Code, rec.Body, step.want)
		}
	}
}

func TestRefusalsOfCloudApp(t *testing.T) {
	const missing, invalid, scopes = `{"error":"Missing access token"}`, `{"error":"Invalid access token"}`, `{"error":"Access token does not have the required scopes"}`
	read, write := "Bearer 1 read", "Bearer 1 write"
	for _, tt := range []struct {
		what, token, body string
		status            int
		want              string
	}{
		{"GET /account", "", "", 401, missing},
		{"GET /items", "", "", 401, missing},
		{"GET /items/1", "", "", 401, missing},
		{"POST /items", "", bookmark, 401, missing},
		{"PUT /items/1", "", bookmark, 401, missing},
		{"DELETE /items/1", "", "", 401, missing},
		{"GET /account", "Bearer nobody", "", 401, invalid},
		{"GET /items?access_token=1+read", "Bearer nobody", "", 401, invalid},
		{"GET /account", write, "", 403, scopes},
		{"GET /items", write, "", 403, scopes},
		{"GET /items/1", write, "", 403, scopes},
		{"POST /items", read, bookmark, 403, scopes},
		{"PUT /items/1", read, bookmark, 403, scopes},
		{"DELETE /items/1", read, "", 403, scopes},
		{"GET /items/1", all, "", 404, `{"error":"Not Found"}`},
		{"PUT /items/1", all, bookmark, 404, `{"error":"Not Found"}`},
		{"DELETE /items/a%2Fb", all, "", 404, `{"error":"Not Found"}`},
		{"GET /items/" + strings.Repeat("1", 3000), all, "", 404, `{"error":"Not Found"}`},
		{"POST /items", all, "{", 400, `{"error":"The body must be a JSON object whose member item is an object"}`},
		{"POST /items", all, `{"item":{}}`, 422, `["URL can't be blank"]`},
		{"POST /items", all, `{"items":[{}]}`, 422, `[["URL can't be blank"]]`},
		{"PUT /items/1", all, `{"item":{"private":2}}`, 422, `["Private must be true or false"]`},
		{"GET /items?per_page=0", all, "", 422, `["per_page must be a number from 1 to 100"]`},
		{"POST /items", all, `{"x":"` + strings.Repeat("x", 64<<10) + `"}`, 413, `{"error":"The body is too large"}`},
		{"POST /auth/x", "", "socket_id=1.2&channel_name=" + strings.Repeat("x", 64<<10), 413, `{"error":"The body is too large"}`},
		{"POST /account", all, "", 405, "Method Not Allowed\n"},
		{"PATCH /items/1", all, "", 405, "Method Not Allowed\n"},
		{"DELETE /items", all, "", 405, "Method Not Allowed\n"},
		{"PUT /auth/x", "", "", 405, "Method Not Allowed\n"},
		{"GET /accounts", all, "", 404, "404 page not found\n"},
		{"GET /items/1/2", all, "", 404, "404 page not found\n"},
		{"GET /auth/", "", "", 404, "404 page not found\n"},
	} {
		s := newShop()
		headers := []string{"Content-Type", "application/x-www-form-urlencoded"}
		if tt.token != "" {
			headers = append(headers, authorization, tt.token)
		}
		rec := s.ask(tt.what, tt.body, headers...)
		if rec.Code != tt.status || rec.Body.String() != tt.want || s.items.Writes != 0 {
			t.Errorf("%.60s %q: %d %s, want %d %s", tt.what, tt.token, rec.Code, rec.Body, tt.status, tt.want)
		}
	}
}

func TestFaultsOfCloudApp(t *testing.T) {
	s := newShop()
	capability := strings.TrimPrefix(s.account(t).Socket.AuthURL, "https://stream.example")
	s.down = true
	for _, what := range []string{"GET /account", "GET /items", "POST " + capability} {
		rec := s.ask(what, "socket_id=1.2&channel_name=private-items_1", authorization, all, "Content-Type", "application/x-www-form-urlencoded")
		if rec.Code != 500 || rec.Body.String() != `{"error":"An unexpected error occurred"}` {
			t.Errorf("%s: %d %s", what, rec.Code, rec.Body)
		}
	}
	rec := s.ask("GET "+capability+"?socket_id=1.2&channel_name=private-items_1&callback=Pusher.auth_callbacks%5B%271%27%5D", "")
	if rec.Code != 200 || rec.Body.String() != "Pusher.auth_callbacks['1']({});" {
		t.Errorf("a script: %d %s", rec.Code, rec.Body)
	}
	if !strings.Contains(s.log.String(), `level=ERROR msg="call refused" status=500 call="GET /auth/{capability}"`) {
		t.Error(s.log.String())
	}
}

func TestAnyPageMayCall(t *testing.T) {
	s := newShop()
	for _, what := range []string{"GET /account", "GET /items", "POST /items", "POST /auth/x", "GET /auth/x", "GET /nothing", "OPTIONS /account", "OPTIONS /items/1", "OPTIONS /auth/x"} {
		rec := s.ask(what, "", "Origin", "https://page.example", "Access-Control-Request-Method", "PUT")
		h := rec.Header()
		if h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Referrer-Policy") != "no-referrer" || h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Set-Cookie") != "" || h.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: %v", what, h)
		}
		if strings.HasPrefix(what, "OPTIONS") && (rec.Code != http.StatusNoContent || !strings.Contains(h.Get("Access-Control-Allow-Methods"), "PUT") || !strings.Contains(h.Get("Access-Control-Allow-Headers"), authorization)) {
			t.Errorf("%s: %d %v", what, rec.Code, h)
		}
	}
}
