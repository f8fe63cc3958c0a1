package sse

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"edgestream/functions/internal/history"
	"edgestream/functions/internal/stream"
)

func TestAPlannedEndLosesNothingForAClientWithoutIDs(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		w.Lifetime = time.Minute
		c := w.at("public", "read")
		r := c.get(t)
		w.update("1")
		time.Sleep(61 * time.Second)
		if !r.ended() || w.handoffs.count() != 1 {
			t.Fatalf("ended: %t, %d handoffs", r.ended(), w.handoffs.count())
		}
		r.expect(t, "1")
		w.update("2")
		time.Sleep(3 * time.Second)
		r = c.get(t)
		w.update("3")
		time.Sleep(time.Second)
		r.expect(t, "2", "3")
		if w.handoffs.count() != 0 {
			t.Error("the handoff is still there")
		}
		r.kill()
	})
}

func TestAResponseThatIsTooLongEndsAndLosesNothing(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		w.MaxBytes = 100 << 10
		c := w.at("public", "read")
		r := c.get(t)
		var want, got []string
		for i := range 20 {
			text := strings.Repeat(fmt.Sprint(i%10), 20<<10)
			w.update(text)
			want = append(want, fmt.Sprintf(`{"id":%q}`, text))
		}
		for range 20 {
			time.Sleep(time.Second)
			part, _ := r.data()
			got = append(got, part...)
			if n := len(r.body()); n > 160<<10 {
				t.Errorf("%d bytes", n)
			}
			if !r.ended() {
				break
			}
			r = c.get(t)
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %d events, want %d", len(got), len(want))
		}
		r.kill()
	})
}

func TestAHandoffIsForTheSameClientAndHalfAMinute(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		w.Lifetime = time.Minute
		r := w.at("public", "read").get(t)
		<-r.done
		w.update("missed")
		strangers := []*client{w.at("public", "other"), w.at("public/local", "read"), w.at("hashtag?tag=a", "read"), w.at("public", "read"), w.at("public", "read")}
		strangers[3].headers["user-agent"] = "another"
		strangers[4].headers["x-forwarded-for"] = "192.0.2.8"
		for i, c := range strangers {
			r := c.get(t)
			time.Sleep(time.Second)
			if got, _ := r.data(); len(got) != 0 {
				t.Errorf("stranger %d got %q", i, got)
			}
			r.kill()
		}
		time.Sleep(30 * time.Second)
		r = w.at("public", "read").get(t)
		time.Sleep(time.Second)
		r.expect(t)
		r.kill()
	})
}

func TestAHandoffIsOneThoughNoAnswerSaysThatItIsKept(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		w.Lifetime = time.Minute
		w.handoffs.lost = 3
		r := w.at("public", "read").get(t)
		<-r.done
		if n := w.handoffs.count(); n != 1 || w.handoffs.lost != -1 {
			t.Errorf("%d handoffs", n)
		}
	})
}

func TestAHandoffThatCannotBeLeftIsTriedAgain(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		w.Lifetime = time.Minute
		w.handoffs.fails = 3
		r := w.at("public", "read").get(t)
		<-r.done
		if w.handoffs.count() != 1 {
			t.Error("no handoff")
		}
		w.handoffs.fails = 1000
		r = w.at("user", "read").get(t)
		<-r.done
		synctest.Wait()
		if log := w.logged.String(); w.handoffs.count() != 1 || !strings.Contains(log, "handoff not left") || !w.rooms.empty() {
			t.Errorf("%d handoffs, log %s", w.handoffs.count(), log)
		}
	})
}

func TestAClientWithAnIDGoesOnBehindIt(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		c := w.at("public", "read")
		r := c.get(t)
		for i := range 5 {
			w.update(fmt.Sprint(i))
		}
		time.Sleep(time.Second)
		_, last := r.data()
		third := strings.Split(strings.Split(r.body(), "\nid: ")[3], "\n")[0]
		r.kill()
		w.update("5")
		for _, tt := range []struct {
			header, query string
			want          []string
		}{
			{last, "", []string{"5"}}, {third, "", []string{"3", "4", "5"}},
			{"", third, []string{"3", "4", "5"}}, {last, third, []string{"5"}},
		} {
			c.headers["last-event-id"], c.query = tt.header, "last_event_id="+tt.query
			r := c.get(t)
			time.Sleep(time.Second)
			r.expect(t, tt.want...)
			r.kill()
		}
	})
}

func TestAnIDBetweenTheMessagesOfOneEntry(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		c := w.at("user", "read")
		r := c.get(t)
		e := history.Entry{Topic: stream.AccountTopic("1"), Record: "a", Owner: "o", Sequence: "1"}
		for i := range 4 {
			e.Messages = append(e.Messages, stream.Message{
				Topic: e.Topic, Streams: []stream.Name{stream.User}, Event: "update", Payload: fmt.Appendf(nil, `{"id":"%d"}`, i), Part: i / 2 * 2,
			})
		}
		w.append(e)
		time.Sleep(time.Second)
		r.expect(t, "0", "2") // of each part the first
		c.headers["last-event-id"] = strings.Split(strings.Split(r.body(), "\nid: ")[1], "\n")[0]
		r.kill()
		r = c.get(t)
		time.Sleep(time.Second)
		r.expect(t, "2")
		r.kill()
	})
}

