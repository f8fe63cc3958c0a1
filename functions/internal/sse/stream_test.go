package sse

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"edgestream/functions/internal/history"
	"edgestream/functions/internal/stream"
)

// in runs a test in a time of its own, with a world.
func in(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, newWorld(t)) })
}

// expect fails unless the reply's payloads are these ids of statuses.
func (r *reply) expect(t *testing.T, ids ...string) {
	t.Helper()
	got, _ := r.data()
	var want []string
	for _, id := range ids {
		want = append(want, fmt.Sprintf(`{"id":%q}`, id))
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestAnEventReachesItsReaderWithinPollAndRead(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		r := w.at("public", "read").get(t)
		for i := range 40 {
			time.Sleep(time.Duration(i*37+1) * time.Millisecond)
			w.update(fmt.Sprint(i))
			time.Sleep(600 * time.Millisecond)
			if got, _ := r.data(); len(got) != i+1 {
				t.Fatalf("event %d had not come after 600 ms", i)
			}
		}
		r.kill()
	})
}

func TestAnEventLooksAsClientsKnowIt(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		r := w.at("user", "read").get(t)
		w.append(
			history.Entry{Topic: stream.AccountTopic("1"), Record: "a", Owner: "1", Sequence: "1", Messages: []stream.Message{
				{Streams: []stream.Name{stream.User}, Event: "filters_changed"},
			}},
			history.Entry{Topic: stream.AccountTopic("1"), Record: "b", Owner: "1", Sequence: "2", Messages: []stream.Message{
				{Streams: []stream.Name{stream.User}, Event: "delete", Payload: []byte("901")},
			}},
		)
		time.Sleep(time.Second)
		lines := strings.Split(r.body(), "\n")
		want := []string{":)", "retry: 1000", "event: filters_changed", "data: null", "id: ", "", "event: delete", "data: 901", "id: ", "", ""}
		if len(lines) != len(want) {
			t.Fatalf("%q", lines)
		}
		for i := range want {
			if !strings.HasPrefix(lines[i], want[i]) || want[i] != "id: " && lines[i] != want[i] {
				t.Errorf("line %d is %q, not %q", i, lines[i], want[i])
			}
		}
		r.kill()
	})
}

func TestHeartbeats(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		r := w.at("public", "read").get(t)
		time.Sleep(46 * time.Second)
		if r.body() != ":)\n:thump\n:thump\n:thump\n" {
			t.Errorf("%q", r.body())
		}
		r.kill()
	})
}

func TestAQuietStreamIsOneQueryPerLogAndPoll(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		r := w.at("user", "read").get(t)
		synctest.Wait()
		before := w.memory.queries()
		time.Sleep(10*time.Second - time.Millisecond)
		if n := w.memory.queries() - before; n != 2*19 {
			t.Errorf("%d queries in 19 polls of two logs", n)
		}
		r.kill()
	})
}

func TestNothingFromBeforeIsSent(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		w.update("before")
		time.Sleep(time.Second)
		w.update("just before")
		r := w.at("public", "read").get(t)
		w.update("after")
		time.Sleep(time.Second)
		r.expect(t, "after")
		r.kill()
	})
}

func TestAnExpiredTokenGetsNothing(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		end := time.Now().Add(90 * time.Second)
		g := w.accounts.tokens["read"]
		g.TokenExpires = end
		w.accounts.tokens["read"] = g
		r := w.at("public", "read").get(t)
		time.Sleep(89 * time.Second)
		w.update("in time")
		time.Sleep(999 * time.Millisecond)
		w.update("too late to be read")
		<-r.done
		if !time.Now().Equal(end) {
			t.Errorf("ended %v after the token", time.Since(end))
		}
		r.expect(t, "in time")
		synctest.Wait()
		if w.handoffs.count() != 0 || !w.rooms.empty() {
			t.Error("an ended token leaves something")
		}
	})
}

