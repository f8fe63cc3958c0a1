package pusher_test

import (
	"net/url"
	"strings"
	"testing"

	"edgestream/functions/internal/pusher"
)

const (
	testSecret = "7ad3773142a6692b25b8"
	// documented is the signature of the documentation's example of a request.
	documented = "da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c"
)

func documentedQuery() url.Values {
	return url.Values{
		"auth_key": {"278d425bdf160c739803"}, "auth_timestamp": {"1353088179"}, "auth_version": {"1.0"},
		"body_md5": {"ec365a775a4cd0599faeb73354201b6f"}, "auth_signature": {documented},
	}
}

func TestARequestIsSignedAsDocumented(t *testing.T) {
	text := pusher.RequestText("POST", "/apps/3/events", documentedQuery())
	want := "POST\n/apps/3/events\nauth_key=278d425bdf160c739803&auth_timestamp=1353088179&auth_version=1.0&body_md5=ec365a775a4cd0599faeb73354201b6f"
	if text != want {
		t.Errorf("%q", text)
	}
	if got := pusher.Sign(testSecret, text); got != documented {
		t.Errorf("signature %s", got)
	}
	for signature, want := range map[string]bool{
		documented: true, strings.ToUpper(documented): false, documented[1:]: false, documented + "0": false, "": false,
	} {
		if pusher.Signed(testSecret, text, signature) != want {
			t.Errorf("%q: not %t", signature, want)
		}
	}
}

func TestARequestsTextIsInOrder(t *testing.T) {
	query := url.Values{"info": {"user_count,cache"}, "Channels[]": {"b", "a"}, "AUTH_KEY": {"k"}, "Auth_Signature": {"s"}, "name": {"a b+c%"}}
	want := "GET\n/x\nauth_key=k&channels[]=b&channels[]=a&info=user_count,cache&name=a b+c%"
	if got := pusher.RequestText("GET", "/x", query); got != want {
		t.Errorf("%q", got)
	}
	if got := pusher.RequestText("GET", "/x", nil); got != "GET\n/x\n" {
		t.Errorf("%q", got)
	}
}
