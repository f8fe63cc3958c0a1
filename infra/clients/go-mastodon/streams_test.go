package gomastodon

import (
	"context"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/mattn/go-mastodon"
)

// stream is a stream that the library knows, and how a status gets there.
type stream struct {
	name string
	open func(context.Context, *mastodon.WSClient, string) (chan mastodon.Event, error)
	// members of the status, and attributes of its item; ACCOUNT and LIST stand for the reader's.
	members    string
	attributes item
}

var statusStreams = []stream{
	{"user", func(ctx context.Context, c *mastodon.WSClient, _ string) (chan mastodon.Event, error) {
		return c.StreamingWSUser(ctx)
	}, ``, item{"home": []string{"ACCOUNT"}}},
	{"public", func(ctx context.Context, c *mastodon.WSClient, _ string) (chan mastodon.Event, error) {
		return c.StreamingWSPublic(ctx, false)
	}, `,"account":{"id":"9","acct":"a@far.example"}`, nil},
	{"public:local", func(ctx context.Context, c *mastodon.WSClient, _ string) (chan mastodon.Event, error) {
		return c.StreamingWSPublic(ctx, true)
	}, ``, nil},
	{"hashtag", func(ctx context.Context, c *mastodon.WSClient, _ string) (chan mastodon.Event, error) {
		return c.StreamingWSHashtag(ctx, "Café & Кошки", false)
	}, `,"tags":[{"name":"cafeкошки"}]`, nil},
	{"hashtag:local", func(ctx context.Context, c *mastodon.WSClient, _ string) (chan mastodon.Event, error) {
		return c.StreamingWSHashtag(ctx, "日本語", true)
	}, `,"tags":[{"name":"日本語"}]`, nil},
	{"list", func(ctx context.Context, c *mastodon.WSClient, list string) (chan mastodon.Event, error) {
		return c.StreamingWSList(ctx, mastodon.ID(list))
	}, ``, item{"lists": []string{"LIST"}}},
}

func TestAStatusItsEditAndItsRemovalArrive(t *testing.T) {
	for _, s := range statusStreams {
		t.Run(s.name, func(t *testing.T) {
			account, token := newAccount(t)
			list := newList(t, account)
			l := listen(t, token, func(ctx context.Context, c *mastodon.WSClient) (chan mastodon.Event, error) {
				return s.open(ctx, c, list)
			})
			s.followStatus(l, account, list)
		})
	}
}

// followStatus writes a status that the stream shows, changes it and removes it.
func (s stream) followStatus(l listener, account, list string) {
	t, id := l.t, newID()
	post := item{"owner": "author" + id, "id": "status#" + id, "kind": "status"}
	for name, value := range s.attributes {
		ids := value.([]string)
		post[name] = []string{strings.NewReplacer("ACCOUNT", account, "LIST", list).Replace(ids[0])}
	}
	post["payload"] = `{"id":"` + id + `","visibility":"public","created_at":"2026-01-02T03:04:05.678Z","content":"<p>\u00e9 \"日本\" 😀</p>"` + s.members + `}`
	put(t, "Content", post)
	sameStatus(t, l.next().(*mastodon.UpdateEvent).Status, post["payload"].(string))
	post["payload"] = strings.Replace(post["payload"].(string), "<p>", "<p>edited ", 1)
	put(t, "Content", post)
	sameStatus(t, l.next().(*mastodon.UpdateEditEvent).Status, post["payload"].(string))
	remove(t, "Content", item{"owner": post["owner"], "id": post["id"]})
	if got := l.next().(*mastodon.DeleteEvent).ID; got != mastodon.ID(id) {
		t.Errorf("deleted %s, want %s", got, id)
	}
}

func sameStatus(t *testing.T, got *mastodon.Status, payload string) {
	t.Helper()
	same(t, got, payload, new(mastodon.Status))
}