func TestControlEntriesAreObeyedAndNotShown(t *testing.T) {
	for name, tt := range map[string]struct {
		target, event, payload string
		ends                   bool
	}{
		"close":                   {"public", "_close", "", true},
		"close of another":        {"public", "_close", "request-x", false},
		"list moved":              {"list?list=12", "_list", "2", true},
		"list removed":            {"list?list=12", "_list", "-", true},
		"list stays":              {"list?list=12", "_list", "1", false},
		"filters of this account": {"public", "_viewer", "1", false},
		"what is not known yet":   {"public", "_new", "1", false},
	} {
		in(t, func(t *testing.T, w *world) {
			r := w.at(tt.target, "read").get(t)
			synctest.Wait() // its first look finds nothing
			to := w.rooms.in[w.rooms.readers()[0]]
			if tt.payload == "" {
				tt.payload = to.ID
			}
			w.append(history.Entry{Topic: to.Log, Record: "r1", Owner: "o", Sequence: "1", Messages: []stream.Message{
				{Streams: []stream.Name{stream.Public, stream.List}, Event: "update", Payload: []byte(`{"id":"1"}`)},
			}})
			if tt.payload = strings.TrimPrefix(tt.payload, "-"); tt.event == "_list" {
				w.accounts.give("12", tt.payload)
				tt.payload = history.Move{From: "1", To: tt.payload, At: time.Now()}.Payload()
			}
			_ = w.Control(t.Context(), to.Log, tt.event, tt.payload)
			time.Sleep(2 * time.Second)
			switch got, _ := r.data(); {
			case r.ended() != tt.ends:
				t.Errorf("%s: ended: %t", name, r.ended())
			case tt.ends && (len(got) != 0 || w.handoffs.count() != 0):
				t.Errorf("%s: got %q, left %d handoffs", name, got, w.handoffs.count())
			case !tt.ends:
				r.expect(t, "1")
			}
			r.kill()
		})
	}
}

// A list that was taken and has come back is its owner's: what was told long ago ends nobody who
// resumes from before it, and nobody sees what was another's.
func TestAListThatHasComeBackIsShown(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		update := func(text string) {
			w.say(stream.ListTopic("12"), []stream.Name{stream.List}, "update", fmt.Sprintf(`{"id":%q}`, text))
		}
		move := func(from, to string) {
			_ = w.Control(t.Context(), stream.ListTopic("12"), "_list", history.Move{From: from, To: to, At: time.Now()}.Payload())
		}
		first := w.at("list?list=12", "read").get(t)
		synctest.Wait()
		update("1")
		time.Sleep(time.Second)
		first.expect(t, "1")
		_, last := first.data()
		first.kill()
		time.Sleep(time.Second)
		move("1", "2")
		update("another's")
		time.Sleep(30 * time.Second)
		move("2", "1")
		update("another's, on its way")
		time.Sleep(history.Lateness + time.Second)
		update("2")
		again := w.client("list", "list=12", "authorization", "read", "last-event-id", last).get(t)
		time.Sleep(time.Second)
		again.expect(t, "2")
		w.accounts.fail(errBroken) // nobody knows whose it is
		move("1", "2")
		move("2", "1")
		time.Sleep(history.Lateness + time.Second)
		update("3")
		time.Sleep(5 * time.Second)
		again.expect(t, "2")
		w.accounts.fail(nil)
		time.Sleep(5 * time.Second)
		again.expect(t, "2", "3")
		again.kill()
	})
}

func TestFiltersApplyAndFollowTheirChange(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		w.accounts.filter("1", "old")
		r := w.at("public", "read").get(t)
		w.update("old a")
		w.update("new a")
		time.Sleep(time.Second)
		r.expect(t, "new a")
		w.accounts.filter("1", "new")
		_ = w.Control(t.Context(), stream.PublicTopic(), "_viewer", "1")
		w.update("old b")
		w.update("new b")
		time.Sleep(time.Second)
		r.expect(t, "new a", "old b")
		r.kill()
	})
}

func TestNothingIsShownUntilItIsKnownWhatIsFiltered(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		w.accounts.filter("1", "secret")
		r := w.at("public", "read").get(t)
		w.accounts.fail(errBroken)
		_ = w.Control(t.Context(), stream.PublicTopic(), "_viewer", "1")
		w.update("secret")
		w.update("plain")
		time.Sleep(5 * time.Second)
		r.expect(t)
		w.accounts.fail(nil)
		time.Sleep(5 * time.Second)
		r.expect(t, "plain")
		r.kill()
	})
}

func TestAListThatMovesWhileAStreamBeginsIsNotShown(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		w.rooms.admitted = func() {
			w.accounts.mu.Lock()
			defer w.accounts.mu.Unlock()
			w.accounts.lists["12"] = "2"
		}
		r := w.at("list?list=12", "read").get(t)
		<-r.done
		synctest.Wait()
		if r.status != 401 || r.body() != notOwnList || !w.rooms.empty() {
			t.Errorf("%d %s", r.status, r.body())
		}
	})
}

