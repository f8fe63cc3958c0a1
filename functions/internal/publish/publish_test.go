package publish

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"edgestream/functions/internal/stream"
)

func wantFailed(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("failed %v, want %v", got, want)
	}
}

func TestABatchLooksEachTopicUpOnceAndKeepsItsOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.user("a", "1")
		w.user("b", "2")
		w.listeners[stream.EveryoneTopic()] = append(w.listeners[stream.AccountTopic("1")], w.listeners[stream.AccountTopic("2")]...)
		p := w.publisher(Config{})
		failed := p.Publish(t.Context(), []stream.Change{say(1, "x", "1"), say(2, "x"), say(3, "x", "1", "2"), say(4, "y", "2")})
		wantFailed(t, failed)
		w.want("a", heard(1, 2, 3)...)
		w.want("b", heard(2, 3, 4)...)
		if w.lookups != 1 {
			t.Errorf("%d look-ups", w.lookups)
		}
		if got := w.last(); got.Records != 4 || got.Deliveries != 6 || got.Messages != 5 || got.Listeners != 4 {
			t.Errorf("tally %+v", got)
		}
	})
}

func TestNothingToSayAsksNobody(t *testing.T) {
	w := newWorld(t)
	w.lookupErr = errOdd
	wantFailed(t, w.publisher(Config{}).Publish(t.Context(), []stream.Change{record(1, "x", "_own", "{}", nil)}))
	wantFailed(t, w.publisher(Config{}).Publish(t.Context(), nil))
	if w.lookups != 0 {
		t.Errorf("%d look-ups", w.lookups)
	}
}

func TestASubscriptionGetsTheFirstMessageOfEachPart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.user("both", "1")
		w.listen("both", "1", stream.Subscription{Stream: stream.UserNotification})
		quiet := w.user("quiet", "1")
		quiet.Notifications = false
		w.listeners[stream.EveryoneTopic()] = slices.Clone(w.listeners[stream.AccountTopic("1")])
		p := w.publisher(Config{})

		twice := record(1, "x", "broadcast", "1", func(i *stream.Item) {
			i.Event = "e"
			i.Topics = []stream.Target{{Stream: stream.User, Account: "1"}, {Stream: stream.User}}
		})
		note := record(2, "1", "notification", `{}`, nil)
		replaced := note
		replaced.Sequence, replaced.EventID = "3", "event3"
		replaced.Old = &stream.Item{Owner: "1", ID: "x", Kind: "filter"}
		wantFailed(t, p.Publish(t.Context(), []stream.Change{twice, note, replaced}))
		w.want("both", "user e 1", "user notification {}", "user:notification notification {}",
			"user filters_changed ", "user notification {}", "user:notification notification {}")
		w.want("quiet", "user e 1", "user filters_changed ")
	})
}

func TestAFrameIsEncodedOncePerSubscriptionAsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var homes []string
		for i := range 50 {
			homes = append(homes, fmt.Sprint(i))
			w.user(fmt.Sprint("c", i), fmt.Sprint(i))
			w.listen(fmt.Sprint("t", i), "x", stream.Subscription{Stream: stream.Hashtag, Param: []string{"a", "A"}[i%2]})
		}
		status := record(1, "1", "status", `{"id":"1","visibility":"public","tags":[{"name":"a"}]}`, func(i *stream.Item) { i.Home = homes })
		wantFailed(t, w.publisher(Config{}).Publish(t.Context(), []stream.Change{status}))
		if w.encoded != 3 || w.last().Deliveries != 100 {
			t.Errorf("%d encodings for %d deliveries", w.encoded, w.last().Deliveries)
		}
	})
}

func TestManySpellingsOfATagDoNotFillTheMemory(t *testing.T) {
	var f frames
	m := stream.Message{Event: "e"}
	encode := func(s stream.Subscription, _ stream.Message) []byte { return []byte(s.Param) }
	for i := range 10 * maxFrames {
		s := stream.Subscription{Stream: stream.Hashtag, Param: strings.Repeat("#", i)}
		if got := f.get(&s, nil, &m, encode); string(got) != s.Param {
			t.Fatalf("frame %q for %q", got, s.Param)
		}
	}
	if kept := len(*f.common.known.Load()); kept != maxFrames {
		t.Errorf("%d frames kept", kept)
	}
}