func TestAGapIsSaidToThoseWhoSentAnID(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		w.update("0")
		c := w.at("public", "read")
		r := c.get(t)
		w.update("1")
		time.Sleep(time.Second)
		_, old := r.data()
		r.kill()
		now := time.Now()
		elsewhere := func(account, to string) string {
			b := history.Bound{Subscription: stream.Subscription{Stream: stream.Name(to)}, Account: account}
			return b.PositionID(history.Position{After: now})
		}
		own := history.Bound{Subscription: stream.Subscription{Stream: stream.Public}, Account: "1"}
		time.Sleep(20 * time.Minute)
		for name, tt := range map[string]struct{ id, reason string }{
			"too old":              {old, "too_old"},
			"garbage":              {"garbage", "unknown_id"},
			"a number":             {"109", "unknown_id"},
			"binary":               {base64.RawURLEncoding.EncodeToString([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}), "unknown_id"},
			"long":                 {strings.Repeat("A", 20000), "unknown_id"},
			"another stream's":     {elsewhere("1", "public:local"), "unknown_id"},
			"another account's":    {elsewhere("2", "public"), "unknown_id"},
			"of the future":        {own.PositionID(history.Position{After: time.Now().Add(time.Hour)}), "unknown_id"},
			"cut":                  {old[:len(old)-2], "unknown_id"},
			"with an invalid byte": {old + "\xff", "unknown_id"},
		} {
			c.headers["last-event-id"] = tt.id
			r := c.get(t)
			w.update("2")
			time.Sleep(time.Second)
			body := r.body()
			if !strings.HasPrefix(body, ":)\nretry: 1000\nevent: edgestream.gap\ndata: {\"reason\":\""+tt.reason+"\"}\nid: ") {
				t.Errorf("%s: %q", name, body)
			}
			if seen := w.seen[len(w.seen)-1]; !seen.Gap {
				t.Errorf("%s: seen %+v", name, seen)
			}
			if got, _ := r.data(); len(got) != 2 || got[1] != `{"id":"2"}` {
				t.Errorf("%s: %q", name, got)
			}
			r.kill()
		}
		c.headers["last-event-id"] = ""
		r = c.get(t)
		time.Sleep(time.Second)
		if r.body() != ":)\n" {
			t.Errorf("without an id: %q", r.body())
		}
		r.kill()
	})
}

func TestAQuietStreamCanBeResumedIfItsClientAsked(t *testing.T) {
	for _, asked := range []string{"true", "1"} {
		in(t, func(t *testing.T, w *world) {
			c := w.at("public?event_ids="+asked, "read")
			r := c.get(t)
			synctest.Wait()
			_, id := r.data()
			if want := ":)\nretry: 1000\nevent: edgestream.position\ndata: " + id + "\nid: " + id + "\n\n"; r.body() != want {
				t.Fatalf("got %q, want %q", r.body(), want)
			}
			r.kill()
			w.update("1")
			time.Sleep(14 * time.Minute)
			w.update("2")
			c.headers["last-event-id"] = id
			r = c.get(t)
			time.Sleep(time.Second)
			if got, _ := r.data(); strings.Join(got, "") != id+`{"id":"1"}{"id":"2"}` {
				t.Errorf("%q, want what was missed behind %s", got, id)
			}
			r.kill()
		})
	}
	for _, not := range []string{"", "0", "false", "TRUE", "yes"} {
		in(t, func(t *testing.T, w *world) {
			r := w.at("public?event_ids="+not, "read").get(t)
			time.Sleep(time.Second)
			if r.body() != ":)\n" {
				t.Errorf("%q: %q", not, r.body())
			}
			r.kill()
		})
	}
}

func TestAPositionStandsBehindAGap(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		c := w.at("public?event_ids=true", "read")
		c.headers["last-event-id"] = "garbage"
		r := c.get(t)
		synctest.Wait()
		got, id := r.data()
		if len(got) != 2 || got[0] != `{"reason":"unknown_id"}` || got[1] != id || strings.Count(r.body(), "retry") != 1 {
			t.Errorf("%q", r.body())
		}
		r.kill()
	})
}

func TestAPositionIsKnownAtThePlannedEnd(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		c := w.at("public?event_ids=true", "read")
		for range 4 { // nothing happens for an hour
			r := c.get(t)
			<-r.done
			payloads, id := r.data()
			if len(payloads) != 1 || payloads[0] != id {
				t.Fatalf("%q", r.body())
			}
			c.headers["last-event-id"] = id
			time.Sleep(time.Second)
		}
		w.update("1")
		r := c.get(t)
		time.Sleep(time.Second)
		if got, _ := r.data(); len(got) != 2 || got[1] != `{"id":"1"}` {
			t.Errorf("%q", r.body())
		}
		r.kill()
	})
}

