package stream

import (
	"slices"
	"testing"
)

func TestStreamsHaveTheTraitsOfTheirKind(t *testing.T) {
	filtered := []Name{Public, PublicMedia, PublicLocal, PublicLocalMedia, PublicRemote, PublicRemoteMedia, Hashtag, HashtagLocal}
	for _, n := range Names() {
		if got, want := n.Filtered(), slices.Contains(filtered, n); got != want {
			t.Errorf("%s filtered: %v", n, got)
		}
		if got, want := n.TakesTag(), n == Hashtag || n == HashtagLocal; got != want {
			t.Errorf("%s takes a tag: %v", n, got)
		}
		if got, want := n.TakesList(), n == List; got != want {
			t.Errorf("%s takes a list: %v", n, got)
		}
		if !n.Known() {
			t.Errorf("%s is not known", n)
		}
	}
}

func TestOnlyExactNamesAreKnown(t *testing.T) {
	for _, n := range []Name{"", "User", "user ", "user:", "users", "user:media", "public:media:local", "hashtag:remote", "list:local", "direct:x", "notification"} {
		if n.Known() {
			t.Errorf("%q is known", n)
		}
	}
}
