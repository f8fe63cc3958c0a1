package stack_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestASubscriptionHoldsFromTheMomentItsHandlerReturns(t *testing.T) {
	t.Parallel()
	w := theStack(t)
	account, token, list := w.member(t)
	s := w.dial(t, token, "")
	id := w.connections(t, account)[0]
	handled := 0
	for round := range 5 {
		for _, stream := range []string{"user", "direct", "list", "hashtag"} {
			tag := fmt.Sprint("t", account, round)
			_, text := named(stream, tag, list)
			s.send(text)
			handled++
			w.handled(t, id, handled)
			topic, fields := row{"stream": stream}, []string{stream}
			switch stream {
			case "list":
				topic["list"], fields = list, append(fields, list)
			case "hashtag":
				topic["tag"], fields = tag, append(fields, tag)
			default:
				topic["account"] = account
			}
			w.content(t, row{"owner": account, "id": "broadcast#" + fresh(), "kind": "broadcast", "event": "now", "payload": "", "topics": []any{topic}})
			s.expect(frame("", "now", fields...))
			s.send(strings.Replace(text, "subscribe", "unsubscribe", 1))
			handled++
			w.handled(t, id, handled)
		}
	}
}

func TestAStreamOfTheURLHoldsFromTheMomentTheSocketIsOpen(t *testing.T) {
	t.Parallel()
	w := theStack(t)
	for range 20 {
		account, token, _ := w.member(t)
		s := w.dial(t, token, "stream=user:notification")
		w.content(t, row{"owner": account, "id": "notification#1", "kind": "notification", "payload": `{"id":"1"}`})
		s.expect(frame(`{"id":"1"}`, "notification", "user:notification"))
	}
}

// changes is how many changes of one owner are followed.
const changes = 400

// writeChanges changes a few items of one owner again and again, each change numbered.
func writeChanges(t *testing.T, w *world, account, list string) (owner string) {
	t.Helper()
	owner = fresh()
	for n := range changes {
		w.content(t, row{"owner": owner, "id": fmt.Sprint("status#", n%7), "kind": "status", "home": set{account}, "lists": set{list},
			"payload": fmt.Sprintf(`{"id":"%d","content":"%d","account":{"acct":"a"}}`, n%7, n)})
	}
	return owner
}

// disorder follows a socket until it has seen every change, and is the first that came out of turn.
func disorder(t *testing.T, s *socket, stream string) error {
	t.Helper()
	var wrong error
	for n := range changes {
		event := "status.update"
		if n < 7 {
			event = "update"
		}
		got := s.next()
		want := fmt.Sprintf(`"event":%q,"payload":"{\"id\":\"%d\",\"content\":\"%d\"`, event, n%7, n)
		if streamOf(t, got) != stream || !strings.Contains(got, want) && wrong == nil {
			wrong = fmt.Errorf("change %d of %s is %s", n, stream, got)
		}
	}
	return wrong
}

// followers are two connections for each of two streams, of one account.
func followers(t *testing.T, w *world) (account, list string, all map[*socket]string) {
	t.Helper()
	account, token, list := w.member(t)
	all = map[*socket]string{}
	for range 2 {
		all[w.dial(t, token, "stream=user")] = "user"
		all[w.dial(t, token, "stream=list&list="+list)] = "list"
	}
	return account, list, all
}

func TestChangesOfOneOwnerArriveInOrderOnEachConnectionAndStream(t *testing.T) {
	t.Parallel()
	w := theStack(t)
	account, list, all := followers(t, w)
	writeChanges(t, w, account, list)
	for s, stream := range all {
		if err := disorder(t, s, stream); err != nil {
			t.Error(err)
		}
	}
}

// overtaking stands before the factor of Content's mapping in the template.
const overtaking = "the changes of one owner would overtake each other.\n            "

// The same check finds what the template's ParallelizationFactor of 1 prevents.
func TestAParallelizationFactorOfTwoBreaksTheOrderAndTheTestSeesIt(t *testing.T) {
	t.Parallel()
	w := newStack(t, "--stream-poll", "25ms", "--demo=false", "--template", changedTemplate(t, overtaking+"ParallelizationFactor: 1", overtaking+"ParallelizationFactor: 2"))
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		account, list, all := followers(t, w)
		writeChanges(t, w, account, list)
		broken := 0
		for s, stream := range all {
			if disorder(t, s, stream) != nil {
				broken++
			}
			s.conn.CloseNow()
		}
		if broken > 0 {
			return
		}
	}
	t.Error("with a factor of 2 everything came in order: the check finds nothing")
}

// changedTemplate is a copy of the template elsewhere, with one text in place of another.
func changedTemplate(t *testing.T, old, changed string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "template.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), old); n != 1 {
		t.Fatalf("the template has %q %d times", old, n)
	}
	dir := t.TempDir()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err == nil {
		root, err = filepath.Rel(dir, root) // CodeUri is relative to the template
	}
	if err != nil {
		t.Fatal(err)
	}
	copied := strings.Replace(string(text), old, changed, 1)
	copied = strings.ReplaceAll(copied, "CodeUri: functions/", "CodeUri: "+filepath.ToSlash(root)+"/functions/")
	path := filepath.Join(dir, "template.yaml")
	if err := os.WriteFile(path, []byte(copied), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
