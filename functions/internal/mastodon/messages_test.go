package mastodon

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"edgestream/functions/internal/stream"
)

const unsubscribeFailed = `{"error":"Error unsubscribing from channel"}`

var user = stream.Subscription{Stream: stream.User}

func TestSubscribingIsSilentAndHoldsAtOnce(t *testing.T) {
	w := opened(t, "full")
	w.send(`{"type":"subscribe","stream":"user"}`, 10)
	w.send(`{"type":"subscribe","stream":["user","direct"]}`, 20)
	if !w.listens(user) || w.listens(stream.Subscription{Stream: stream.Direct}) {
		t.Error("not exactly user is subscribed")
	}
	w.send(`{"type":"unsubscribe","stream":"user"}`, 30)
	w.send(`{"type":"unsubscribe","stream":"user"}`, 40)
	if w.listens(user) {
		t.Error("user is still subscribed")
	}
	w.answered(t)
	w.logged(t, 0, "INFO")
}

func TestTheFirstSpellingOfATagStays(t *testing.T) {
	w := opened(t, "full")
	w.send(`{"type":"subscribe","stream":"hashtag","tag":"#Café"}`, 10)
	w.send(`{"type":"subscribe","stream":"hashtag","tag":"cafe"}`, 20)
	first := stream.Subscription{Stream: stream.Hashtag, Param: "#Café"}
	if !w.listens(first) || w.listens(stream.Subscription{Stream: stream.Hashtag, Param: "cafe"}) {
		t.Error("the second spelling took over")
	}
	w.send(`{"type":"unsubscribe","stream":"hashtag","tag":"CAFE"}`, 30)
	if w.listens(first) {
		t.Error("a third spelling does not unsubscribe")
	}
	w.answered(t)
}

func TestUnsubscribingHasOneError(t *testing.T) {
	for body, want := range map[string][]string{
		`{"type":"unsubscribe"}`:                                                             {unsubscribeFailed},
		`{"type":"unsubscribe","stream":"users"}`:                                            {unsubscribeFailed},
		`{"type":"unsubscribe","stream":"hashtag"}`:                                          {unsubscribeFailed},
		`{"type":"unsubscribe","stream":"list","list":[]}`:                                   {unsubscribeFailed},
		`{"type":"unsubscribe","stream":"direct"}`:                                           nil,
		`{"type":"unsubscribe","stream":"list","list":"99"}`:                                 nil,
		`{"type":"unsubscribe","stream":"hashtag","tag":"` + strings.Repeat("x", 501) + `"}`: nil,
	} {
		w := opened(t, "write")
		w.send(body, 10)
		w.answered(t, want...)
		w.logged(t, len(want), "INFO", "unsubscribe refused")
	}
	gone := newWorld()
	gone.send(`{"type":"unsubscribe","stream":"user"}`, 10)
	gone.answered(t)
}

func TestWhatIsNoMessageTouchesNothing(t *testing.T) {
	w := newWorld()
	m := Messages{Greeter: &w.posted, MaxBytes: 200_000}
	for _, body := range []string{"", "null", "[]", `{"type":"x"}`, strings.Repeat("[", 131_072)} {
		m.Receive(context.Background(), Incoming{Connection: conn, Body: body}, w.logger())
	}
	w.answered(t)
	w.logged(t, 0, "INFO")
}

func TestConnectionsOfAppsAreIgnored(t *testing.T) {
	w := newWorld()
	if err := w.store.Open(context.Background(), stream.Session{Connection: conn, App: "4072"}, nil); err != nil {
		t.Fatal(err)
	}
	w.send(`{"type":"subscribe","stream":"user"}`, 10)
	w.send(`{"type":"unsubscribe","stream":"user"}`, 20)
	w.answered(t)
	w.logged(t, 0, "INFO")
}

