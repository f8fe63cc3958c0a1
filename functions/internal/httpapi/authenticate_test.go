package httpapi_test

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"edgestream/functions/internal/httpapi"
)

// auth are the parameters of a request without a body, some of them changed; one that is set to "-" is
// left out.
func auth(changes ...string) [][2]string {
	pairs := [][2]string{{"auth_key", "key4072"}, {"auth_timestamp", fmt.Sprint(now.Unix())}, {"auth_version", "1.0"}}
	for i := 0; i < len(changes); i += 2 {
		pairs = append(pairs, [2]string{changes[i], changes[i+1]})
	}
	var list [][2]string
	for i, p := range pairs {
		overridden := false
		for _, later := range pairs[i+1:] {
			overridden = overridden || later[0] == p[0]
		}
		if !overridden && p[1] != "-" {
			list = append(list, p)
		}
	}
	return list
}

func stamp(d time.Duration) string { return fmt.Sprint(now.Add(d).Unix()) }

func TestParametersOfTheSignatureAreChecked(t *testing.T) {
	const path = "/apps/4072/channels"
	empty := md5.Sum(nil)
	for _, test := range []struct {
		name  string
		pairs [][2]string
		want  string
	}{
		{"good", auth(), `200 {"channels":{}}`},
		{"hash of nothing", auth("body_md5", hex.EncodeToString(empty[:])), `200 {"channels":{}}`},
		{"upper case key", auth("auth_key", "-", "AUTH_KEY", "key4072"), "401 Invalid signature…"}, // signed in upper case
		{"no key", auth("auth_key", "-"), "401 Missing parameter: auth_key"},
		{"empty key", auth("auth_key", ""), "401 Missing parameter: auth_key"},
		{"another's key", auth("auth_key", "key1"), "401 Unknown auth_key: it is not the app's"},
		{"look-alike key", auth("auth_key", "кey4072"), "401 Unknown auth_key: it is not the app's"},
		{"no time", auth("auth_timestamp", "-"), "401 Missing parameter: auth_timestamp"},
		{"time as text", auth("auth_timestamp", "noon"), "401 Invalid timestamp…"},
		{"time with a fraction", auth("auth_timestamp", stamp(0)+".5"), "401 Invalid timestamp…"},
		{"time with a sign", auth("auth_timestamp", "+"+stamp(0)), "401 Invalid timestamp…"},
		{"time beyond all", auth("auth_timestamp", strings.Repeat("9", 30)), "401 Invalid timestamp…"},
		{"far future", auth("auth_timestamp", "999999999999"), "401 Timestamp expired: …"},
		{"oldest", auth("auth_timestamp", stamp(-600*time.Second)), `200 {"channels":{}}`},
		{"newest", auth("auth_timestamp", stamp(600*time.Second)), `200 {"channels":{}}`},
		{"too old", auth("auth_timestamp", stamp(-601*time.Second)), "401 Timestamp expired: Given timestamp (2026-03-01T11:49:59Z) not within 600s of server time (2026-03-01T12:00:00Z)"},
		{"too new", auth("auth_timestamp", stamp(601*time.Second)), "401 Timestamp expired: Given timestamp (2026-03-01T12:10:01Z) not within 600s of server time (2026-03-01T12:00:00Z)"},
		{"milliseconds", auth("auth_timestamp", fmt.Sprint(now.UnixMilli())), "401 Invalid timestamp…"},
		{"no version", auth("auth_version", "-"), "401 Missing parameter: auth_version"},
		{"another version", auth("auth_version", "1.1"), "401 Version not supported…"},
		{"hash of something", auth("body_md5", "ec365a775a4cd0599faeb73354201b6f"), "401 Invalid body_md5…"},
		{"an ampersand in a value", auth("info", "a&filter_by_prefix=b"), "400 A query parameter holds an ampersand: send it in the body"},
		{"an equals sign in a key", auth("a=b", "c"), "400 A query parameter holds an ampersand…"},
		{"no UTF-8", auth("info", "\xff"), "400 The query is not URL-encoded UTF-8"},
		{"long", auth("info", strings.Repeat(",", 8<<10)), "413 The query is too long…"},
	} {
		w := newWorld()
		expect(t, test.name, w.serve(sign(secret, "GET", path, test.pairs, "")), test.want)
	}
}

func TestTheTextThatShouldHaveBeenSignedIsTold(t *testing.T) {
	w := newWorld()
	r := sign("another secret", "GET", "/apps/4072/channels", auth("info", `é"`), "")
	_, signature, _ := strings.Cut(r.Query, "auth_signature=")
	want := `401 Invalid signature: you should have sent HmacSHA256Hex("GET\n/apps/4072/channels\nauth_key=key4072&auth_timestamp=1772366400&auth_version=1.0&info=é\"", your_secret_key), but you sent "` + signature + `"`
	expect(t, "answer", w.serve(r), want)
	_, err := w.Serve(t.Context(), r)
	if reason := err.Error(); reason != "invalid signature" {
		t.Errorf("the log would have %q", reason)
	}
}

