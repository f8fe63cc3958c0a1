package cloudapp_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"edgestream/functions/internal/cloudapp"
	"edgestream/functions/internal/pusher"
)

const socketID = "1234.1234"

func TestACapabilitySignsForItsAccountsChannel(t *testing.T) {
	w := newWorld()
	w.apps["4072"] = pusher.App{ID: "4072", Key: "278d425bdf160c739803", Secret: "7ad3773142a6692b25b8", Enabled: true}
	got, err := w.Authorise(t.Context(), w.capability(t, "1", "t"), socketID, "private-items_1")
	// HMAC-SHA256 of "1234.1234:private-items_1", by openssl.
	if want := "278d425bdf160c739803:1b88bd32d40b5894ba0a3ca70e2cd71ee617b2bb26d042e2bc3fd3aef62bb2ec"; err != nil || got.Auth != want {
		t.Errorf("%v, %v, want %s", got, err, want)
	}
}

func TestACapabilitySignsForNothingElse(t *testing.T) {
	w := newWorld()
	capability := w.capability(t, "1", "t")
	for _, channel := range []string{
		"", "private-items_2", "private-items_", "private-items_11", "private-items_1 ", "private-items_1:", "Private-items_1",
		"presence-items_1", "private-encrypted-items_1", "private-cache-items_1", "items_1", "private-items_1\x00", "private-items_１",
		"#server-to-user-1", `private-items_1:{"user_id":"2"}`, strings.Repeat("private-items_1", 1000),
	} {
		if got, err := w.Authorise(t.Context(), capability, socketID, channel); !errors.Is(err, cloudapp.ErrRefused) || got.Auth != "" {
			t.Errorf("%.40q: %v, %v", channel, got, err)
		}
	}
	for _, socket := range []string{"", ".", "1.", ".1", "1", "1.2.3", "1.2:private-items_1", " 1.2", "1.2\n", "a.b", "-1.2", "１.２", strings.Repeat("1", 70) + ".1"} {
		if got, err := w.Authorise(t.Context(), capability, socket, "private-items_1"); !errors.Is(err, cloudapp.ErrSocket) || got.Auth != "" {
			t.Errorf("socket %.40q: %v, %v", socket, got, err)
		}
	}
}

func TestACapabilityEndsWithWhatItStandsFor(t *testing.T) {
	for name, end := range map[string]func(*world){
		"the token is revoked":            func(w *world) { delete(w.grants, hashOf("t")) },
		"the token is another account's":  func(w *world) { w.grant("2", "t") },
		"the token has lost its scope":    func(w *world) { w.grant("1", "t", "write") },
		"the app is disabled":             func(w *world) { w.change("4072", func(a *pusher.App) { a.Enabled = false }) },
		"the app's secret is another":     func(w *world) { w.change("4072", func(a *pusher.App) { a.Secret = "new" }) },
		"the app's secret is gone":        func(w *world) { w.change("4072", func(a *pusher.App) { a.Secret = "" }) },
		"the app is gone":                 func(w *world) { delete(w.apps, "4072") },
		"the account's app is another":    func(w *world) { w.accounts["1"] = cloudapp.Account{App: "other"} },
		"the account has no app any more": func(w *world) { delete(w.accounts, "1") },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			capability := w.capability(t, "1", "t")
			if _, err := w.Authorise(t.Context(), capability, socketID, "private-items_1"); err != nil {
				t.Fatal(err)
			}
			end(w)
			if got, err := w.Authorise(t.Context(), capability, socketID, "private-items_1"); !errors.Is(err, cloudapp.ErrRefused) || got.Auth != "" {
				t.Errorf("%v, %v", got, err)
			}
		})
	}
}

func (w *world) change(app string, how func(*pusher.App)) {
	a := w.apps[app]
	how(&a)
	w.apps[app] = a
}

func TestATableThatCannotBeReadIsNoRefusal(t *testing.T) {
	w := newWorld()
	capability := w.capability(t, "1", "t")
	w.down = true
	if _, err := w.Authorise(t.Context(), capability, socketID, "private-items_1"); !errors.Is(err, errDown) || errors.Is(err, cloudapp.ErrRefused) {
		t.Error(err)
	}
}

func TestACapabilityIsGoodForNothingOnceAByteIsAnother(t *testing.T) {
	w := newWorld()
	w.capability(t, "2", "u") // both accounts have good tokens
	capability := w.capability(t, "1", "t")
	for i := range len(capability) {
		for _, c := range []byte("AQgw_-=. ~") {
			if c == capability[i] {
				continue
			}
			forged := capability[:i] + string(c) + capability[i+1:]
			for _, channel := range []string{"private-items_1", "private-items_2"} {
				if _, err := w.Authorise(t.Context(), forged, socketID, channel); !errors.Is(err, cloudapp.ErrRefused) {
					t.Fatalf("byte %d as %q: %v", i, c, err)
				}
			}
		}
	}
	for _, forged := range []string{"", "A", capability[1:], capability[:len(capability)-1], capability + "A", capability + "=", capability + "\n", capability + capability, strings.Repeat("A", 10_000)} {
		if _, err := w.Authorise(t.Context(), forged, socketID, "private-items_1"); !errors.Is(err, cloudapp.ErrRefused) {
			t.Errorf("%.40q: %v", forged, err)
		}
	}
}

func TestACapabilityCannotBeReadAsAnothers(t *testing.T) {
	w := newWorld()
	w.apps["2"] = pusher.App{ID: "2", Key: "k2", Secret: secret, Enabled: true}
	w.accounts["14"], w.accounts["1"] = cloudapp.Account{App: "2"}, cloudapp.Account{App: "42"}
	w.apps["42"] = pusher.App{ID: "42", Key: "k42", Secret: secret, Enabled: true}
	capability := w.capability(t, "14", "t")
	w.grant("1", "t")
	// "14" and "2" become "1" and "42".
	b, err := base64.RawURLEncoding.DecodeString(capability)
	if err != nil || b[1] != 2 || b[2] != 1 {
		t.Fatalf("% x, %v", b, err)
	}
	b[1], b[2] = 1, 2
	if _, err := w.Authorise(t.Context(), base64.RawURLEncoding.EncodeToString(b), socketID, "private-items_1"); !errors.Is(err, cloudapp.ErrRefused) {
		t.Error(err)
	}
}

func TestARefusalDoesNotSayTheCredential(t *testing.T) {
	w := newWorld()
	capability := w.capability(t, "1", "t")
	delete(w.grants, hashOf("t"))
	_, err := w.Authorise(t.Context(), capability, socketID, "private-items_1")
	for _, secret := range []string{capability, hashOf("t"), hashOf("t")[:8], secret} {
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%v has %s", err, secret)
		}
	}
}