func TestATokenRevokedWhileAStreamBeginsEndsIt(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		r := w.at("public", "read").get(t)
		// Whoever revokes finds the reader once it is admitted, and writes before the first poll.
		_ = w.Control(t.Context(), stream.PublicTopic(), "_close", w.rooms.readers()[0])
		<-r.done
		r.expect(t)
	})
}

func TestAFullServiceAndAFullAccount(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		w.rooms.max, w.rooms.members = 3, 2
		public := w.at("public", "read").get(t)
		home := w.at("user", "read").get(t)
		full := w.at("direct", "read").get(t)
		<-full.done
		if full.status != 429 || full.headers["Retry-After"] != "30" || full.body() != `{"error":"Too many connections of this account"}` {
			t.Errorf("full account: %d %v %s", full.status, full.headers, full.body())
		}
		w.rooms.members = 9
		third := w.at("direct", "read").get(t)
		busy := w.at("direct", "read").get(t)
		<-busy.done
		if busy.status != 503 || busy.headers["Retry-After"] != "30" || busy.body() != `{"error":"Too many streams"}` {
			t.Errorf("full service: %d %v %s", busy.status, busy.headers, busy.body())
		}
		w.saw(t, Seen{}, Seen{}, Seen{}, Seen{Full: true})
		for _, r := range []*reply{public, home, third} {
			r.kill()
		}
		synctest.Wait()
		if !w.rooms.empty() || w.rooms.most != 3 {
			t.Errorf("%d at a time", w.rooms.most)
		}
	})
}

func TestTheSuccessorOfAVanishedClientIsNotLockedOut(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		w.rooms.members = 1
		vanished := w.at("public", "read").get(t)
		r := w.at("public", "read").get(t)
		if r.status != 200 {
			t.Fatalf("%d %s", r.status, r.body())
		}
		w.update("1")
		<-vanished.done
		time.Sleep(time.Second)
		r.expect(t, "1")
		vanished.expect(t)
		r.kill()
	})
}

func TestAReaderThatCannotBeToldKeepsItsPlace(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		w.rooms.members = 1
		old := w.at("public", "read").get(t)
		w.untold = errBroken
		refused := w.at("public", "read").get(t)
		<-refused.done
		if refused.status != 503 || refused.headers["Retry-After"] != "30" || refused.body() != `{"error":"Too many streams"}` {
			t.Errorf("%d %v %s", refused.status, refused.headers, refused.body())
		}
		if len(w.rooms.readers()) != 1 || len(w.rooms.slots) != 1 || !strings.Contains(w.logged.String(), "level=WARN") {
			t.Errorf("%v, %v, logged %s", w.rooms.readers(), w.rooms.slots, w.logged)
		}
		// Whoever revokes its token finds it.
		w.untold = nil
		w.update("1")
		time.Sleep(time.Second)
		_ = w.Control(t.Context(), stream.PublicTopic(), "_close", w.rooms.readers()[0])
		<-old.done
		old.expect(t, "1")
	})
}

func TestAStreamOverRealHTTP(t *testing.T) {
	w := newWorld(t)
	w.Poll, w.Lifetime = 5*time.Millisecond, 300*time.Millisecond
	server := httptest.NewServer(w.Handler)
	defer server.Close()
	req, _ := http.NewRequestWithContext(t.Context(), "GET", server.URL+prefix+"public", nil)
	req.Header.Set("Authorization", "Bearer read")
	res, err := server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	if !lines.Scan() || lines.Text() != ":)" || res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%d %v %q", res.StatusCode, res.Header, lines.Text())
	}
	w.update("1")
	var got []string
	for lines.Scan() {
		got = append(got, lines.Text())
	}
	if len(got) != 5 || got[2] != `data: {"id":"1"}` {
		t.Errorf("%q", got)
	}
	if w.handoffs.count() != 1 || !w.rooms.empty() {
		t.Error("the end was not as planned")
	}
}

func TestAClientThatGoesAwayIsNoticedWhereItCanBe(t *testing.T) {
	w := newWorld(t)
	w.Poll = time.Millisecond
	server := httptest.NewServer(w.Handler)
	defer server.Close()
	ctx, leave := context.WithCancel(t.Context())
	req, _ := http.NewRequestWithContext(ctx, "GET", server.URL+prefix+"public?access_token=read", nil)
	res, err := server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	leave()
	res.Body.Close()
	for !w.rooms.empty() {
		time.Sleep(time.Millisecond)
	}
	if w.handoffs.count() != 0 {
		t.Error("a client that went away left a handoff")
	}
}
