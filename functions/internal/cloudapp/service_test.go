package cloudapp_test

import (
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"

	"edgestream/functions/internal/cloudapp"
	"edgestream/functions/internal/pusher"
)

func decode(t *testing.T, text []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
}

// authURL stands for what differs from token to token.
var authURL = regexp.MustCompile(`/auth/[-A-Za-z0-9_]+"`)

func TestAnAccountIsToldOfItselfWhatItsRowShows(t *testing.T) {
	const socket = `"socket":{"auth_url":"https://stream.example/auth/…","api_key":"` + key + `","app_id":"4072","channels":{"items":"private-items_1"}}`
	off := pusher.App{ID: "off", Key: "k", Secret: "s"}
	for name, tt := range map[string]struct {
		account string
		row     cloudapp.Account
		want    string
	}{
		"bare":             {"1", cloudapp.Account{App: "4072"}, `{"id":1,` + socket + `}`},
		"with a profile":   {"1", cloudapp.Account{App: "4072", Profile: []byte(`{"email":"a@b","n":1.0,"x":{"id":2}}`)}, `{"id":1,"email":"a@b","n":1.0,"x":{"id":2},` + socket + `}`},
		"nothing replaced": {"1", cloudapp.Account{App: "4072", Profile: []byte(`{"id":7,"socket":{"auth_url":"x"},"Socket":1}`)}, `{"id":1,"Socket":1,` + socket + `}`},
		"no app":           {"1", cloudapp.Account{Profile: []byte(`{"email":"a@b","socket":1}`)}, `{"id":1,"email":"a@b"}`},
		"unknown app":      {"1", cloudapp.Account{App: "gone"}, `{"id":1}`},
		"disabled app":     {"1", cloudapp.Account{App: "off"}, `{"id":1}`},
		"no channel":       {"a/b", cloudapp.Account{App: "4072"}, `{"id":"a/b"}`},
		"too long":         {strings.Repeat("1", 200), cloudapp.Account{App: "4072"}, `{"id":"` + strings.Repeat("1", 200) + `"}`},
		"leading zero":     {"01", cloudapp.Account{}, `{"id":"01"}`},
		"largest number":   {"9007199254740991", cloudapp.Account{}, `{"id":9007199254740991}`},
		"too large":        {"9007199254740992", cloudapp.Account{}, `{"id":"9007199254740992"}`},
		"a text":           {"\"<", cloudapp.Account{}, `{"id":"\"<"}`},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.apps["off"], w.accounts[tt.account] = off, tt.row
			got, err := w.Details(t.Context(), w.grant(tt.account, "t"), base)
			if shown := authURL.ReplaceAllString(string(got), `/auth/…"`); err != nil || shown != tt.want {
				t.Errorf("%v\ngot  %s\nwant %s", err, shown, tt.want)
			}
		})
	}
}

func TestAnAccountIsToldNothingWithoutTheScope(t *testing.T) {
	w := newWorld()
	for _, scopes := range [][]string{{"write"}, {"read:statuses"}, {}} {
		if got, err := w.Details(t.Context(), w.grant("1", "t", scopes...), base); !errors.Is(err, cloudapp.ErrScope) || got != nil {
			t.Errorf("%v: %s, %v", scopes, got, err)
		}
	}
}

func TestAnAccountThatCannotBeReadIsAFault(t *testing.T) {
	w := newWorld()
	w.down = true
	if got, err := w.Details(t.Context(), w.grant("1", "t"), base); !errors.Is(err, errDown) || got != nil {
		t.Errorf("%s, %v", got, err)
	}
}

// capability is what the account's auth_url ends with.
func (w *world) capability(t *testing.T, account, token string) string {
	t.Helper()
	text, err := w.Details(t.Context(), w.grant(account, token), base)
	if err != nil {
		t.Fatal(err)
	}
	var details struct {
		Socket struct {
			AuthURL string `json:"auth_url"`
		}
	}
	decode(t, text, &details)
	capability, ok := strings.CutPrefix(details.Socket.AuthURL, base+cloudapp.AuthPath)
	if !ok {
		t.Fatalf("no capability in %s", text)
	}
	return capability
}
