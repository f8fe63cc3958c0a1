package sse

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"edgestream/functions/internal/stream"
)

// ask makes a request whose answer is no stream, and fails if it is one.
func (w *world) ask(t *testing.T, method, target string, headers ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, "https://x.example"+target, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	ctx, cancel := context.WithCancel(r.Context())
	cancel() // ends what should not have begun
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, r.WithContext(ctx))
	return rec.Result()
}

const (
	unknownChannel = `{"error":"Unknown channel requested"}`
	missingToken   = `{"error":"Missing access token"}`
	invalidToken   = `{"error":"Invalid access token"}`
	scopes         = `{"error":"Access token does not have the required scopes"}`
	missingTag     = `{"error":"Missing tag name parameter"}`
	missingList    = `{"error":"Missing list name parameter"}`
	notOwnList     = `{"error":"Not authorized to stream this list"}`
	unexpected     = `{"error":"An unexpected error occurred"}`
)

func TestErrorsAreThoseOfAMastodonServerAndInItsOrder(t *testing.T) {
	w := newWorld(t)
	for _, tt := range []struct {
		method, target, authorization string
		status                        int
		body                          string
	}{
		{"GET", "/", "", 400, unknownChannel},
		{"GET", "/api/v1/streaming", "Bearer read", 400, unknownChannel},
		{"GET", "/api/v1/streaming/", "Bearer read", 400, unknownChannel},
		{"GET", "/api/v1/streaming/user/", "Bearer read", 400, unknownChannel},
		{"GET", "/api/v1/streaming/User", "Bearer read", 400, unknownChannel},
		{"GET", "/api/v1/streaming/us%65r", "Bearer read", 400, unknownChannel},
		{"GET", "/api/v1/streaming/user:notification", "Bearer read", 400, unknownChannel},
		{"GET", "/api/v1/streaming/public/media", "Bearer read", 400, unknownChannel},
		{"GET", "/api/v1/streaming/hashtag/remote?tag=a", "Bearer read", 400, unknownChannel},
		{"GET", "/x/api/v1/streaming/user", "Bearer read", 400, unknownChannel},
		{"GET", "//api/v1/streaming/user", "Bearer read", 400, unknownChannel},
		{"HEAD", "/api/v1/streaming/user", "Bearer read", 400, unknownChannel},
		{"POST", "/api/v1/streaming/user", "Bearer read", 400, unknownChannel},
		{"POST", "/api/v1/streaming/health", "", 400, unknownChannel},
		{"GET", "/api/v1/streaming/health/", "", 400, unknownChannel},
		{"GET", "/api/v1/streaming/user", "", 401, missingToken},
		{"GET", "/api/v1/streaming/user", "Bearer ", 401, missingToken},
		{"GET", "/api/v1/streaming/hashtag", "", 401, missingToken},
		{"GET", "/api/v1/streaming/user", "Bearer nobody", 401, invalidToken},
		{"GET", "/api/v1/streaming/user", "bearer read", 401, invalidToken},
		{"GET", "/api/v1/streaming/user?access_token=read", "Bearer nobody", 401, invalidToken},
		{"GET", "/api/v1/streaming/user", "follow", 401, scopes},
		{"GET", "/api/v1/streaming/user", "notifications", 401, scopes},
		{"GET", "/api/v1/streaming/user/notification", "statuses", 401, scopes},
		{"GET", "/api/v1/streaming/hashtag", "follow", 401, scopes},
		{"GET", "/api/v1/streaming/list", "follow", 401, scopes},
		{"GET", "/api/v1/streaming/hashtag", "read", 400, missingTag},
		{"GET", "/api/v1/streaming/hashtag?tag=", "read", 400, missingTag},
		{"GET", "/api/v1/streaming/hashtag/local?list=1", "read", 400, missingTag},
		{"GET", "/api/v1/streaming/list", "read", 400, missingList},
		{"GET", "/api/v1/streaming/list?list=&tag=1", "read", 400, missingList},
		{"GET", "/api/v1/streaming/list?list=13", "read", 401, notOwnList},
		{"GET", "/api/v1/streaming/list?list=99", "read", 401, notOwnList},
		{"GET", "/api/v1/streaming/hashtag?tag=" + strings.Repeat("a", 257), "read", 400, `{"error":"Tag name parameter is too long"}`},
	} {
		var headers []string
		if tt.authorization != "" {
			headers = []string{"Authorization", tt.authorization}
		}
		name := tt.method + " " + tt.target + " as " + tt.authorization
		checkError(t, name, w.ask(t, tt.method, tt.target, headers...), tt.status, tt.body)
	}
}

