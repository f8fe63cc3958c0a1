package stack_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"
)

const (
	scopeRefused = `{"error":"Access token does not have the required scopes","status":401}`
	listRefused  = `{"error":"Not authorized to stream this list","status":401}`
	tokenRefused = `{"error":"Invalid access token","status":401}`
	unknownName  = `{"error":"Unknown stream type","status":400}`
)

// streamNames are all of them, as mastodon-streaming has them.
var streamNames = []string{"user", "user:notification", "direct", "public", "public:media", "public:local", "public:local:media",
	"public:remote", "public:remote:media", "hashtag", "hashtag:local", "list"}

// named are the parameters of a stream, for a URL and as a message.
func named(stream, tag, list string) (query, text string) {
	q := url.Values{"stream": {stream}}
	switch stream {
	case "hashtag", "hashtag:local":
		q.Set("tag", tag)
		return q.Encode(), subscribe(stream, tag, "")
	case "list":
		q.Set("list", list)
		return q.Encode(), subscribe(stream, "", list)
	}
	return q.Encode(), subscribe(stream, "", "")
}

func bearer(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }

func TestATokenThatDoesNotHoldOpensNoSocketForAnyStream(t *testing.T) {
	w := theStack(t)
	account, _, list := w.member(t)
	stale := func(more row) http.Header {
		token := "token-" + fresh()
		more["key"], more["scopes"] = "token#"+hash(token), set{"read"}
		if more["account"] == nil {
			more["account"] = account
		}
		w.put(t, "Accounts", more)
		return bearer(token)
	}
	disabled, suspended := fresh(), fresh()
	w.put(t, "Accounts", row{"key": "account#" + disabled, "disabled": true})
	w.put(t, "Accounts", row{"key": "account#" + suspended, "suspended": true})
	now := time.Now().Unix()
	for reason, header := range map[string]http.Header{
		"no token":              {},
		"an unknown token":      bearer("nobody's"),
		"an expired token":      stale(row{"expiresAt": now - 1}),
		"a revoked token":       stale(row{"revokedAt": now - 1}),
		"a disabled account":    stale(row{"account": disabled}),
		"a suspended account":   stale(row{"account": suspended}),
		"a token of no account": stale(row{"account": 7}),
	} {
		for _, stream := range streamNames {
			query, _ := named(stream, "cats", list)
			if got := w.status(t, query, header); got != http.StatusUnauthorized {
				t.Errorf("%s, %s: %d", reason, stream, got)
			}
		}
	}
	if open := w.connections(t, account); len(open) > 0 {
		t.Errorf("the refused left %v", open)
	}
}

// outsider is a client that must hear nothing.
type outsider struct {
	*socket
	who, account string
}

func TestRefusedStreamsAreAnsweredAndHearNothing(t *testing.T) {
	w := theStack(t)
	account, token, list := w.member(t)
	tag := "cats" + account
	witness := w.dial(t, token, "")
	for _, stream := range streamNames {
		_, text := named(stream, tag, list)
		witness.send(text)
	}
	w.handled(t, w.connections(t, account)[0], len(streamNames))

	var outsiders []outsider
	refuse := func(stream, list, answer string, scopes ...string) {
		other := fresh()
		query, text := named(stream, tag, list)
		s := w.dial(t, w.token(t, other, scopes...), query)
		s.expect(answer) // the URL's
		s.send(text)
		s.expect(answer)
		outsiders = append(outsiders, outsider{s, fmt.Sprintf("%s with %v", stream, scopes), other})
	}
	for _, stream := range streamNames {
		refuse(stream, list, scopeRefused, "write", "follow", "push")
		if stream == "user:notification" {
			refuse(stream, list, scopeRefused, "read:statuses")
		} else {
			refuse(stream, list, scopeRefused, "read:notifications")
		}
	}
	refuse("list", list, listRefused, "read")
	refuse("list", "no-such-list", listRefused, "read:statuses")
	outsiders = append(outsiders, bystander(t, w))

	publishEverywhere(t, w, account, list, tag)
	heard := map[string]bool{}
	for len(heard) < len(streamNames) {
		heard[streamOf(t, witness.next())] = true
	}
	w.published(t)
	for _, o := range outsiders {
		ids := w.connections(t, o.account)
		if len(ids) != 1 {
			t.Fatalf("%s: connections %v", o.who, ids)
		}
		w.post(t, ids[0], "the end")
		if got := o.next(); got != "the end" {
			t.Errorf("%s heard %s", o.who, got)
		}
	}
}

