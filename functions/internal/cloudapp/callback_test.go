package cloudapp_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"edgestream/functions/internal/cloudapp"
)

func TestCallbacks(t *testing.T) {
	for _, good := range []string{
		"Pusher.auth_callbacks['private-items_1']", "Pusher.auth_callbacks['0']", "Pusher.auth_callbacks['17']",
		"Pusher.auth_callbacks['a-Z0_=@,.;']", "Pusher.auth_callbacks['" + strings.Repeat("a", 164) + "']",
	} {
		if !cloudapp.ValidCallback(good) {
			t.Errorf("%q is refused", good)
		}
	}
	for _, bad := range []string{
		"", "alert", "Pusher.auth_callbacks", "Pusher.auth_callbacks['']", "Pusher.auth_callbacks[']", "Pusher.auth_callbacks['a'", "Pusher.auth_callbacks['a']\n",
		"\nPusher.auth_callbacks['a']", "Pusher.auth_callbacks[\"a\"]", "Pusher.auth_callbacks['a'];alert(1)//']", "Pusher.auth_callbacks['a b']",
		"Pusher.auth_callbacks['a\\']", "Pusher.auth_callbacks['<']", "Pusher.auth_callbacks['\u2028']", "Pusher.auth_callbacks['é']", "Pusher.auth_callbacks['a\x00']",
		"pusher.auth_callbacks['a']", "xPusher.auth_callbacks['a']", "PusherXauth_callbacks['a']", "Pusher.auth_callbacks['a']Pusher.auth_callbacks['b']",
		"Pusher.auth_callbacks['#a']", "Pusher.auth_callbacks['a'].x", "Pusher.auth_callbacks['a']()", "Pusher.auth_callbacks['" + strings.Repeat("a", 300) + "']",
	} {
		if cloudapp.ValidCallback(bad) {
			t.Errorf("%q is taken", bad)
		}
	}
}

// callback is the rule that ValidCallback follows, but for the length.
var callback = regexp.MustCompile(`\APusher\.auth_callbacks\['[-A-Za-z0-9_=@,.;]+'\]\z`)

func FuzzCallbacks(f *testing.F) {
	f.Add("Pusher.auth_callbacks['private-items_1']")
	f.Add("Pusher.auth_callbacks['a'];alert(1)//']")
	f.Add("Pusher.auth_callbacks['']")
	f.Fuzz(func(t *testing.T, text string) {
		if got, want := cloudapp.ValidCallback(text), len(text) <= 256 && callback.MatchString(text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	})
}

func TestScripts(t *testing.T) {
	const callback = "Pusher.auth_callbacks['private-items_1']"
	if got := string(cloudapp.Script(callback, nil)); got != callback+"({});" {
		t.Error(got)
	}
	if got := string(cloudapp.Script(callback, &cloudapp.Authorisation{Auth: "key:sig"})); got != callback+`({"auth":"key:sig"});` {
		t.Error(got)
	}
}

// What a row of an app says is the operator's; a script is safe all the same.
func FuzzScriptsAreOneCallWithOneText(f *testing.F) {
	f.Add("key:sig")
	f.Add("</script><script>alert(1)</script>")
	f.Add("\u2028\u2029\"\\'\n\x00")
	f.Fuzz(func(t *testing.T, auth string) {
		const callback = "Pusher.auth_callbacks['1']"
		got := string(cloudapp.Script(callback, &cloudapp.Authorisation{Auth: auth}))
		data, ok := strings.CutPrefix(got, callback+"(")
		data, ends := strings.CutSuffix(data, ");")
		var read cloudapp.Authorisation
		if err := json.Unmarshal([]byte(data), &read); !ok || !ends || err != nil || read.Auth != strings.ToValidUTF8(auth, "\uFFFD") && len(auth) == len(strings.ToValidUTF8(auth, "")) {
			t.Fatalf("%q: %v", got, err)
		}
		if strings.ContainsAny(got, "<>&\u2028\u2029\n\r") {
			t.Fatalf("%q holds what a script must not", got)
		}
	})
}
