package console

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"edgestream/functions/internal/pusher"
)

func TestAChannelIsSignedForTheTokensAccount(t *testing.T) {
	for channel, data := range map[string]string{
		"private-x": "", "private-items_1": "", "private-encrypted-x": "", "private-cache-x": "",
		"presence-x": `{"user_id":"1"}`, "presence-cache-x": `{"user_id":"1"}`,
	} {
		t.Run(channel, func(t *testing.T) {
			got := newStore().call(t, "POST", "/console/channels/auth", "alice", `{"key":"k","channel":"`+channel+`","socket_id":"1.2"}`)
			var answer signed
			if err := json.Unmarshal(got.Body.Bytes(), &answer); err != nil || got.Code != 200 || answer.Data != data {
				t.Fatalf("%d %s", got.Code, got.Body)
			}
			text := "1.2:" + channel
			if data != "" {
				text += ":" + data
			}
			key, signature, _ := strings.Cut(answer.Auth, ":")
			if key != "k" || !pusher.Signed("s3cret", text, signature) || strings.Contains(got.Body.String(), "s3cret") {
				t.Errorf("%s", got.Body)
			}
		})
	}
}

func TestAnEventIsPublishedByTheApp(t *testing.T) {
	s := newStore()
	for _, channel := range []string{"x", "private-items_1", "#server-to-user-9"} {
		body := `{"key":"k","channel":"` + channel + `","name":"hello","data":"{\"a\":1}"}`
		if got := s.call(t, "POST", "/console/channels/events", "alice", body); got.Code != 204 {
			t.Errorf("%s: %d %s", channel, got.Code, got.Body)
		}
	}
	if want := []string{`7 x hello {"a":1}`, `7 private-items_1 hello {"a":1}`, `7 #server-to-user-9 hello {"a":1}`}; !slices.Equal(s.events, want) {
		t.Errorf("%q", s.events)
	}
}
