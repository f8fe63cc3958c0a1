package pusher_test

import (
	"encoding/json"
	"regexp"
	"testing"

	"edgestream/functions/internal/pusher"
)

// channelName is the rule that CheckChannel follows, but for the channels of users.
var channelName = regexp.MustCompile(`\A[-a-zA-Z0-9_=@,.;]{1,164}\z`)

func FuzzNamesOfChannels(f *testing.F) {
	for _, name := range []string{"room", "private-encrypted-cache-x", "#server-to-user-", "#server-to-user-7", "#server-to-user-é ", "#x", "a\n", "а", "", "a:b", "presence-a/b"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		want := channelName.MatchString(name)
		if user, ok := pusher.Channel(name).User(); ok {
			want = pusher.CheckUser(user) == nil
		}
		if err := pusher.DefaultLimits().CheckChannel(name); (err == nil) != want {
			t.Errorf("%q: %v", name, err)
		}
	})
}

// FuzzOneAuthSubscribes: of all texts, the app's key with the signature alone opens a channel that needs one.
func FuzzOneAuthSubscribes(f *testing.F) {
	text := func(channel string) string { return pusher.ChannelText(socket, channel, dataOf(channel)...) }
	for _, channel := range kinds {
		good := app.Auth(text(channel))
		for _, auth := range []string{good, good[:len(good)-1], " " + good, good + "\x00", app.Key + "::", ":" + good, ""} {
			f.Add(channel, auth)
		}
	}
	f.Fuzz(func(t *testing.T, channel, auth string) {
		var sent string // as JSON can carry it
		if b, err := json.Marshal(auth); err != nil || json.Unmarshal(b, &sent) != nil {
			t.Skip()
		}
		if c := pusher.Channel(channel); !c.Private() || pusher.DefaultLimits().CheckChannel(channel) != nil {
			t.Skip()
		}
		w := opened(t)
		w.send(subscribe(channel, auth, dataOf(channel)...), 10)
		if w.holds(channel) != (sent == app.Auth(text(channel))) {
			t.Errorf("%s with %q: subscribed is %v", channel, auth, w.holds(channel))
		}
	})
}

func TestASignatureExpiresWithItsSecret(t *testing.T) {
	for _, channel := range kinds {
		body := subscribe(channel, app.Auth(pusher.ChannelText(socket, channel, dataOf(channel)...)), dataOf(channel)...)
		w := opened(t)
		w.apps[0].Secret = "a new secret"
		w.send(body, 10)
		w.decided(t, channel, "Invalid signature")
		w.apps[0].Secret = app.Secret
		w.send(body, 20)
		if !w.holds(channel) {
			t.Errorf("%s: refused also with the secret that fits", channel)
		}
	}
}
