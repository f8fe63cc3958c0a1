package stream

import "testing"

func TestASubscriptionHasAKeyAndATopic(t *testing.T) {
	for sub, want := range map[Subscription]struct {
		key, topic string
	}{
		{Stream: User}:                               {"user", "account/1"},
		{Stream: UserNotification}:                   {"user:notification", "account/1"},
		{Stream: Direct}:                             {"direct", "account/1"},
		{Stream: PublicLocalMedia}:                   {"public:local:media", "public"},
		{Stream: Hashtag, Param: "#Café"}:            {"hashtag#cafe", "hashtag/cafe"},
		{Stream: HashtagLocal, Param: "CAFE"}:        {"hashtag:local#cafe", "hashtag/cafe"},
		{Stream: Hashtag, Param: "\U0001f389"}:       {"hashtag#", "hashtag/"},
		{Stream: List, Param: "12"}:                  {"list#12", "list/12"},
		{Stream: List, Param: "A#b"}:                 {"list#A#b", "list/A#b"},
		{Stream: User, Param: "left from a message"}: {"user", "account/1"},
	} {
		if got := sub.Key(); got != want.key {
			t.Errorf("%v: key %q, want %q", sub, got, want.key)
		}
		if got := sub.Topic("1").String(); got != want.topic {
			t.Errorf("%v: topic %q, want %q", sub, got, want.topic)
		}
	}
}

func TestAnUnknownStreamHasNoTopic(t *testing.T) {
	if got := (Subscription{Stream: "unknown"}).Topic("1"); got != (Topic{}) {
		t.Errorf("got %v", got)
	}
}

func TestAUserStreamHearsNotificationsIfItsTokenMayReadThem(t *testing.T) {
	m := Message{Streams: []Name{UserNotification}}
	for l, want := range map[Listener]bool{
		{Subscription: Subscription{Stream: User}, Notifications: true}:   true,
		{Subscription: Subscription{Stream: User}}:                        false,
		{Subscription: Subscription{Stream: UserNotification}}:            true,
		{Subscription: Subscription{Stream: Direct}, Notifications: true}: false,
	} {
		if got := m.For(l); got != want {
			t.Errorf("%s with notifications %v: %v", l.Stream, l.Notifications, got)
		}
	}
}