func TestAMessageOverTheLimitIsAnsweredUnread(t *testing.T) {
	w := opened(t, "full")
	pad := func(n int) string {
		const head, tail = `{"type":"subscribe","stream":"user","pad":"`, `"}`
		return head + strings.Repeat("x", n-len(head)-len(tail)) + tail
	}
	w.send(pad(131_073), 10)
	w.answered(t, `{"error":"Message is too large","status":413}`)
	w.logged(t, 1, "INFO", "too large")
	if w.listens(user) {
		t.Error("it was read")
	}
	if w.send(pad(131_072), 20); !w.listens(user) {
		t.Error("a message of exactly the limit was not read")
	}
}

func TestSubscriptionsAreLimited(t *testing.T) {
	w := opened(t, "full")
	for i, n := range []string{"user", "direct", "public", "public:local", "public:remote", "public:media"} {
		w.send(`{"type":"subscribe","stream":"`+n+`"}`, i)
	}
	w.answered(t, `{"error":"Too many subscriptions on this connection","status":429}`)
	w.logged(t, 1, "INFO", "public:media")
}

func TestStorageThatFailsIsAnsweredInBand(t *testing.T) {
	w := opened(t, "full")
	w.accounts.err = errBroken
	w.send(`{"type":"subscribe","stream":"list","list":"12"}`, 10)
	w.answered(t, broken)
	w.logged(t, 1, "ERROR", errBroken.Error(), `"stream":"list"`)
}

func TestAnAnswerThatIsNotDeliveredIsLoggedUnlessTheClientLeft(t *testing.T) {
	for err, lines := range map[error]int{stream.ErrGone: 1, stream.ErrUnavailable: 2} {
		w := opened(t, "full")
		w.posted.err = err
		w.send(`{"type":"subscribe"}`, 10)
		if got := strings.Count(w.log.String(), "\n"); got != lines {
			t.Errorf("%v: %d lines, want %d", err, got, lines)
		}
	}
}

// stalled never answers.
type stalled struct{}

func (stalled) Session(ctx context.Context, _ stream.Connection) (stream.Session, error) {
	<-ctx.Done()
	return stream.Session{}, ctx.Err()
}

func TestStorageThatHangsIsAnsweredBeforeTheDeadline(t *testing.T) {
	for body, want := range map[string]string{
		`{"type":"subscribe","stream":"user"}`:   broken,
		`{"type":"unsubscribe","stream":"user"}`: unsubscribeFailed,
	} {
		synctest.Test(t, func(t *testing.T) {
			w := opened(t, "full")
			m := w.messages()
			m.Sessions = stalled{}
			start := time.Now()
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			m.Receive(ctx, Incoming{Connection: conn, Body: body}, w.logger())
			if took := time.Since(start); took != 9*time.Second {
				t.Errorf("took %v", took)
			}
			w.answered(t, want)
			w.logged(t, 1, "ERROR", "deadline")
		})
	}
}

func TestShuffledMessagesEndAsIfTheyHadComeInOrder(t *testing.T) {
	bodies := []string{
		`{"type":"subscribe","stream":"user"}`, `{"type":"unsubscribe","stream":"user"}`,
		`{"type":"subscribe","stream":"hashtag","tag":"Cats"}`, `{"type":"unsubscribe","stream":"hashtag","tag":"#cats"}`,
	}
	cats := stream.Subscription{Stream: stream.Hashtag, Param: "Cats"}
	rapid.Check(t, func(r *rapid.T) {
		sent := rapid.SliceOfN(rapid.IntRange(0, 3), 1, 10).Draw(r, "sent")
		order := make([]int, len(sent))
		for i := range order {
			order[i] = i
		}
		inOrder, shuffled := opened(t, "full"), opened(t, "full")
		for i, body := range sent {
			inOrder.send(bodies[body], i+1)
		}
		for _, i := range rapid.Permutation(order).Draw(r, "handled") {
			shuffled.send(bodies[sent[i]], i+1)
		}
		for _, sub := range []stream.Subscription{user, cats} {
			if inOrder.listens(sub) != shuffled.listens(sub) {
				r.Errorf("%v: in order %v, shuffled %v", sub, inOrder.listens(sub), shuffled.listens(sub))
			}
		}
		if len(shuffled.posted.frames) > 0 {
			r.Errorf("answered %v", shuffled.posted.frames)
		}
	})
}