func checkError(t *testing.T, name string, res *http.Response, status int, body string) {
	t.Helper()
	got, _ := io.ReadAll(res.Body)
	if res.StatusCode != status || string(got) != body {
		t.Errorf("%s: %d %s, want %d %s", name, res.StatusCode, got, status, body)
	}
	for header, want := range map[string]string{
		"Content-Type": "application/json", "Access-Control-Allow-Origin": "*", "Cache-Control": "private, no-store",
	} {
		if got := res.Header.Get(header); got != want {
			t.Errorf("%s: %s %q", name, header, got)
		}
	}
	if res.Header.Get("X-Request-Id") == "" {
		t.Errorf("%s: no X-Request-Id", name)
	}
}

func TestAnUnknownPathCostsNoLookUp(t *testing.T) {
	w := newWorld(t)
	w.accounts.fail(errBroken)
	checkError(t, "path", w.ask(t, "GET", "/api/v1/streaming/nothing", "Authorization", "read"), 400, unknownChannel)
	checkError(t, "no token", w.ask(t, "GET", "/api/v1/streaming/user"), 401, missingToken)
	if w.accounts.reads != 0 || w.memory.reads != 0 {
		t.Errorf("%d reads of accounts, %d of the log", w.accounts.reads, w.memory.reads)
	}
}

func TestWhatFailsIsAnUnexpectedError(t *testing.T) {
	for name, breaks := range map[string]func(*world){
		"accounts": func(w *world) { w.accounts.fail(errBroken) },
		"history":  func(w *world) { w.memory.fail(errBroken) },
		"slots":    func(w *world) { w.rooms.err = errBroken },
		"a panic":  func(w *world) { w.Tokens = nil },
	} {
		w := newWorld(t)
		breaks(w)
		checkError(t, name, w.ask(t, "GET", "/api/v1/streaming/user", "Authorization", "s3cret", "Authorization", "read"), 500, unexpected)
		if log := w.logged.String(); !strings.Contains(log, "level=ERROR") || strings.Contains(log, "read\"") {
			t.Errorf("%s: logged %s", name, log)
		}
		if name != "slots" && !w.rooms.empty() {
			t.Errorf("%s: something is held", name)
		}
	}
}

func TestHealthNeedsNoToken(t *testing.T) {
	w := newWorld(t)
	w.accounts.fail(errBroken)
	res := w.ask(t, "GET", "/api/v1/streaming/health")
	body, _ := io.ReadAll(res.Body)
	if res.StatusCode != 200 || string(body) != "OK" || res.Header.Get("Content-Type") != "text/plain" || res.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("%d %s %v", res.StatusCode, body, res.Header)
	}
}

func TestPreflightsAreAnsweredEverywhere(t *testing.T) {
	w := newWorld(t)
	for _, target := range []string{"/api/v1/streaming/user", "/api/v1/streaming/health", "/anything"} {
		res := w.ask(t, "OPTIONS", target, "Access-Control-Request-Headers", "authorization, last-event-id")
		want := http.Header{
			"Access-Control-Allow-Origin": {"*"}, "Access-Control-Allow-Methods": {"GET,HEAD,PUT,PATCH,POST,DELETE"},
			"Access-Control-Allow-Headers": {"authorization, last-event-id"}, "Vary": {"Access-Control-Request-Headers"},
		}
		for name := range want {
			if res.Header.Get(name) != want.Get(name) {
				t.Errorf("%s: %s is %q", target, name, res.Header.Get(name))
			}
		}
		if res.StatusCode != 204 {
			t.Errorf("%s: %d", target, res.StatusCode)
		}
	}
	for _, odd := range []string{"", "a\tb", strings.Repeat("a", 1025), "é"} {
		if got, there := w.ask(t, "OPTIONS", "/", "Access-Control-Request-Headers", odd).Header["Access-Control-Allow-Headers"]; there {
			t.Errorf("%q is reflected as %q", odd, got)
		}
	}
}

