package stack_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// revocation is a change after which nothing may be open any more.
type revocation struct {
	name   string
	change func(t *testing.T, w *world, token, account string)
	// whole says that it ends what every token of the account has open.
	whole bool
}

// tokenBecomes writes the token's row with these attributes changed.
func tokenBecomes(more func() row) func(*testing.T, *world, string, string) {
	return func(t *testing.T, w *world, token, account string) {
		w.put(t, "Accounts", row{"key": "token#" + hash(token), "account": account, "scopes": set{"read"}}.with(more()))
	}
}

func accountBecomes(more row) func(*testing.T, *world, string, string) {
	return func(t *testing.T, w *world, _, account string) {
		w.put(t, "Accounts", row{"key": "account#" + account}.with(more))
	}
}

var revocations = []revocation{
	{"deleted", func(t *testing.T, w *world, token, _ string) { w.revoke(t, token) }, false},
	{"revoked", tokenBecomes(func() row { return row{"revokedAt": time.Now().Unix()} }), false},
	{"expired before its time", tokenBecomes(func() row { return row{"expiresAt": time.Now().Unix()} }), false},
	{"of another account", tokenBecomes(func() row { return row{"account": "1"} }), false},
	{"with fewer scopes", tokenBecomes(func() row { return row{"scopes": set{"read:notifications"}} }), false},
	{"of a suspended account", accountBecomes(row{"suspended": true}), true},
	{"of a disabled account", accountBecomes(row{"disabled": true}), true},
}

// holder is what is open with one token.
type holder struct {
	sockets []*socket
	readers []*reader
}

func (w *world) hold(t *testing.T, token string) (h holder) {
	t.Helper()
	for _, query := range []string{"stream=user", "stream=direct" + numbers, "", "stream=public" + numbers} {
		h.sockets = append(h.sockets, w.dial(t, token, query))
	}
	for _, path := range []string{"/user", "/public"} {
		h.readers = append(h.readers, w.listen(t, token, path, nil))
	}
	return h
}

func TestWhatIsRevokedClosesItsSocketsAndEndsItsResponses(t *testing.T) {
	t.Parallel()
	w := theStack(t)
	accounts, tokens, others := make([]string, len(revocations)), make([]string, len(revocations)), make([]string, len(revocations))
	holders, bystanders := make([]holder, len(revocations)), make([]*socket, len(revocations))
	for i := range revocations {
		accounts[i] = fresh()
		tokens[i], others[i] = w.token(t, accounts[i], "read"), w.token(t, accounts[i], "read")
		holders[i], bystanders[i] = w.hold(t, tokens[i]), w.dial(t, others[i], "stream=user")
	}
	for i, r := range revocations {
		r.change(t, w, tokens[i], accounts[i])
	}
	for i, r := range revocations {
		t.Run(r.name, func(t *testing.T) {
			for n, s := range holders[i].sockets {
				if code := s.closed(); code != websocket.StatusNormalClosure {
					t.Errorf("socket %d is closed with %d", n, code)
				}
			}
			for n, reader := range holders[i].readers {
				if _, planned := reader.over(); !planned {
					t.Errorf("response %d ended with %v", n, reader.ended)
				}
			}
			// Also a token that may still do something must wait a minute.
			if status := w.status(t, "stream=user", bearer(tokens[i])); status != http.StatusUnauthorized {
				t.Errorf("it comes back with %d", status)
			}
			if i < 3 || r.whole {
				w.refused(t, "GET", "/user", bearer(tokens[i]), 401, says("Invalid access token"))
			}
			checkBystander(t, w, r, bystanders[i], accounts[i])
		})
	}
}

// checkBystander looks at a socket of another token of the account.
func checkBystander(t *testing.T, w *world, r revocation, s *socket, account string) {
	t.Helper()
	if r.whole {
		if code := s.closed(); code != websocket.StatusNormalClosure {
			t.Errorf("the account's other socket is closed with %d", code)
		}
		w.forgotten(t, account)
		return
	}
	w.content(t, note(account, "still", account))
	s.expect(frame("", "still", "user"))
}

func TestAListThatMovesStopsFlowingToItsOldOwner(t *testing.T) {
	t.Parallel()
	w := theStack(t)
	account, token, list := w.member(t)
	owner := fresh()
	theirs := w.token(t, owner, "read")
	plain := w.dial(t, token, "stream=list&list="+list)
	modern := w.dial(t, token, "stream=list&list="+list+numbers)
	modern.begins("", "list", list)
	for _, s := range []*socket{plain, modern} {
		s.send(subscribe("user", "", ""))
	}
	modern.begins("", "user")
	reader := w.read(t, account, path("list", "", list))
	topics := []any{row{"stream": "list", "list": list}}
	say := func(event string) {
		w.content(t, row{"owner": owner, "id": "broadcast#" + fresh(), "kind": "broadcast", "event": event, "payload": "", "topics": topics})
	}
	say("before")
	plain.expect(frame("", "before", "list", list))
	modern.hears(map[string]bool{}, "before")
	reader.expect(event{name: "before", data: "null"})

	w.put(t, "Accounts", row{"key": "list#" + list, "account": owner})
	if left, planned := reader.over(); len(left) > 0 || !planned {
		t.Errorf("the response ended with %v after %v", reader.ended, left)
	}
	taken := w.dial(t, theirs, "stream=list&list="+list)
	say("after")
	taken.expect(frame("", "after", "list", list))
	w.content(t, note(account, "end", account))
	plain.expect(frame("", "end", "user"))
	modern.hears(map[string]bool{}, "end")
	w.refused(t, "GET", "/list?list="+list, bearer(token), 401, says("Not authorized to stream this list"))
	plain.send(subscribe("list", "", list))
	plain.expect(listRefused)
}
