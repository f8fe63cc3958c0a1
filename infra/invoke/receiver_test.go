package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestAReceiverTakesWhatIsSigned(t *testing.T) {
	r, err := startRecorder(&url.URL{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	r.expect("KEY", testCase{Secret: "7ad3773142a6692b25b8", Answers: map[string]int{"down": 503}})
	// Of the text "hello", made with openssl dgst.
	const signature = "6a0ee87de7d33dfebc4e27d9eabd4c3fe19da9ae8a4a7b9bb21945e8b4c15ff5"
	for _, k := range []struct {
		name, body, signature string
		status                int
	}{
		{"up", "hello", signature, 200},
		{"down", "hello", signature, 503},
		{"down", "hello", signature, 503},
		{"up", "hello!", signature, 401},
		{"up", "hello", "", 401},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, fmt.Sprintf("http://127.0.0.1:%d/receiver/KEY/%s", r.port(), k.name), strings.NewReader(k.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header = http.Header{"X-Pusher-Key": {"key"}, "X-Pusher-Signature": {k.signature}}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != k.status {
			t.Errorf("%s %s: %s, want %d", k.name, k.body, res.Status, k.status)
		}
	}
	calls, used := r.take("KEY")
	if got := fmt.Sprint(calls); got != "[{webhook up hello  0} {webhook down hello  0}]" || len(used) > 0 {
		t.Errorf("kept %s, used %v", got, used)
	}
}
