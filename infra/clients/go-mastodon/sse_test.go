package gomastodon

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mattn/go-mastodon"
)

// sseStreams are the statusStreams as the library opens them over server-sent events.
var sseStreams = map[string]func(context.Context, *mastodon.Client, string) (chan mastodon.Event, error){
	"user": func(ctx context.Context, c *mastodon.Client, _ string) (chan mastodon.Event, error) {
		return c.StreamingUser(ctx)
	},
	"public": func(ctx context.Context, c *mastodon.Client, _ string) (chan mastodon.Event, error) {
		return c.StreamingPublic(ctx, false)
	},
	"public:local": func(ctx context.Context, c *mastodon.Client, _ string) (chan mastodon.Event, error) {
		return c.StreamingPublic(ctx, true)
	},
	"hashtag": func(ctx context.Context, c *mastodon.Client, _ string) (chan mastodon.Event, error) {
		return c.StreamingHashtag(ctx, "Café & Кошки", false)
	},
	"hashtag:local": func(ctx context.Context, c *mastodon.Client, _ string) (chan mastodon.Event, error) {
		return c.StreamingHashtag(ctx, "日本語", true)
	},
	"list": func(ctx context.Context, c *mastodon.Client, list string) (chan mastodon.Event, error) {
		return c.StreamingList(ctx, mastodon.ID(list))
	},
}

func openSSEUser(ctx context.Context, c *mastodon.Client) (chan mastodon.Event, error) {
	return c.StreamingUser(ctx)
}

func openSSEDirect(ctx context.Context, c *mastodon.Client) (chan mastodon.Event, error) {
	return c.StreamingDirect(ctx)
}

func TestSSEAStatusItsEditAndItsRemovalArrive(t *testing.T) {
	for _, s := range statusStreams {
		t.Run(s.name, func(t *testing.T) {
			account, token := newAccount(t)
			list := newList(t, account)
			l, _ := listenSSE(t, token, func(ctx context.Context, c *mastodon.Client) (chan mastodon.Event, error) {
				return sseStreams[s.name](ctx, c, list)
			})
			s.followStatus(l, account, list)
		})
	}
}

func TestSSEANotificationArrives(t *testing.T) {
	account, token := newAccount(t)
	l, _ := listenSSE(t, token, openSSEUser)
	followNotification(l, account)
}

func TestSSEAConversationAndItsChangeArrive(t *testing.T) {
	account, token := newAccount(t)
	l, _ := listenSSE(t, token, openSSEDirect)
	followConversation(l, account)
}

func TestSSEEventsThatTheLibraryDoesNotKnowDoItNoHarm(t *testing.T) {
	account, token := newAccount(t)
	l, _ := listenSSE(t, token, openSSEUser)
	passOver(l, account)
}

// A payload of several lines would be several events to the library.
func TestSSEAPayloadOfSeveralLinesIsOneEvent(t *testing.T) {
	account, token := newAccount(t)
	l, _ := listenSSE(t, token, openSSEUser)
	const payload = "{\n  \"id\": \"7\",\r\n  \"type\": \"mention\",\n  \"account\": {\"id\": \"2\"}\n}"
	put(t, "Content", item{"owner": account, "id": "notification#7", "kind": "notification", "payload": payload})
	same(t, l.next().(*mastodon.NotificationEvent).Notification, payload, new(mastodon.Notification))
}

func TestSSEAWrongTokenIsAnErrorEachTime(t *testing.T) {
	l, _ := listenSSEUnready(t, "wrong", openSSEUser)
	for range 2 {
		e, ok := l.next().(*mastodon.ErrorEvent)
		if !ok || !strings.Contains(e.Error(), "401") || !strings.Contains(e.Error(), "Invalid access token") {
			t.Errorf("got %#v", e)
		}
	}
}

// converse says that conversation n is new, or changed, to the account.
func converse(t *testing.T, account string, n int) {
	t.Helper()
	put(t, "Content", item{"owner": account, "id": fmt.Sprint("conversation#", n), "kind": "conversation", "payload": item{"id": strconv.Itoa(n)}})
}

func (l listener) conversation() (n int) {
	l.t.Helper()
	switch e := l.next().(type) {
	case *mastodon.ConversationEvent:
		n, _ = strconv.Atoi(string(e.Conversation.ID))
	case *mastodon.ErrorEvent:
		l.t.Fatal(e)
	}
	return n
}

func TestSSEItComesBackWhenItIsCut(t *testing.T) {
	account, token := newAccount(t)
	l, p := listenSSE(t, token, openSSEDirect)
	for n := 1; n <= 3; n++ {
		converse(t, account, n)
		if got := l.conversation(); got != n {
			t.Errorf("got %d, want %d", got, n)
		}
		p.cut()
		if e, ok := l.next().(*mastodon.ErrorEvent); !ok {
			t.Errorf("got %#v, not that it was cut", e)
		}
		p.wait("the response after the cut")
	}
}

// The library keeps no ids. Where a response ends as planned, the next one goes on all the same.
// It takes the half minute that a response lasts here.
func TestPlannedEndLosesNothing(t *testing.T) {
	account, token := newAccount(t)
	l, p := listenSSE(t, token, openSSEDirect)
	got := make(chan mastodon.Event, 1000)
	go func() {
		for e := range l.events {
			got <- e
		}
	}()
	said := 0
	for left := 5; left > 0; time.Sleep(200 * time.Millisecond) { // events on their way at every moment, the end's too
		said++
		converse(t, account, said)
		if len(p.begun) > 0 {
			left--
		}
		if said > 900 {
			t.Fatal("the response does not end")
		}
	}
	l.events = got
	for n := 1; n <= said; n++ {
		if id := l.conversation(); id != n {
			t.Fatalf("got %d, want %d", id, n)
		}
	}
	if len(p.begun) != 1 {
		t.Errorf("%d responses began after the first", len(p.begun))
	}
}