func TestWhatIsNotForAProtocolIsNotSent(t *testing.T) {
	w := newWorld(t)
	w.user("a", "1")
	p := w.publisher(Config{})
	p.Encode = func(stream.Subscription, stream.Message) []byte { return nil }
	wantFailed(t, p.Publish(t.Context(), []stream.Change{say(1, "x", "1")}))
	w.want("a")
}

func TestAnExpiredTokenGetsNothingFromThatSecondOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.user("a", "1").Until = time.Now().Add(1500 * time.Millisecond)
		w.latency = func(string) time.Duration { return time.Second }
		wantFailed(t, w.publisher(Config{}).Publish(t.Context(), []stream.Change{say(1, "x", "1"), say(2, "x", "1"), say(3, "x", "1")}))
		w.want("a", heard(1, 2)...)
	})
}

// What is refused is tried again for seconds, and what is handed over is posted seconds later.
func TestAnExpiredTokenGetsNothingThatTookTime(t *testing.T) {
	for name, answer := range map[string]error{"throttled": stream.ErrThrottled, "not open yet": stream.ErrGone} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			end := time.Now().Add(1500 * time.Millisecond)
			l := w.user("a", "1")
			l.Until, l.Opened = end, time.Now()
			w.answer = func(string, string) error {
				if time.Now().Before(end) {
					return answer
				}
				return nil
			}
			wantFailed(t, w.publisher(Config{}).Publish(t.Context(), []stream.Change{say(1, "x", "1")}))
			w.want("a")
			if len(w.closed) != 0 || len(w.greetings) > 0 && !w.greetings[0].Until.Equal(end) {
				t.Errorf("%s: closed %v, greetings %v", name, w.closed, w.greetings)
			}
		})
	}
}

func TestAConnectionThatIsGoneIsForgottenOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.user("gone", "1")
		w.listen("gone", "1", stream.Subscription{Stream: stream.UserNotification})
		w.user("here", "1")
		w.answer = func(c, _ string) error {
			if c == "gone" {
				return fmt.Errorf("%w: 410", stream.ErrGone)
			}
			return nil
		}
		p := w.publisher(Config{})
		wantFailed(t, p.Publish(t.Context(), []stream.Change{say(1, "x", "1"), say(2, "y", "1")}))
		wantFailed(t, p.Publish(t.Context(), []stream.Change{say(3, "x", "1")}))
		w.want("here", heard(1, 2, 3)...)
		if !slices.Equal(w.forgotten, []string{"gone"}) || w.tallies[0].Gone != 1 || len(w.greetings) != 0 {
			t.Errorf("forgotten %v, greetings %v, tally %+v", w.forgotten, w.greetings, w.tallies[0])
		}
	})
}

func TestAFrameThatIsTooLargeIsDroppedAlone(t *testing.T) {
	w := newWorld(t)
	w.user("a", "1")
	w.answer = func(_, frame string) error {
		if frame == "user e 1" {
			return stream.ErrTooLarge
		}
		return nil
	}
	wantFailed(t, w.publisher(Config{}).Publish(t.Context(), []stream.Change{say(1, "x", "1"), say(2, "x", "1")}))
	w.want("a", heard(2)...)
	if w.last().TooLarge != 1 || w.last().Retried != 0 {
		t.Errorf("tally %+v", w.last())
	}
}

func TestRecordsThatDoNotFitAreReportedAndPassed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.user("a", "1")
		unread := stream.Change{EventID: "event2", Sequence: "2", Raw: []byte("raw2"), Problem: errOdd}
		p := w.publisher(Config{})
		wantFailed(t, p.Publish(t.Context(), []stream.Change{poison(1, "x"), unread, say(3, "x", "1")}))
		w.want("a", heard(3)...)
		slices.Sort(w.reported)
		if want := []string{`raw1: unknown kind "nonsense"`, "raw2: " + errOdd.Error()}; !slices.Equal(w.reported, want) {
			t.Errorf("reported %q, want %q", w.reported, want)
		}
		if w.last().Poison != 2 {
			t.Errorf("tally %+v", w.last())
		}
	})
}

