package stack_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// fewReaders is how many responses the stack has at a time.
const fewReaders = 6

// Responses end by themselves after seventeen seconds, two more than between heartbeats: twenty of
// the function's are kept for their end.
func TestOnAStackWithFewAndShortResponses(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	w := newStack(t, "--dynamodb", d.proxy.URL, "--stream-poll", "25ms", "--demo=false", "--schedule-every", "1s",
		"--parameter", fmt.Sprint("MaxReaders=", fewReaders), "--template", changedTemplate(t, "Timeout: 900", "Timeout: 37"))
	w.db = databaseClient(w.http, d.direct.URL)
	began := time.Now()
	queries := &queries{engine: d.engine, units: map[string][]float64{}}
	d.fail(queries.count)
	idle := map[string]*reader{"account": w.read(t, fresh(), "/direct"), "everyone": w.read(t, fresh(), "/user")}
	plain, modern := newVisitor(t, w, "plain"), newVisitor(t, w, "modern")
	vanished := w.reading(t, fresh())
	w.listen(t, vanished, "/user", nil).cut()
	flood := slow(t, w)
	others := []string{w.reading(t, fresh()), w.reading(t, fresh()), w.reading(t, fresh())}
	t.Run("there is no room for one more, until one is revoked", func(t *testing.T) { room(t, w, others, vanished) })
	flood()
	t.Run("a socket whose token has run out is closed", func(t *testing.T) { runsOut(t, w) })
	t.Run("an idle one costs half a unit per log and poll", func(t *testing.T) {
		for name, r := range idle {
			if left, planned := r.over(); len(left) > 0 || !planned || r.comments == 0 {
				t.Errorf("%s: it ended with %v after %v and %d heartbeats", name, r.ended, left, r.comments)
			}
		}
		d.fail(nil)
		queries.check(t, time.Since(began))
	})
	t.Run("a client without ids takes up where the response ended, once", func(t *testing.T) { plain.comesBack(t, w, false) })
	t.Run("a client with ids gets each event once", func(t *testing.T) { modern.comesBack(t, w, true) })
	t.Run("nobody holds room that is gone or does not read", func(t *testing.T) { roomAgain(t, w) })
}

// queries are those of History, by the log that they read.
type queries struct {
	engine http.Handler
	mu     sync.Mutex
	units  map[string][]float64
}

// count answers a query of History, and asks what it costs.
func (q *queries) count(w http.ResponseWriter, r *http.Request) bool {
	if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".Query") {
		return false
	}
	body, err := io.ReadAll(r.Body)
	var in map[string]any
	if err != nil || json.Unmarshal(body, &in) != nil {
		return false
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if in["TableName"] != "History" || in["ConsistentRead"] == true { // which a reader begins with
		return false
	}
	in["ReturnConsumedCapacity"] = "TOTAL"
	r.Body = io.NopCloser(strings.NewReader(encode(in)))
	answer := httptest.NewRecorder()
	q.engine.ServeHTTP(answer, r)
	var out struct {
		ConsumedCapacity struct{ CapacityUnits float64 }
	}
	_ = json.Unmarshal(answer.Body.Bytes(), &out) // what is no answer costs nothing, which is wrong
	log := fmt.Sprint(in["ExpressionAttributeValues"].(map[string]any)[":pk"])
	q.mu.Lock()
	q.units[log] = append(q.units[log], out.ConsumedCapacity.CapacityUnits)
	q.mu.Unlock()
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
	return true
}

// check wants no log to have been asked more often than every half second, by each of its readers,
// and at half a unit.
func (q *queries) check(t *testing.T, took time.Duration) {
	t.Helper()
	q.mu.Lock()
	defer q.mu.Unlock()
	for log, all := range q.units {
		if strings.Contains(log, loud) {
			continue
		}
		most := int(took/(500*time.Millisecond)) + 1
		if strings.Contains(log, "everyone") {
			most *= fewReaders + 2
		}
		if len(all) < 2 || len(all) > most {
			t.Errorf("%s: %d queries in %v", log, len(all), took)
		}
		for _, units := range all {
			if units != 0.5 {
				t.Errorf("%s: a query of %v units", log, units)
			}
		}
	}
	if len(q.units) < 4 {
		t.Errorf("only %d logs were read", len(q.units))
	}
}

// visitor is a client whose response ends as planned while something happens.
type visitor struct {
	account, token, agent string
	reader                *reader
	id                    string
	said                  int
}