// bystander listens to all that is its own, and to nothing else.
func bystander(t *testing.T, w *world) outsider {
	account, token, list := w.member(t)
	s := w.dial(t, token, "stream=user")
	for _, text := range []string{subscribe("user:notification", "", ""), subscribe("direct", "", ""), subscribe("list", "", list),
		subscribe("hashtag", "other"+account, "")} {
		s.send(text)
	}
	w.handled(t, w.connections(t, account)[0], 4)
	return outsider{s, "a bystander", account}
}

// publishEverywhere says something on every stream that account 's member can hear.
func publishEverywhere(t *testing.T, w *world, account, list, tag string) {
	t.Helper()
	author := fresh()
	for _, acct := range []string{"bob", "bob@far.example"} {
		id := fresh()
		w.content(t, row{"owner": author, "id": "status#" + id, "kind": "status", "home": set{account}, "lists": set{list},
			"payload": encode(map[string]any{"id": id, "visibility": "public", "account": map[string]string{"id": author, "acct": acct},
				"tags": []map[string]string{{"name": tag}}, "media_attachments": []map[string]string{{"id": "1"}}})})
	}
	w.content(t,
		row{"owner": account, "id": "notification#1", "kind": "notification", "payload": `{"id":"1"}`},
		row{"owner": account, "id": "conversation#1", "kind": "conversation", "payload": `{"id":"1"}`},
		row{"owner": account, "id": "filter#1", "kind": "filter"})
}

func TestAUserStreamHasNotificationsOnlyIfTheTokenMayReadThem(t *testing.T) {
	w := theStack(t)
	account := fresh()
	full := w.dial(t, w.token(t, account, "read:statuses", "read:notifications"), "stream=user")
	statuses := w.dial(t, w.token(t, account, "read:statuses"), "stream=user")
	w.content(t, row{"owner": account, "id": "notification#1", "kind": "notification", "payload": `{"id":"1"}`}, note(account, "then", account))
	full.expect(frame(`{"id":"1"}`, "notification", "user"), frame("", "then", "user"))
	statuses.expect(frame("", "then", "user"))
}

func TestTheTokenIsFoundInEveryPlaceAndItsSubprotocolEchoed(t *testing.T) {
	w := theStack(t)
	account, token, _ := w.member(t)
	for place, s := range map[string]*socket{
		"header":             w.dialWith(t, "stream=user", http.Header{"Authorization": {token}}),
		"header with Bearer": w.dialWith(t, "stream=user", bearer(token)),
		"query":              w.dialWith(t, "stream=user&access_token="+token, nil),
		"subprotocol":        w.dialWith(t, "stream=user", nil, token, "second"),
	} {
		if want := map[bool]string{true: token}[place == "subprotocol"]; s.conn.Subprotocol() != want {
			t.Errorf("%s: subprotocol %q", place, s.conn.Subprotocol())
		}
		event := "at-" + fresh()
		w.content(t, note(account, event, account))
		for got := ""; got != frame("", event, "user"); {
			got = s.next()
		}
	}
}

func TestAnExpiredTokenIsNotDeliveredToFromThatSecondOn(t *testing.T) {
	t.Parallel()
	w := theStack(t)
	account, token := fresh(), "token-"+fresh()
	expires := time.Now().Add(8 * time.Second).Truncate(time.Second)
	w.put(t, "Accounts", row{"key": "token#" + hash(token), "account": account, "scopes": set{"read"}, "expiresAt": expires.Unix()})
	s := w.dial(t, token, "stream=user")
	id := w.connections(t, account)[0]
	modern := w.dial(t, token, "stream=user"+numbers)
	modern.begins("", "user")
	modernID := w.newest(t, account)
	r := w.listen(t, token, "/user", nil)
	w.content(t, note(account, "before", account))
	s.expect(frame("", "before", "user"))
	modern.hears(map[string]bool{}, "before")
	r.expect(event{name: "before", data: "null"})
	<-time.After(time.Until(expires))
	w.content(t, note(account, "after", account))
	s.send(subscribe("public", "", ""))
	s.expect(tokenRefused)
	w.published(t)
	w.post(t, id, "the end")
	s.expect("the end")
	w.post(t, modernID, "the end")
	modern.expect("the end")
	if left, planned := r.over(); len(left) > 0 || !planned {
		t.Errorf("the response ended with %v after %v", r.ended, left)
	}
}
