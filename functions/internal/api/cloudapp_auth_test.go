package api_test

import (
	"net/url"
	"strings"
	"testing"
)

const (
	form     = "application/x-www-form-urlencoded"
	callback = "Pusher.auth_callbacks['private-items_1']"
	// signed is the authorisation of 1234.1234 for private-items_1 by the secret "secret"; by openssl.
	signed = `{"auth":"appkey:f7ba716f1f514ca44dee4063d1722403da5858ae317a987e6d2a09cd37dd24db"}`
)

// capability is the path of the account's auth_url.
func (s *shop) capability(t *testing.T) string {
	t.Helper()
	return strings.TrimPrefix(s.account(t).Socket.AuthURL, "https://stream.example")
}

func TestScriptsAndFormsAreSigned(t *testing.T) {
	s := newShop()
	path := s.capability(t)
	query := url.Values{"callback": {callback}, "socket_id": {"1234.1234"}, "channel_name": {"private-items_1"}}
	rec := s.ask("GET "+path+"?"+query.Encode(), "")
	if rec.Code != 200 || rec.Body.String() != callback+"("+signed+");" || rec.Header().Get("Content-Type") != "application/javascript" {
		t.Errorf("%d %s %v", rec.Code, rec.Body, rec.Header())
	}
	query.Set("callback", "Pusher.auth_callbacks['3']")
	if rec := s.ask("GET "+path+"?"+query.Encode(), ""); rec.Body.String() != "Pusher.auth_callbacks['3']("+signed+");" {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
	for _, kind := range []string{form, form + "; charset=UTF-8"} {
		rec = s.ask("POST "+path, "socket_id=1234.1234&channel_name=private-items_1", "Content-Type", kind)
		if rec.Code != 200 || rec.Body.String() != signed || rec.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%d %s %v", rec.Code, rec.Body, rec.Header())
		}
	}
	if s.log.Len() != 0 {
		t.Error(s.log.String())
	}
}

func TestASubscriptionThatIsNotAuthorised(t *testing.T) {
	for name, change := range map[string]func(s *shop, path, socket, channel *string){
		"another account's channel": func(_ *shop, _, _, channel *string) { *channel = "private-items_2" },
		"a presence channel":        func(_ *shop, _, _, channel *string) { *channel = "presence-items_1" },
		"no channel":                func(_ *shop, _, _, channel *string) { *channel = "" },
		"a script":                  func(_ *shop, _, _, channel *string) { *channel = "</script><script>alert(1)</script>\u2028" },
		"a forged capability":       func(_ *shop, path, _, _ *string) { *path = (*path)[:len(*path)-1] },
		"no capability":             func(_ *shop, path, _, _ *string) { *path = "/auth/x" },
		"an escaped capability":     func(_ *shop, path, _, _ *string) { *path += "%0A" },
		"a revoked token":           func(s *shop, _, _, _ *string) { s.revoked["1 read write"] = true },
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop()
			path, socket, channel := s.capability(t), "1234.1234", "private-items_1"
			change(s, &path, &socket, &channel)
			values := url.Values{"socket_id": {socket}, "channel_name": {channel}}
			rec := s.ask("POST "+path, values.Encode(), "Content-Type", form)
			if rec.Code != 403 || rec.Body.String() != `{"error":"Subscription is not authorised"}` {
				t.Errorf("form: %d %s", rec.Code, rec.Body)
			}
			values.Set("callback", callback)
			rec = s.ask("GET "+path+"?"+values.Encode(), "")
			if rec.Code != 200 || rec.Body.String() != callback+"({});" || rec.Header().Get("Content-Type") != "application/javascript" {
				t.Errorf("script: %d %s", rec.Code, rec.Body)
			}
			log := s.log.String()
			for _, secret := range []string{path[len("/auth/"):], "1234.1234", "alert", "secret", "appkey"} {
				if len(secret) > 1 && strings.Contains(log, secret) {
					t.Errorf("%s is in the log: %s", secret, log)
				}
			}
			if strings.Count(log, `call="POST /auth/{capability}"`) != 1 || strings.Count(log, `call="GET /auth/{capability}"`) != 1 {
				t.Error(log)
			}
		})
	}
}

func TestWhatIsNoRequestOfPusherJSIsRefusedAndNotRepeated(t *testing.T) {
	s := newShop()
	path := s.capability(t)
	const rest = "&socket_id=1234.1234&channel_name=private-items_1"
	for query, want := range map[string]string{
		rest:                           "callback is missing or none of pusher-js",
		"callback=evil" + rest:         "callback is missing or none of pusher-js",
		"callback=<script>evil" + rest: "callback is missing or none of pusher-js",
		"callback=%00evil" + rest:      "callback is missing or none of pusher-js",
		"callback=" + url.QueryEscape(callback) + "&channel_name=private-items_1":                "socket_id is missing or malformed",
		"callback=" + url.QueryEscape(callback) + "&socket_id=evil&channel_name=private-items_1": "socket_id is missing or malformed",
	} {
		rec := s.ask("GET "+path+"?"+query, "")
		if rec.Code != 400 || rec.Body.String() != `{"error":"`+want+`"}` || rec.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %s", query, rec.Code, rec.Body)
		}
	}
	for _, tt := range []struct{ target, kind, body, want string }{
		{path, form, "channel_name=private-items_1", "socket_id is missing or malformed"},
		{path, form, "socket_id=1.2:x&channel_name=private-items_1", "socket_id is missing or malformed"},
		{path + "?socket_id=1.2&channel_name=private-items_1", form, "", "socket_id is missing or malformed"},
		{path, "application/json", `{"socket_id":"1.2"}`, "socket_id is missing or malformed"},
		{path, "multipart/form-data", "socket_id=1.2", "socket_id is missing or malformed"},
		{path, "; evil", "socket_id=1.2", "The body must be a form"},
		{path, form, "socket_id=%zz", "The body must be a form"},
	} {
		rec := s.ask("POST "+tt.target, tt.body, "Content-Type", tt.kind)
		if rec.Code != 400 || rec.Body.String() != `{"error":"`+tt.want+`"}` {
			t.Errorf("%s %s: %d %s", tt.kind, tt.body, rec.Code, rec.Body)
		}
	}
	if strings.Contains(s.log.String(), "evil") || strings.Contains(s.log.String(), path) {
		t.Error(s.log.String())
	}
}
