package stack_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestAStatusReachesReadersOfEveryStreamWithTheHeadersOfOne(t *testing.T) {
	t.Parallel()
	w := theStack(t)
	account, _, list := w.member(t)
	tag := "sse" + account
	token := w.reading(t, account)
	readers := map[string]*reader{}
	for _, stream := range []string{"user", "public", "public:local:media", "hashtag", "hashtag:local", "list"} {
		readers[stream] = w.listen(t, token, path(stream, tag, list), nil)
	}
	header := readers["user"].response.Header
	for name, want := range map[string]string{"Content-Type": "text/event-stream", "Cache-Control": "private, no-store",
		"Access-Control-Allow-Origin": "*"} {
		if got := header.Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if header.Get("X-Request-Id") == "" {
		t.Error("no X-Request-Id")
	}
	item := publicStatus(fresh(), "Hi\n\"there\"", tag).with(row{"home": set{account}, "lists": set{list}})
	w.content(t, item)
	for stream, r := range readers {
		for { // on the public streams other tests are heard
			if got := r.next(); got.data == item["payload"] {
				if got.name != "update" || got.id == "" {
					t.Errorf("%s: %v", stream, got)
				}
				break
			}
		}
	}
}

// publicStatus is a status that everyone may see, with a picture and perhaps a tag.
func publicStatus(id, content, tag string) row {
	status := map[string]any{"id": id, "visibility": "public", "content": content, "language": "en",
		"account": map[string]string{"id": "author" + id, "acct": "author" + id}, "media_attachments": []map[string]string{{"id": "1"}}}
	if tag != "" {
		status["tags"] = []map[string]string{{"name": tag}}
	}
	return row{"owner": "author" + id, "id": "status#" + id, "kind": "status", "payload": encode(status)}
}

func TestAnEventWithoutPayloadIsNullForReaders(t *testing.T) {
	t.Parallel()
	w := theStack(t)
	account := fresh()
	r := w.read(t, account, "/user")
	w.content(t, row{"owner": account, "id": "filter#1", "kind": "filter"}, row{"owner": account, "id": "merge#1", "kind": "merge"})
	r.expect(event{name: "filters_changed", data: "null"}, event{name: "notifications_merged", data: "1"})
}

// paths are all that have a stream.
var paths = []string{"/user", "/user/notification", "/direct", "/public", "/public/local", "/public/remote", "/hashtag", "/hashtag/local", "/list"}

// refused requests a stream that must not be given.
func (w *world) refused(t *testing.T, method, path string, header http.Header, status int, body string) http.Header {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, w.Edge+streaming+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header = header.Clone()
	response, err := w.http.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	got := ""
	if response.StatusCode != http.StatusOK { // or it has no end
		text, _ := io.ReadAll(response.Body)
		got = string(text)
	}
	if response.StatusCode != status || got != body {
		t.Errorf("%s %s: %s %s, want %d %s", method, path, response.Status, got, status, body)
	}
	if cors := response.Header.Get("Access-Control-Allow-Origin"); cors != "*" {
		t.Errorf("%s %s: Access-Control-Allow-Origin is %q", method, path, cors)
	}
	return response.Header
}

func says(message string) string { return `{"error":"` + message + `"}` }

func TestReadersAreRefusedInTheOrderOfTheProtocol(t *testing.T) {
	t.Parallel()
	w := theStack(t)
	account, token, list := w.member(t)
	stale := func(more row) http.Header {
		token := "token-" + fresh()
		w.put(t, "Accounts", row{"key": "token#" + hash(token), "scopes": set{"read"}, "account": account}.with(more))
		return bearer(token)
	}
	suspended := fresh()
	w.put(t, "Accounts", row{"key": "account#" + suspended, "suspended": true})
	invalid := map[string]http.Header{
		"unknown":   bearer("nobody's"),
		"expired":   stale(row{"expiresAt": time.Now().Unix() - 1}),
		"revoked":   stale(row{"revokedAt": time.Now().Unix() - 1}),
		"suspended": stale(row{"account": suspended}),
	}
	writing := bearer(w.token(t, account, "write", "follow"))
	for _, path := range paths {
		w.refused(t, "GET", path, http.Header{}, 401, says("Missing access token"))
		for _, header := range invalid {
			w.refused(t, "GET", path, header, 401, says("Invalid access token"))
		}
		w.refused(t, "GET", path, writing, 401, says("Access token does not have the required scopes"))
		for _, method := range []string{"POST", "HEAD", "DELETE"} {
			body := says("Unknown channel requested")
			if method == "HEAD" {
				body = ""
			}
			w.refused(t, method, path, http.Header{}, 400, body)
		}
	}
	refusedParameters(t, w, account, bearer(token), list)
}

// refusedParameters is what an account with a good token is refused.
func refusedParameters(t *testing.T, w *world, account string, mine http.Header, list string) {
	t.Helper()
	for _, path := range []string{"/hashtag", "/hashtag?tag=", "/hashtag/local"} {
		w.refused(t, "GET", path, mine, 400, says("Missing tag name parameter"))
	}
	w.refused(t, "GET", "/list", mine, 400, says("Missing list name parameter"))
	w.refused(t, "GET", "/list?list=nobodys", mine, 401, says("Not authorized to stream this list"))
	w.refused(t, "GET", "/list?list="+list, bearer(w.token(t, fresh(), "read")), 401, says("Not authorized to stream this list"))
	notifications := bearer(w.token(t, account, "read:notifications"))
	w.refused(t, "GET", "/public", notifications, 401, says("Access token does not have the required scopes"))
	for _, path := range []string{"/user/", "/User", "/user%2Fnotification", "/public/remote/media", "/hashtag/remote", "/health/x", "/..%2fuser"} {
		w.refused(t, "GET", path, mine, 400, says("Unknown channel requested"))
	}
}

func TestAPreflightIsAnsweredWithoutAToken(t *testing.T) {
	t.Parallel()
	w := theStack(t)
	for _, path := range append(paths, "/health", "/nothing") {
		header := w.refused(t, "OPTIONS", path, http.Header{"Access-Control-Request-Headers": {"last-event-id"}}, 204, "")
		for name, want := range map[string]string{"Access-Control-Allow-Methods": "GET,HEAD,PUT,PATCH,POST,DELETE",
			"Access-Control-Allow-Headers": "last-event-id", "Vary": "Access-Control-Request-Headers"} {
			if got := header.Get(name); got != want {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
	}
}

// numbered are notes to an account's user stream, and what a reader gets of them.
func numbered(account string, from, to int) (notes []row, events []event) {
	for n := from; n < to; n++ {
		notes = append(notes, note(account, fmt.Sprint("event", n), account))
		events = append(events, event{name: fmt.Sprint("event", n), data: "null"})
	}
	return notes, events
}

func TestAReaderThatComesBackGetsEachEventOnce(t *testing.T) {
	t.Parallel()
	w := theStack(t)
	account := fresh()
	token := w.reading(t, account)
	r := w.listen(t, token, "/user", nil)
	id := ""
	for round := range 4 {
		notes, events := numbered(account, 10*round, 10*round+10)
		w.content(t, notes[:6]...)
		id = r.expect(events[:1+round]...) // and no more is taken than this
		r.cut()
		w.content(t, notes[6:]...)
		header, query := http.Header{"Last-Event-Id": {id}}, ""
		if round%2 == 1 {
			header, query = nil, "?last_event_id="+url.QueryEscape(id)
		}
		r = w.listen(t, token, "/user"+query, header)
		r.expect(events[1+round:]...)
	}
	w.content(t, note(account, "then", account))
	r.expect(event{name: "then", data: "null"})
	if r.response.Header.Get("Content-Type") != "text/event-stream" {
		t.Error("not a stream")
	}
}

func TestAReaderWithAnIDThatIsNoneOfItsOwnIsToldOfTheGap(t *testing.T) {
	t.Parallel()
	w := theStack(t)
	account, other := fresh(), fresh()
	id := func(account, path string) string {
		r := w.read(t, account, path)
		w.content(t, note(account, "first", account), row{"owner": account, "id": "conversation#" + fresh(), "kind": "conversation", "payload": "{}"})
		got := r.next()
		r.cut()
		return got.id
	}
	mine, direct, theirs := id(account, "/user"), id(account, "/direct"), id(other, "/user")
	token := w.reading(t, account)
	for what, last := range map[string]string{
		"garbage": "garbage", "a number": "17", "changed": mine[:3] + "zzz" + mine[6:], "long": strings.Repeat("A", 6000),
		"another stream's": direct, "another account's": theirs,
	} {
		r := w.listen(t, token, "/user", http.Header{"Last-Event-Id": {last}})
		w.content(t, note(account, "live", account))
		from := r.expect(event{name: "edgestream.gap", data: `{"reason":"unknown_id"}`})
		r.expect(event{name: "live", data: "null"})
		r.cut()
		// What the gap comes with is an id to go on from.
		r = w.listen(t, token, "/user", http.Header{"Last-Event-Id": {from}})
		if got := r.next(); got.name != "live" {
			t.Errorf("%s: behind the gap came %v", what, got)
		}
		r.cut()
	}
	r := w.listen(t, token, "/user", http.Header{"Last-Event-Id": {mine}})
	if got := r.next(); got.name == "edgestream.gap" {
		t.Error("a gap behind an id that is good")
	}
}
