package sse

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"edgestream/functions/internal/history"
	"edgestream/functions/internal/stream"
)

func TestABurstComesWholeAndInOrder(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		const events = 10_000
		r := w.at("public", "read").get(t)
		entries := make([]history.Entry, events)
		for i := range entries {
			entries[i] = history.Entry{
				Topic: stream.PublicTopic(), Record: fmt.Sprint("r", i), Owner: "o", Sequence: fmt.Sprint(i + 1),
				Messages: []stream.Message{{Topic: stream.PublicTopic(), Streams: []stream.Name{stream.Public}, Event: "update", Payload: fmt.Appendf(nil, `{"id":"%d"}`, i)}},
			}
		}
		w.memory.fill(entries)
		time.Sleep(10 * time.Second)
		got, _ := r.data()
		if len(got) != events {
			t.Fatalf("%d of %d", len(got), events)
		}
		for i := range got {
			if got[i] != fmt.Sprintf(`{"id":"%d"}`, i) {
				t.Fatalf("%d is %s", i, got[i])
			}
		}
		r.kill()
	})
}

// fill appends entries that one writer wrote in this moment. Memory looks for repetitions, which
// takes too long for many.
func (l *log) fill(entries []history.Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var before time.Time
	for i := range entries {
		e := &entries[i]
		e.Writer, e.N, e.Previous = "AAAAAAAA", uint64(i+1), before
		e.At = time.Now().UTC().Add(time.Duration(i) * time.Microsecond)
		before = e.At
	}
	l.extra = entries
}

func TestAThrottledLogIsAskedAgain(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		r := w.at("public", "read").get(t)
		time.Sleep(time.Second)
		w.memory.fail(errBroken)
		w.update("1")
		time.Sleep(25 * time.Second)
		if r.ended() || r.body() != ":)\n:thump\n" {
			t.Errorf("ended: %t, %q", r.ended(), r.body())
		}
		w.memory.fail(nil)
		time.Sleep(5 * time.Second)
		r.expect(t, "1")
		if log := w.logged.String(); strings.Count(log, "\n") != 2 || !strings.Contains(log, "history not read") || !strings.Contains(log, "history read again") {
			t.Errorf("logged %s", log)
		}
		// What came well apart is not one trouble.
		for range 3 {
			w.memory.fail(errBroken)
			time.Sleep(20 * time.Second)
			w.memory.fail(nil)
			time.Sleep(5 * time.Second)
		}
		if r.ended() {
			t.Error("ended")
		}
		r.kill()
	})
}

func TestALogThatHangsDoesNotStopTheHeartbeats(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		r := w.at("public", "read").get(t)
		time.Sleep(10 * time.Second)
		w.memory.hang(true)
		time.Sleep(11 * time.Second)
		if !strings.Contains(r.body(), ":thump\n") {
			t.Errorf("%q", r.body())
		}
		w.memory.hang(false)
		r.kill()
	})
}

func TestALogThatIsGoneEndsTheStreamSoThatItsClientComesBack(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		c := w.at("public", "read")
		r := c.get(t)
		time.Sleep(time.Second)
		began := time.Now()
		w.memory.fail(errBroken)
		w.update("1")
		<-r.done
		if d := time.Since(began); d < patience || d > patience+5*time.Second {
			t.Errorf("ended after %v", d)
		}
		w.memory.fail(nil)
		r = c.get(t)
		time.Sleep(time.Second)
		r.expect(t, "1")
		r.kill()
	})
}

func TestAClientThatReadsAByteASecondEndsAsPlanned(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		w.Lifetime = time.Minute
		c := w.at("public", "read")
		c.slow = time.Second
		began := time.Now()
		r := c.get(t)
		for i := range 3 {
			w.update(fmt.Sprint(i))
		}
		<-r.done
		if d := time.Since(began); d > time.Minute+grace+2*time.Second {
			t.Errorf("ended after %v", d)
		}
		synctest.Wait()
		synctest.Wait()
		if !w.rooms.empty() {
			t.Error("the reader is still in")
		}
		c.slow = 0
		again := c.get(t)
		time.Sleep(time.Second)
		first, _ := r.data()
		rest, _ := again.data()
		if got := append(first, rest...); len(rest) == 0 || strings.Join(got, "") != `{"id":"0"}{"id":"1"}{"id":"2"}` {
			t.Errorf("got %q and then %q", first, rest)
		}
		again.kill()
	})
}