func TestTheIDOfAGapClosesIt(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		c := w.at("public", "read")
		c.headers["last-event-id"] = "garbage"
		r := c.get(t)
		synctest.Wait()
		_, id := r.data()
		r.kill()
		w.update("1")
		c.headers["last-event-id"] = id
		r = c.get(t)
		time.Sleep(time.Second)
		r.expect(t, "1")
		r.kill()
	})
}

func TestAnIDOfLongAgoIsGoodAfterAPlannedEnd(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		c := w.at("public", "read")
		r := c.get(t)
		w.update("1")
		<-r.done
		for range 3 { // nothing happens for three quarters of an hour
			_, id := r.data()
			if id != "" {
				c.headers["last-event-id"] = id
			}
			time.Sleep(time.Second)
			if r = c.get(t); w.handoffs.count() != 0 {
				t.Error("the handoff was not taken")
			}
			<-r.done
			r.expect(t)
		}
		w.update("2")
		r = c.get(t)
		time.Sleep(time.Second)
		r.expect(t, "2")
		r.kill()
	})
}

func TestTwoTabsGoOnEachForItself(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		w.Lifetime = time.Minute
		c := w.at("public", "read")
		first, second := c.get(t), c.get(t)
		w.update("1")
		<-first.done
		<-second.done
		first.expect(t, "1")
		second.expect(t, "1")
		w.update("2")
		first, second = c.get(t), c.get(t)
		third := c.get(t)
		time.Sleep(time.Second)
		first.expect(t, "2")
		second.expect(t, "2")
		third.expect(t)
		for _, r := range []*reply{first, second, third} {
			r.kill()
		}
	})
}

// TestEachEventComesOnce: whatever ends its responses, a client with ids gets everything once; one
// without does as long as they end as planned.
func TestEachEventComesOnce(t *testing.T) {
	for seed := range uint64(12) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			w := newWorld(t)
			w.Lifetime = time.Duration(20+random.IntN(30)) * time.Second
			w.memory.Memory.Stale = func(n int) int { return min(n, 2) }
			stop := make(chan struct{})
			said := w.chatter(random, stop)
			withIDs, withNone := w.at("public", "read"), w.at("public/local", "other")
			var got [2][]string
			got[0] = withIDs.listen(t, random, true, 5)
			close(stop)
			all := <-said
			stop = make(chan struct{})
			said = w.chatter(random, stop)
			got[1] = withNone.listen(t, random, false, 4)
			close(stop)
			more := <-said
			checkOnce(t, seed, "with ids", got[0], all)
			checkOnce(t, seed, "without ids", got[1], more)
		})
	}
}

// chatter says statuses until it is stopped, and then what it has said.
func (w *world) chatter(random *rand.Rand, stop chan struct{}) chan []string {
	said := make(chan []string, 1)
	pauses := rand.New(rand.NewPCG(random.Uint64(), 2))
	go func() {
		var all []string
		defer func() { said <- all }()
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Duration(pauses.IntN(4000)) * time.Millisecond):
			}
			for range 1 + pauses.IntN(3) {
				id := fmt.Sprintf("%d-%d", len(all), pauses.Uint32())
				w.update(id)
				all = append(all, fmt.Sprintf(`{"id":%q}`, id))
			}
		}
	}()
	return said
}

// listen makes responses, one after the other, and returns the payloads of all. With ids it loses
// its connection at any time, and what was on its way with it.
func (c *client) listen(t *testing.T, random *rand.Rand, ids bool, responses int) (got []string) {
	for range responses {
		r := c.get(t)
		if r.status != 200 {
			t.Fatalf("%d %s", r.status, r.body())
		}
		if ids && random.IntN(3) > 0 {
			time.Sleep(time.Duration(random.Int64N(int64(c.Lifetime))))
			r.kill()
			r.lose(random)
		}
		<-r.done
		payloads, id := r.data()
		got = append(got, payloads...)
		if ids && id != "" {
			c.headers["last-event-id"] = id
		}
		time.Sleep(time.Duration(random.IntN(20_000)) * time.Millisecond)
	}
	return got
}

// lose forgets the end of what has come, but not of what came before the first id.
func (r *reply) lose(random *rand.Rand) {
	body := r.body()
	first := strings.Index(body, "\n\n")
	if first < 0 {
		return
	}
	keep := first + 2 + random.IntN(len(body)-first-1)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.text.Reset()
	r.text.WriteString(body[:keep])
}

// checkOnce fails unless what was got is a run of what was said, in order, without a hole.
func checkOnce(t *testing.T, seed uint64, name string, got, said []string) {
	t.Helper()
	if len(got) < 5 {
		t.Fatalf("seed %d %s: only %d events", seed, name, len(got))
	}
	from := 0
	for from < len(said) && said[from] != got[0] {
		from++
	}
	if len(said)-from < len(got) {
		t.Fatalf("seed %d %s: got %d events of %d", seed, name, len(got), len(said)-from)
	}
	for i := range got {
		if got[i] != said[from+i] {
			t.Fatalf("seed %d %s: event %d is %s, not %s\ngot  %q\nsaid %q", seed, name, i, got[i], said[from+i], got, said[from:])
		}
	}
}