// every stream, by path, with who says what to it.
func everyStream() map[string]struct {
	topic stream.Topic
	name  stream.Name
} {
	type to = struct {
		topic stream.Topic
		name  stream.Name
	}
	account, public := stream.AccountTopic("1"), stream.PublicTopic()
	return map[string]to{
		"user": {account, stream.User}, "user/notification": {account, stream.UserNotification}, "direct": {account, stream.Direct},
		"public": {public, stream.Public}, "public/local": {public, stream.PublicLocal}, "public/remote": {public, stream.PublicRemote},
		"public?only_media=true":        {public, stream.PublicMedia},
		"public/local?only_media=1":     {public, stream.PublicLocalMedia},
		"public/remote?only_media=NO":   {public, stream.PublicRemoteMedia},
		"public?only_media=FALSE":       {public, stream.Public},
		"public/local?only_media=off":   {public, stream.PublicLocal},
		"public/remote?only_media=":     {public, stream.PublicRemote},
		"hashtag?tag=%23Caf%C3%A9":      {stream.HashtagTopic("cafe"), stream.Hashtag},
		"hashtag/local?tag=cafe":        {stream.HashtagTopic("cafe"), stream.HashtagLocal},
		"hashtag?tag=cafe&only_media=1": {stream.HashtagTopic("cafe"), stream.Hashtag},
		"list?list=12":                  {stream.ListTopic("12"), stream.List},
	}
}

func (w *world) at(target, token string) *client {
	path, query, _ := strings.Cut(target, "?")
	if token == "" {
		return w.client(path, query)
	}
	return w.client(path, query, "authorization", "Bearer "+token)
}

func TestEveryStreamGetsItsOwnEvents(t *testing.T) {
	for target, to := range everyStream() {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			r := w.at(target, "read").get(t)
			if r.status != 200 || r.headers["Content-Type"] != "text/event-stream" || r.headers["Cache-Control"] != "private, no-store" ||
				r.headers["Access-Control-Allow-Origin"] != "*" || !strings.HasPrefix(r.headers["X-Request-Id"], "request-") {
				t.Fatalf("%s: %d %v", target, r.status, r.headers)
			}
			synctest.Wait()
			if r.body() != ":)\n" {
				t.Errorf("%s begins with %q", target, r.body())
			}
			w.say(to.topic, []stream.Name{to.name}, "update", `{"id":"1"}`)
			for _, other := range stream.Names() {
				if other != to.name && !(to.name == stream.User && other == stream.UserNotification) {
					w.say(to.topic, []stream.Name{other}, "update", `{"id":"2"}`)
				}
			}
			time.Sleep(time.Second)
			if got, _ := r.data(); len(got) != 1 || got[0] != `{"id":"1"}` {
				t.Errorf("%s: %q", target, got)
			}
			r.kill()
			synctest.Wait()
			if !w.rooms.empty() {
				t.Errorf("%s: something is held", target)
			}
		})
	}
}

func TestWhoMayNotListenSeesNothing(t *testing.T) {
	for target := range everyStream() {
		for _, token := range []string{"", "nobody", "follow", "expired"} {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.accounts.tokens["expired"] = stream.Grant{Account: "1", Scopes: stream.Scopes{"read"}, TokenExpires: time.Now().Add(-time.Second)}
				r := w.at(target, token).get(t)
				<-r.done
				if r.status != 401 || !strings.HasPrefix(r.body(), `{"error":`) {
					t.Errorf("%s as %q: %d %s", target, token, r.status, r.body())
				}
			})
		}
	}
}

func TestAnotherAccountsEventsAreNotSeen(t *testing.T) {
	for _, target := range []string{"user", "user/notification", "direct"} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			r := w.at(target, "other").get(t)
			for _, name := range []stream.Name{stream.User, stream.UserNotification, stream.Direct} {
				w.say(stream.AccountTopic("1"), []stream.Name{name}, "notification", "{}")
			}
			time.Sleep(time.Second)
			if r.body() != ":)\n" {
				t.Errorf("%s: %q", target, r.body())
			}
			r.kill()
		})
	}
}

func TestAHomeStreamHasNotificationsIfItsTokenMayReadThem(t *testing.T) {
	for token, want := range map[string]int{"read": 2, "statuses": 1} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			r := w.at("user", token).get(t)
			w.say(stream.AccountTopic("1"), []stream.Name{stream.UserNotification}, "notification", "{}")
			w.say(stream.EveryoneTopic(), []stream.Name{stream.User}, "announcement", "{}")
			time.Sleep(time.Second)
			if got, _ := r.data(); len(got) != want {
				t.Errorf("%s: %q", token, r.body())
			}
			r.kill()
		})
	}
}

func TestTheTokenIsFoundInItsPlaces(t *testing.T) {
	for name, headers := range map[string][]string{
		"bare": {"authorization", "read"}, "protocol": {"sec-websocket-protocol", "read"}, "query": {},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			query := map[string]string{"query": "access_token=read"}[name]
			r := w.client("user", query, headers...).get(t)
			if r.status != 200 {
				t.Errorf("%s: %d", name, r.status)
			}
			r.kill()
		})
	}
}
