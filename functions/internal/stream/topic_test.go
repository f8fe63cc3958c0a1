package stream

import (
	"testing"

	"pgregory.net/rapid"
)

func TestATopicIsReadBack(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		id := rapid.StringN(1, -1, -1).Draw(r, "id")
		for _, topic := range []Topic{AccountTopic(id), ListTopic(id), HashtagTopic(id), PublicTopic(), EveryoneTopic()} {
			got, ok := ParseTopic(topic.String())
			if found := topic.Kind != kindHashtag || topic.ID != ""; ok != found || ok && got != topic {
				r.Errorf("%q: %v, %v", topic.String(), got, ok)
			}
		}
	})
}

func TestWhatIsNoTopicIsNotRead(t *testing.T) {
	for _, s := range []string{"", "/", "account", "account/", "list", "hashtag", "hashtag/", "hashtag/Foo", "hashtag/#foo", "public/", "public/1", "everyone/x", "user/1", "Public"} {
		if topic, ok := ParseTopic(s); ok {
			t.Errorf("%q: %v", s, topic)
		}
	}
}

func FuzzParseTopic(f *testing.F) {
	f.Add("hashtag/caf\u00e9")
	f.Add("account/a/b")
	f.Fuzz(func(t *testing.T, s string) {
		if topic, ok := ParseTopic(s); ok && topic.String() != s {
			t.Errorf("%q: %v", s, topic)
		}
	})
}
