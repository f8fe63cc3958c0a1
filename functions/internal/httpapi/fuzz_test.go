package httpapi_test

import (
	"encoding/json"
	"strings"
	"testing"
)

func FuzzEvents(f *testing.F) {
	f.Add(event())
	f.Add(event("info", `"cache"`, "socket_id", `"1.2"`))
	f.Add(`{"name":null,"channel":"#server-to-user-1","data":"\ud800"}`)
	f.Add("{\"name\":\"\xff\"}")
	f.Fuzz(func(t *testing.T, body string) {
		for _, path := range []string{"/events", "/batch_events"} {
			w := newWorld()
			checkAnswer(t, w, w.post(path, body))
		}
	})
}

func FuzzBatch(f *testing.F) {
	f.Add(`{"name":"n","data":"d","channel":"a","info":"cache"}`, `{"name":"n","data":"d","channel":"presence-a","info":"user_count"}`)
	f.Add(`null`, `[]`)
	f.Fuzz(func(t *testing.T, one, other string) {
		w := newWorld()
		checkAnswer(t, w, w.post("/batch_events", `{"batch":[`+one+","+other+`]}`))
	})
}

// checkAnswer: whoever gets no 200 has published nothing, and a 200 is JSON.
func checkAnswer(t *testing.T, w *world, answer string) {
	t.Helper()
	body, ok := strings.CutPrefix(answer, "200 ")
	switch {
	case ok && !json.Valid([]byte(body)):
		t.Errorf("answer %q", answer)
	case !ok && len(w.published) > 0:
		t.Errorf("%s, but published %v", answer, w.published)
	case strings.HasPrefix(answer, "5"):
		t.Errorf("answer %q", answer)
	}
}

// FuzzRequest changes what was signed: what verifies means what was signed.
func FuzzRequest(f *testing.F) {
	r := signed("POST", "/apps/4072/events", [][2]string{{"info", "subscription_count"}}, event())
	f.Add(r.Method, r.Path, r.Query, string(r.Body))
	f.Add("GET", "/apps/4072/channels/%zz", r.Query+"&%zz=&;", "")
	f.Fuzz(func(t *testing.T, method, path, query, body string) {
		other := r
		other.Method, other.Path, other.Query, other.Body = method, path, query, []byte(body)
		if got := newWorld().serve(other); accepted(got) && !strings.HasPrefix(got, "413") && meaning(other) != meaning(r) {
			t.Errorf("%s %s?%s: %s", method, path, query, got)
		}
	})
}