// same compares what the library made of a payload with the payload.
func same[T any](t *testing.T, got *T, payload string, want *T) {
	t.Helper()
	if err := json.Unmarshal([]byte(payload), want); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func openUser(ctx context.Context, c *mastodon.WSClient) (chan mastodon.Event, error) {
	return c.StreamingWSUser(ctx)
}

func TestANotificationArrives(t *testing.T) {
	account, token := newAccount(t)
	followNotification(listen(t, token, openUser), account)
}

func followNotification(l listener, account string) {
	const payload = `{"id":"7","type":"mention","created_at":"2026-01-02T03:04:05.678Z","account":{"id":"2","acct":"bob"},"status":{"id":"8","content":"é"}}`
	put(l.t, "Content", item{"owner": account, "id": "notification#7", "kind": "notification", "payload": payload})
	same(l.t, l.next().(*mastodon.NotificationEvent).Notification, payload, new(mastodon.Notification))
}

func TestAConversationAndItsChangeArrive(t *testing.T) {
	account, token := newAccount(t)
	l := listen(t, token, func(ctx context.Context, c *mastodon.WSClient) (chan mastodon.Event, error) {
		return c.StreamingWSDirect(ctx)
	})
	followConversation(l, account)
}

func followConversation(l listener, account string) {
	for _, payload := range []string{
		`{"id":"8","unread":true,"accounts":[{"id":"2","acct":"bob"}],"last_status":{"id":"9","content":"hi"}}`,
		`{"id":"8","unread":false,"accounts":[{"id":"2","acct":"bob"}],"last_status":{"id":"9","content":"hi"}}`,
	} {
		put(l.t, "Content", item{"owner": account, "id": "conversation#8", "kind": "conversation", "payload": payload})
		same(l.t, l.next().(*mastodon.ConversationEvent).Conversation, payload, new(mastodon.Conversation))
	}
}

// The library asserts that payloads are strings, of the events that it knows.
func TestEventsThatTheLibraryDoesNotKnowDoItNoHarm(t *testing.T) {
	account, token := newAccount(t)
	passOver(listen(t, token, openUser), account)
}

func passOver(l listener, account string) {
	for _, i := range []item{
		{"owner": account, "id": "filter#1", "kind": "filter", "payload": "{}"},
		{"owner": account, "id": "merge#1", "kind": "merge"},
		{"owner": "announcements", "id": "announcement#" + newID(), "kind": "announcement", "payload": `{"id":"5"}`},
		{"owner": "announcements", "id": "reaction#" + newID(), "kind": "reaction", "payload": `{"name":"x","count":1,"announcement_id":"5"}`},
		{"owner": account, "id": "notification#1", "kind": "notification", "payload": `{"id":"1"}`},
	} {
		put(l.t, "Content", i)
	}
	if got := l.next().(*mastodon.NotificationEvent).Notification.ID; got != "1" {
		l.t.Errorf("got notification %q", got)
	}
}

func TestAListOfSomebodyElseIsSilent(t *testing.T) {
	others, _ := newAccount(t)
	account, token := newAccount(t)
	list := newList(t, others)
	l := listen(t, token, func(ctx context.Context, c *mastodon.WSClient) (chan mastodon.Event, error) {
		return c.StreamingWSList(ctx, mastodon.ID(list))
	})
	user := listen(t, token, openUser)
	put(t, "Content", item{"owner": "a" + list, "id": "status#1", "kind": "status", "lists": []string{list}, "home": []string{account}, "payload": `{"id":"1"}`})
	if got := user.next().(*mastodon.UpdateEvent).Status.ID; got != "1" {
		t.Errorf("got status %q", got)
	}
	select {
	case e := <-l.events:
		t.Errorf("got %#v", e)
	default:
	}
}

func TestAWrongTokenIsAnErrorAndTheEnd(t *testing.T) {
	l := listenUnready(t, "wrong", openUser)
	if e, ok := l.next().(*mastodon.ErrorEvent); !ok || !strings.Contains(e.Error(), "bad handshake") {
		t.Errorf("got %#v", e)
	}
	if _, more := <-l.events; more {
		t.Error("the stream goes on")
	}
}