func newVisitor(t *testing.T, w *world, agent string) *visitor {
	t.Helper()
	v := &visitor{account: fresh(), agent: agent}
	v.token = w.reading(t, v.account)
	v.reader = w.listen(t, v.token, "/user", v.header(false))
	v.id = v.reader.expect(v.say(t, w, 3)...)
	return v
}

func (v *visitor) header(withID bool) http.Header {
	header := http.Header{"User-Agent": {v.agent}}
	if withID {
		header.Set("Last-Event-Id", v.id)
	}
	return header
}

// say writes as many events, and returns what a reader gets of them.
func (v *visitor) say(t *testing.T, w *world, n int) []event {
	t.Helper()
	notes, events := numbered(v.account, v.said, v.said+n)
	v.said += n
	w.content(t, notes...)
	return events
}

// comesBack waits for the end of the response, and expects what was said meanwhile from the next.
func (v *visitor) comesBack(t *testing.T, w *world, withID bool) {
	if left, planned := v.reader.over(); len(left) > 0 || !planned {
		t.Fatalf("it ended with %v after %v", v.reader.ended, left)
	}
	missed := v.say(t, w, 5)
	w.published(t)
	next := w.listen(t, v.token, "/user", v.header(withID))
	again := next
	if !withID {
		again = w.listen(t, v.token, "/user", v.header(false)) // there is nothing left to take
	}
	live := v.say(t, w, 2)
	if v.id = next.expect(append(missed, live...)...); !withID {
		again.expect(live...)
	}
}

// room is refused to one who comes when there is none left, as long as the client that has vanished
// holds it.
func room(t *testing.T, w *world, others []string, vanished string) {
	for _, token := range others { // on a slow machine the first have ended
		_, response, err := w.tryListen(t, token, "/user", nil)
		if err != nil {
			t.Fatal(err)
		}
		if response == nil {
			continue
		}
		response.Body.Close()
		header := w.refused(t, "GET", "/user", bearer(token), 503, says("Too many streams"))
		if header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		w.revoke(t, vanished)
		w.getsIn(t, token)
		return
	}
	t.Error("there is always room")
}

// getsIn asks for a stream until there is room.
func (w *world) getsIn(t *testing.T, token string) {
	t.Helper()
	eventually(t, "there is room", func() bool {
		_, response, err := w.tryListen(t, token, "/user", nil)
		if err != nil {
			t.Fatal(err)
		}
		if response != nil {
			response.Body.Close()
		}
		return response == nil
	})
}

// runsOut lets a token run out, which nobody but the sweep notices.
func runsOut(t *testing.T, w *world) {
	account, token := fresh(), "token-"+fresh()
	w.put(t, "Accounts", row{"key": "token#" + hash(token), "account": account, "scopes": set{"read"}, "expiresAt": time.Now().Unix() + 3})
	s := w.dial(t, token, "stream=user")
	s.closed()
	w.forgotten(t, account)
}

// loud is the account of a client that is sent more than it reads.
const loud = "loud"

// slow is a client that reads a byte now and then. It is flooded by what it returns.
func slow(t *testing.T, w *world) (flood func()) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(w.Edge, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.(*net.TCPConn).SetReadBuffer(4096)
	_, err = fmt.Fprintf(conn, "GET %s/direct HTTP/1.1\r\nHost: edge\r\nAuthorization: Bearer %s\r\n\r\n", streaming, w.reading(t, loud))
	if _, failed := io.ReadFull(conn, make([]byte, 20)); err != nil || failed != nil {
		conn.Close()
		t.Fatal(err, failed)
	}
	over := make(chan struct{})
	t.Cleanup(func() { conn.Close(); <-over })
	go func() {
		defer close(over)
		for tick := time.NewTicker(time.Second); ; {
			if _, err := conn.Read(make([]byte, 1)); err != nil {
				return
			}
			select {
			case <-tick.C:
			case <-t.Context().Done():
				return
			}
		}
	}()
	return func() {
		for n := range 40 {
			w.content(t, row{"owner": loud, "id": fmt.Sprint("conversation#", n), "kind": "conversation",
				"payload": `{"text":"` + strings.Repeat("x", 120_000) + `"}`})
		}
	}
}

// roomAgain opens as many as there may be, once all that were there have ended.
func roomAgain(t *testing.T, w *world) {
	for range fewReaders - 3 { // three are the visitors'
		w.getsIn(t, w.reading(t, fresh()))
	}
}