func TestASignatureIsTakenInOneFormAlone(t *testing.T) {
	r := signed("GET", "/apps/4072/channels", nil, "")
	before, signature, _ := strings.Cut(r.Query, "auth_signature=")
	for query, want := range map[string]string{
		before:                     "401 Missing parameter: auth_signature",
		before + "auth_signature=": "401 Missing parameter: auth_signature",
		before + "auth_signature=" + strings.ToUpper(signature):         "401 Invalid signature…",
		before + "auth_signature=" + signature[:63]:                     "401 Invalid signature…",
		before + "auth_signature=" + signature + "%0A":                  "401 Invalid signature…",
		before + "auth_signature=key4072:" + signature:                  "401 Invalid signature…",
		r.Query + "&auth_signature=" + signature:                        "400 A query parameter was sent twice",
		r.Query + "&auth_key=key4072":                                   "400 A query parameter was sent twice",
		r.Query + "&Auth_Key=key4072":                                   "400 A query parameter was sent twice",
		r.Query + "&info":                                               "401 Invalid signature…",
		r.Query + "&%zz":                                                "400 The query is not URL-encoded UTF-8",
		"&" + r.Query + "&&":                                            `200 {"channels":{}}`,
		strings.Replace(r.Query, "auth_key", "Auth_Key", 1):             `200 {"channels":{}}`,
		"auth_signature=" + signature + "&" + strings.Trim(before, "&"): `200 {"channels":{}}`,
	} {
		w, other := newWorld(), r
		other.Query = query
		expect(t, query, w.serve(other), want)
	}
}

func TestABodyMustBeTheOneThatWasSigned(t *testing.T) {
	w, r := newWorld(), signed("POST", "/apps/4072/events", nil, event())
	r.Body = []byte(event("data", `"e"`))
	expect(t, "another body", w.serve(r), "401 Invalid body_md5…")
	r = sign(secret, "POST", "/apps/4072/events", auth(), event())
	expect(t, "no hash", w.serve(r), "401 Missing parameter: body_md5")
	if len(w.published) > 0 {
		t.Errorf("published %v", w.published)
	}
}

func TestTheAppIsCheckedInItsOrder(t *testing.T) {
	w := newWorld()
	get := func(app, key, secret string) string {
		return w.serve(signedBy(key, secret, "GET", "/apps/"+app+"/channels", nil, ""))
	}
	expect(t, "unknown", get("none", "keynone", secret), "404 Unknown app_id")
	expect(t, "disabled", get("off", "keyoff", secret), "403 The app is disabled")
	expect(t, "disabled, not signed", get("off", "keyoff", "x"), "401 Invalid signature…")
	expect(t, "no secret", get("open", "keyopen", ""), "401 Invalid signature…")
	w.fails["App"] = true
	expect(t, "down", get("4072", "key4072", secret), "503 …")
}

func TestAPathMayBeSignedWithoutItsEscapes(t *testing.T) {
	for _, test := range []struct{ sent, signed, want string }{
		{"/apps/4072/users/a%20b%C3%A9/terminate_connections", "/apps/4072/users/a bé/terminate_connections", "200 {}"},
		{"/apps/4072/users/a%20b/terminate_connections", "/apps/4072/users/a%20b/terminate_connections", "200 {}"},
		{"/apps/4072/users/a%2Fb/terminate_connections", "/apps/4072/users/a/b/terminate_connections", "401 …"},
		{"/apps/4072/users/a%0Ab/terminate_connections", "/apps/4072/users/a\nb/terminate_connections", "401 …"},
		{"/apps/4072/users/a%2Fb/terminate_connections", "/apps/4072/users/a%2Fb/terminate_connections", "200 {}"},
	} {
		r := signed("POST", test.signed, nil, "{}")
		r.Path = test.sent
		expect(t, test.sent, newWorld().serve(r), test.want)
	}
}

func TestWhatIsNoCallTouchesNoTable(t *testing.T) {
	for _, test := range []struct{ method, path, want string }{
		{"GET", "/apps", "404 Not found"},
		{"GET", "/apps/", "404 Not found"},
		{"GET", "/apps/4072", "404 Not found"},
		{"GET", "/apps/4072/", "404 Not found"},
		{"GET", "/apps//channels", "404 Not found"},
		{"GET", "/apps/a%20b/channels", "404 Not found"},
		{"GET", "/apps/" + strings.Repeat("1", 65) + "/channels", "404 Not found"},
		{"GET", "/apps/4072/channels/", "400 …"}, // a channel without a name: authenticated first
		{"GET", "/apps/4072/channels/a/b", "404 Not found"},
		{"GET", "/apps/4072/channels/a/users/", "404 Not found"},
		{"GET", "/apps/4072/channels/%zz", "404 Not found"},
		{"GET", "/apps/4072/events", "405 Method not allowed"},
		{"HEAD", "/apps/4072/channels", "405 Method not allowed"},
		{"post", "/apps/4072/events", "405 Method not allowed"},
		{"PUT", "/apps/4072/batch_events", "405 Method not allowed"},
		{"GET", "/apps/4072/users/1/terminate_connections", "405 Method not allowed"},
	} {
		w := newWorld()
		w.fails["App"] = test.want != "400 …"
		expect(t, test.path, w.serve(signed(test.method, test.path, nil, "")), test.want)
	}
	_, err := newWorld().Serve(t.Context(), signed("GET", "/apps/4072/events", nil, ""))
	if allow := httpapi.RefusalOf(err).Allow; allow != "POST" {
		t.Errorf("Allow: %s", allow)
	}
}
