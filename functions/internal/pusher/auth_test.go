package pusher_test

import (
	"strings"
	"testing"

	"edgestream/functions/internal/pusher"
)

// member is the documentation's example of channel_data.
const member = `{"user_id":10,"user_info":{"name":"Mr. Channels"}}`

func TestSignaturesAsDocumented(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"private":           {pusher.ChannelText("1234.1234", "private-foobar"), "58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4"},
		"presence":          {pusher.ChannelText("1234.1234", "presence-foobar", member), "31935e7d86dba64c2a90aed31fdc61869f9b22ba9d8863bba239c03ca481bc80"},
		"private with data": {pusher.ChannelText("1234.1234", "private-foobar", ""), pusher.Sign(testSecret, "1234.1234:private-foobar:")},
		"user":              {pusher.UserText("1234.1234", `{"id":"12345"}`), "4708d583dada6a56435fb8bc611c77c359a31eebde13337c16ab43aa6de336ba"},
	} {
		if got := pusher.Sign(testSecret, tt.text); got != tt.want {
			t.Errorf("%s: %s signs %s", name, tt.text, got)
		}
	}
	want := app.Key + ":58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4"
	if got := app.Auth(pusher.ChannelText("1234.1234", "private-foobar")); got != want {
		t.Errorf("auth %s", got)
	}
}

func TestAWebhookIsSignedByItsBody(t *testing.T) {
	// Computed by: printf %s '{"time_ms":1}' | openssl dgst -sha256 -hmac 7ad3773142a6692b25b8
	const body, want = `{"time_ms":1}`, "3f3c8f57f3f51ae5342932b798313a0be49e6bcd6a0927f578554ab48a799fb8"
	if got := pusher.Sign(testSecret, body); got != want {
		t.Errorf("%s", got)
	}
}

// FuzzOnlyTheExactSignatureIsOne: a signature that differs in a single bit, in case or in length, or
// is of another text or with another secret, is none.
func FuzzOnlyTheExactSignatureIsOne(f *testing.F) {
	f.Add("secret", "1.2:private-x", "")
	f.Add("", "", "58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4")
	f.Fuzz(func(t *testing.T, secret, text, other string) {
		signature := pusher.Sign(secret, text)
		if !pusher.Signed(secret, text, signature) {
			t.Fatal("its own signature is refused")
		}
		if len(signature) != 64 || strings.Trim(signature, "0123456789abcdef") != "" {
			t.Fatalf("%q", signature)
		}
		if pusher.Signed(secret, text, other) != (other == signature) {
			t.Errorf("%q is taken for the signature", other)
		}
		for i := range 64 {
			wrong := []byte(signature)
			wrong[i] ^= 1
			if pusher.Signed(secret, text, string(wrong)) {
				t.Errorf("%s is taken for the signature", wrong)
			}
		}
		if pusher.Signed(secret, text+":", signature) || pusher.Signed(secret+"x", text, signature) {
			t.Error("the signature is good for another text or secret")
		}
	})
}
