package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// The application of the documentation's examples.
// https://pusher.com/docs/channels/library_auth_reference/
var documented = application{"3", "278d425bdf160c739803", "7ad3773142a6692b25b8"}

const documentedBody = `{"name":"foo","channels":["project-3"],"data":"{\"some\":\"data\"}"}`

var documentedTime = time.Unix(1353088179, 0)

func TestARequestIsSignedAsDocumented(t *testing.T) {
	const want = "auth_key=278d425bdf160c739803&auth_timestamp=1353088179&auth_version=1.0&body_md5=ec365a775a4cd0599faeb73354201b6f" +
		"&auth_signature=da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c"
	if got := documented.query("POST", "/apps/3/events", []byte(documentedBody), documentedTime); got != want {
		t.Error(got)
	}
}

func TestASubscriptionIsSignedAsDocumented(t *testing.T) {
	const want = "278d425bdf160c739803:58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4"
	if got := documented.auth("1234.1234:private-foobar"); got != want {
		t.Error(got)
	}
}

func TestOnlyWhatTheAppHasSignedIsAdmitted(t *testing.T) {
	query := documented.query("POST", "/apps/3/events", []byte(documentedBody), documentedTime)
	for _, test := range []struct {
		name, method, path, query, body string
		late                            time.Duration
		want                            bool
	}{
		{"good", "POST", "/apps/3/events", query, documentedBody, 9 * time.Minute, true},
		{"another order", "POST", "/apps/3/events", strings.Replace(query, "auth_key=278d425bdf160c739803&", "", 1) + "&auth_key=278d425bdf160c739803", documentedBody, 0, true},
		{"another method", "PUT", "/apps/3/events", query, documentedBody, 0, false},
		{"another path", "POST", "/apps/4/events", query, documentedBody, 0, false},
		{"another body", "POST", "/apps/3/events", query, documentedBody + " ", 0, false},
		{"another key", "POST", "/apps/3/events", strings.Replace(query, "278d", "278e", 1), documentedBody, 0, false},
		{"another signature", "POST", "/apps/3/events", query[:len(query)-1] + "d", documentedBody, 0, false},
		{"something more", "POST", "/apps/3/events", query + "&info=x", documentedBody, 0, false},
		{"too late", "POST", "/apps/3/events", query, documentedBody, 11 * time.Minute, false},
		{"too early", "POST", "/apps/3/events", query, documentedBody, -11 * time.Minute, false},
		{"no query", "POST", "/apps/3/events", "", documentedBody, 0, false},
		{"no form", "POST", "/apps/3/events", "%zz", documentedBody, 0, false},
	} {
		r := httptest.NewRequest(test.method, test.path, nil)
		r.URL.RawQuery = test.query
		if got := documented.admits(r, []byte(test.body), documentedTime.Add(test.late)); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}

func TestACallMustBeAnsweredAsOneThatAsksForNothing(t *testing.T) {
	for answer, fails := range map[string]bool{"200 {}": false, "200 {}\n": false, "200 {\"a\":1}": true, "401 {}": true, "200 ": true} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			status, body, _ := strings.Cut(answer, " ")
			if status == "401" {
				w.WriteHeader(http.StatusUnauthorized)
			}
			w.Write([]byte(body))
		}))
		if err := documented.post(t.Context(), server.Client(), server.URL, "/events", []byte("{}")); (err != nil) != fails {
			t.Errorf("%q: %v", answer, err)
		}
		server.Close()
	}
}