func TestAReportThatIsNotTakenFailsTheChangeAndItsSuccessors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.user("a", "1")
		w.reportErr = errOdd
		p := w.publisher(Config{})
		batch := []stream.Change{say(1, "x", "1"), poison(2, "x"), say(3, "x", "1"), say(4, "y", "1")}
		wantFailed(t, p.Publish(t.Context(), batch), "2", "3")
		w.want("a", heard(1, 4)...)
		w.reportErr = nil
		wantFailed(t, p.Publish(t.Context(), batch[1:]))
		w.want("a", heard(1, 4, 3)...)
		if len(w.reported) != 1 {
			t.Errorf("reported %q", w.reported)
		}
	})
}

func TestALookUpThatFailsFailsTheChangesConcerned(t *testing.T) {
	w := newWorld(t)
	w.user("a", "1")
	w.lookupErr = errors.New("table is throttled")
	p := w.publisher(Config{})
	wantFailed(t, p.Publish(t.Context(), []stream.Change{say(1, "x", "1"), say(2, "x", "2"), say(3, "x", "1"), say(4, "y", "1")}), "2", "3")
	w.want("a", heard(1, 4)...)
	if !strings.Contains(w.logs.String(), "table is throttled") || !strings.Contains(w.logs.String(), "level=WARN") {
		t.Errorf("logs %s", &w.logs)
	}
}

func TestLogsNeverHoldPayloads(t *testing.T) {
	w := newWorld(t)
	w.user("a", "1")
	w.answer = func(string, string) error { return stream.ErrGone }
	secret := record(1, "1", "notification", `{"secret":"xyzzy"}`, nil)
	bad := record(2, "1", "notification", `{"secret":"xyzzy"`, nil)
	w.publisher(Config{}).Publish(t.Context(), []stream.Change{secret, bad})
	if strings.Contains(w.logs.String(), "xyzzy") || strings.Count(w.logs.String(), "msg=batch") != 1 {
		t.Errorf("logs %s", &w.logs)
	}
}

func TestPostsInFlightAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for i := range 100 {
			w.user(fmt.Sprint("c", i), "1")
		}
		w.latency = func(string) time.Duration { return 10 * time.Millisecond }
		wantFailed(t, w.publisher(Config{Posts: 7}).Publish(t.Context(), []stream.Change{say(1, "x", "1")}))
		if w.most != 7 {
			t.Errorf("%d posts at once", w.most)
		}
	})
}

func TestAContextThatEndsFailsWhatWasNotDelivered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.user("a", "1")
		w.user("b", "2")
		w.latency = func(string) time.Duration { return time.Second }
		p := w.publisher(Config{})
		batch := []stream.Change{say(1, "x", "1", "2"), say(2, "x", "1"), say(3, "y", "2"), say(4, "x", "1"), say(5, "z", "9")}
		ctx, cancel := context.WithTimeout(t.Context(), p.Margin+1500*time.Millisecond)
		defer cancel()
		start := time.Now()
		wantFailed(t, p.Publish(ctx, batch), "2", "3", "4")
		if took := time.Since(start); took != 1500*time.Millisecond {
			t.Errorf("took %v", took)
		}
		wantFailed(t, p.Publish(t.Context(), batch[1:]))
		w.want("a", heard(1, 2, 4)...)
		w.want("b", heard(1, 3)...)
	})
}

func TestABatchThatIsCancelledEndsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for i := range 30 {
			w.user(fmt.Sprint("c", i), "1")
		}
		w.latency = func(string) time.Duration { return time.Second }
		w.answer = func(c, _ string) error {
			if c == "c0" {
				return stream.ErrThrottled
			}
			return nil
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(1500*time.Millisecond, cancel)
		start := time.Now()
		p := w.publisher(Config{Posts: 3})
		wantFailed(t, p.Publish(ctx, []stream.Change{say(1, "x", "1"), poison(2, "x"), say(3, "y", "9")}), "1", "2")
		if took := time.Since(start); took != 1500*time.Millisecond {
			t.Errorf("took %v", took)
		}
		wantFailed(t, p.Publish(ctx, []stream.Change{say(4, "x", "1")}), "4")
	})
}
