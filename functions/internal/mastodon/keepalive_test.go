package mastodon_test

import (
	"testing"

	"edgestream/functions/internal/mastodon"
	"edgestream/functions/internal/stream"
)

func TestAKeepAliveIsAFrame(t *testing.T) {
	for want, tt := range map[string]struct {
		sub stream.Subscription
		id  string
	}{
		`{"stream":["user"],"event":"edgestream.keepalive","payload":"{}"}`:              {stream.Subscription{Stream: stream.User}, ""},
		`{"stream":["list","12"],"event":"edgestream.keepalive","payload":"{}"}`:         {stream.Subscription{Stream: stream.List, Param: "12"}, ""},
		`{"stream":["public"],"event":"edgestream.keepalive","payload":"{}","id":"AB_"}`: {stream.Subscription{Stream: stream.Public}, "AB_"},
	} {
		if got := string(mastodon.KeepAlive(tt.sub, tt.id)); got != want {
			t.Errorf("got %s\nwant %s", got, want)
		}
	}
}