func TestAClientThatDoesNotReadGetsNothingOnceItsTokenHasExpired(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		g := w.accounts.tokens["read"]
		g.TokenExpires = time.Now().Add(30 * time.Second)
		w.accounts.tokens["read"] = g
		c := w.at("public", "read")
		c.slow = time.Second
		r := c.get(t)
		w.update(strings.Repeat("a", 100))
		<-r.done
		if over := time.Since(g.TokenExpires); over > time.Second {
			t.Errorf("ended %v after the token", over)
		}
		r.expect(t)
	})
}

// stuck is a client that does not read, behind a server that offers no way to end a write.
type stuck struct {
	http.ResponseWriter
	header http.Header
	freed  chan struct{}
}

func (s *stuck) Header() http.Header { return s.header }
func (s *stuck) WriteHeader(int)     {}
func (s *stuck) Write(p []byte) (int, error) {
	<-s.freed
	return len(p), nil
}

func TestAWriteThatCannotBeEndedKeepsItsSlot(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		w.Lifetime = time.Minute
		s := &stuck{header: http.Header{}, freed: make(chan struct{})}
		r, _ := http.NewRequestWithContext(context.Background(), "GET", "https://x"+prefix+"public?access_token=read", nil)
		began := time.Now()
		w.ServeHTTP(s, r)
		if d := time.Since(began); d != time.Minute+grace {
			t.Errorf("ended after %v", d)
		}
		if len(w.rooms.readers()) != 0 || w.rooms.empty() {
			t.Error("the slot was given back while the response is still written")
		}
		close(s.freed)
	})
}

func TestASlowClientsRestOfAPageWaitsForControlEntries(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		c := w.at("public", "read")
		c.slow = 100 * time.Microsecond
		r := c.get(t)
		synctest.Wait()     // its first look finds nothing
		for i := range 20 { // each is a batch of its own
			w.update(fmt.Sprint(i, strings.Repeat("a", batchBytes)))
		}
		time.Sleep(time.Second)
		_ = w.Control(t.Context(), stream.PublicTopic(), controlClose, w.rooms.readers()[0])
		<-r.done
		if got, _ := r.data(); len(got) != 1 {
			t.Errorf("%d events", len(got))
		}
	})
}

// TestWhatEndsAStreamEndsOneWhoseClientDoesNotRead: within seconds, and not when its write is over.
func TestWhatEndsAStreamEndsOneWhoseClientDoesNotRead(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, w *world){
		"a control entry": func(t *testing.T, w *world) {
			_ = w.Control(t.Context(), stream.ListTopic("12"), controlClose, w.rooms.readers()[0])
		},
		"a list that moves": func(t *testing.T, w *world) {
			w.accounts.give("12", "2")
			move := history.Move{From: "1", To: "2", At: time.Now()}
			_ = w.Control(t.Context(), stream.ListTopic("12"), history.ControlList, move.Payload())
		},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T, w *world) {
				c := w.at("list?list=12", "read")
				c.slow = time.Second
				r := c.get(t)
				time.Sleep(time.Minute) // in which it reads what comes before all events
				w.say(stream.ListTopic("12"), []stream.Name{stream.List}, "update", `{"id":"`+large("a")+`"}`)
				time.Sleep(time.Minute)
				began := time.Now()
				end(t, w)
				if <-r.done; time.Since(began) > 10*time.Second {
					t.Errorf("ended after %v", time.Since(began))
				}
				r.expect(t)
				if w.handoffs.count() > 0 {
					t.Error("its end was taken for planned")
				}
			})
		})
	}
}

func TestAFunctionWithLittleTimeStillSaysHello(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		ctx, cancel := context.WithTimeout(t.Context(), Margin/2)
		defer cancel()
		response, err := Serve(w.Handler)(ctx, &Request{RawPath: prefix + "public", RawQueryString: "access_token=read", RequestContext: functionURL("GET")})
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		if err != nil || string(body) != ":)\n" || w.handoffs.count() != 1 {
			t.Errorf("%q, %v, %d handoffs", body, err, w.handoffs.count())
		}
	})
}
