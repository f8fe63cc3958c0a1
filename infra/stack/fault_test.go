package stack_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"edgestream/infra/stack"
)

const failed = `{"error":"An unexpected error occurred","status":500}`

// rough is a stack whose database can fail, and whose messages are shuffled.
func rough(t *testing.T) (*world, *database) {
	t.Helper()
	d := newDatabase(t)
	w := newStack(t, "--dynamodb", d.proxy.URL, "--shuffle", "7", "--stream-poll", "25ms", "--demo=false")
	w.db = databaseClient(w.http, d.direct.URL)
	return w, d
}

func TestOnARoughStack(t *testing.T) {
	t.Parallel()
	w, d := rough(t)
	t.Run("racing messages end in the last state", func(t *testing.T) { race(t, w) })
	for _, o := range []trouble{{"throttled", throttled, true}, {"down", stack.Abort, false}, {"answering nonsense", nonsense, false}} {
		t.Run("a database that is "+o.name+" costs answers and no event", func(t *testing.T) { outage(t, w, d, o) })
	}
	t.Run("a batch whose function is killed is published after the retry", func(t *testing.T) { kill(t, w, d) })
}

// trouble is a fault of the database, and whether its streams can still be read.
type trouble struct {
	name    string
	fault   stack.Fault
	streams bool
}

// outage connects, subscribes and publishes while the database fails.
func outage(t *testing.T, w *world, d *database, o trouble) {
	account, token, _ := w.member(t)
	s := w.dial(t, token, "stream=user")
	id := w.connections(t, account)[0]
	modern := w.dial(t, token, "stream=user"+numbers)
	modern.begins("", "user")
	r := w.read(t, account, "/user")
	d.fail(o.fault)
	defer d.fail(nil)
	if got := w.status(t, "stream=user", bearer(token)); got != http.StatusInternalServerError {
		t.Errorf("connecting: %d", got)
	}
	s.send(subscribe("public", "", ""))
	s.expect(failed)
	s.send(message("unsubscribe", "public", "", ""))
	s.expect(notUnsubbed)
	const events = 30
	failures := w.failures()
	notes, read := numbered(account, 0, events)
	w.content(t, notes...)
	if o.streams {
		eventually(t, "a batch has failed", func() bool { return w.failures() > failures })
	}
	d.fail(nil)
	for n := range events {
		s.expect(frame("", fmt.Sprint("event", n), "user"))
	}
	modern.hears(map[string]bool{}, names(0, events)...)
	r.expect(read...)
	modern.send(subscribe("direct", "", ""))
	modern.begins("", "direct")
	s.send(subscribe("direct", "", ""))
	w.handled(t, id, 3)
	w.content(t, row{"owner": account, "id": "conversation#1", "kind": "conversation", "payload": "{}"})
	s.expect(frame("{}", "conversation", "direct"))
}

// failures is how many batches had something that must come again.
func (w *world) failures() (n int) {
	for _, i := range w.Invocations() {
		if i.Function == "PublishFunction" && strings.Contains(i.Result, "failed") {
			n++
		}
	}
	return n
}

// kill ends publish's process while it waits for the database.
func kill(t *testing.T, w *world, d *database) {
	account, token, _ := w.member(t)
	s := w.dial(t, token, "stream=user")
	before := w.failures()
	held := make(chan struct{})
	var waiting atomic.Bool
	d.fail(func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".BatchGetItem") {
			waiting.Store(true)
			<-held
		}
		return false
	})
	for n := range 5 {
		w.content(t, note(account, fmt.Sprint("event", n), account))
	}
	eventually(t, "publish asks for listeners", waiting.Load)
	killed := 0
	for _, p := range w.Processes() {
		if strings.HasPrefix(filepath.Base(filepath.Dir(p.Program)), "PublishFunction") {
			if err := syscall.Kill(p.PID, syscall.SIGKILL); err != nil {
				t.Error(err)
			}
			killed++
		}
	}
	if killed == 0 {
		t.Errorf("no process of publish among %v", w.Processes())
	}
	eventually(t, "the invocation has failed", func() bool { return w.failures() > before })
	d.fail(nil)
	close(held)
	for n := range 5 {
		s.expect(frame("", fmt.Sprint("event", n), "user"))
	}
}

func TestRacingMessagesEndInTheLastState(t *testing.T) {
	t.Parallel()
	race(t, theStack(t))
}

// raced is how many messages a socket sends in a race.
const raced = 24

// race sends subscribes and unsubscribes that are handled in any order, and sees what holds.
func race(t *testing.T, w *world) {
	for round := range 12 {
		account, token, _ := w.member(t)
		s := w.dial(t, token, "")
		id := w.connections(t, account)[0]
		first := make(chan string, 1)
		go func() { // pongs are seen only while somebody reads
			text, err := s.read()
			if err != nil {
				t.Error(err)
			}
			first <- text
		}()
		on := map[string]bool{}
		for n := range raced {
			tag, kind := fmt.Sprint("race", account, n*(round+1)%4), "subscribe"
			if (n*7+round*3)%5 < 2 {
				kind = "unsubscribe"
			}
			s.sendAlone(message(kind, "hashtag", tag, ""))
			on[tag] = kind == "subscribe"
		}
		s.send(subscribe("user", "", ""))
		w.handled(t, id, raced+1)
		want := speak(t, w, account, on)
		if got := <-first; got != want[0] {
			t.Fatalf("the first frame is %s, want %s", got, want[0])
		}
		s.expect(want[1:]...)
	}
}

// sendAlone sends a message, and returns when the server has read it and its millisecond is over:
// the next one has a later time.
func (s *socket) sendAlone(text string) {
	s.t.Helper()
	s.send(text)
	if err := s.conn.Ping(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	for at := time.Now().UnixMilli(); time.Now().UnixMilli() == at; {
		runtime.Gosched()
	}
}

// speak says something on every tag and on one stream that holds for certain, and returns the
// frames of those that are on.
func speak(t *testing.T, w *world, account string, on map[string]bool) (want []string) {
	t.Helper()
	for tag, subscribed := range on {
		w.content(t, row{"owner": account, "id": "broadcast#" + fresh(), "kind": "broadcast", "event": "e", "payload": "",
			"topics": []any{row{"stream": "hashtag", "tag": tag}}})
		if subscribed {
			want = append(want, frame("", "e", "hashtag", tag))
		}
	}
	w.content(t, note(account, "end", account))
	return append(want, frame("", "end", "user"))
}
