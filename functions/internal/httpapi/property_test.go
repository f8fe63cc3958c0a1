package httpapi_test

import (
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"

	"edgestream/functions/internal/httpapi"
)

// randomRequest is some call as a server library signs it.
func randomRequest(r *rand.Rand) httpapi.Request {
	letters := []rune("abzAZ019-_=@,.; é+%\"\\/#")
	word := func() string {
		b := make([]rune, 1+r.IntN(8))
		for i := range b {
			b[i] = letters[r.IntN(len(letters))]
		}
		return string(b)
	}
	var query [][2]string
	for _, key := range []string{"filter_by_prefix", "x", "info", "é"} {
		if r.IntN(2) == 0 {
			query = append(query, [2]string{key, word()})
		}
	}
	for range r.IntN(3) {
		query = append(query, [2]string{"channels[]", word()})
	}
	switch r.IntN(3) {
	case 0:
		return signed("GET", "/apps/4072/channels", query, "")
	case 1:
		return signed("POST", "/apps/4072/events", query, event("data", quoted(word())))
	}
	return signed("POST", "/apps/4072/users/"+url.PathEscape(word())+"/terminate_connections", query, "{}")
}

// meaning is what a request's signature stands for: method, path, query and body, whatever escapes
// and order it was sent with.
func meaning(r httpapi.Request) string {
	var pairs []string
	for pair := range strings.SplitSeq(r.Query, "&") {
		key, value, _ := strings.Cut(pair, "=")
		key, keyErr := url.QueryUnescape(key)
		value, valueErr := url.QueryUnescape(value)
		if keyErr != nil || valueErr != nil {
			return "none"
		}
		if pair != "" {
			pairs = append(pairs, strings.ToLower(key)+"\x00"+value)
		}
	}
	slices.SortStableFunc(pairs, func(a, b string) int {
		a, _, _ = strings.Cut(a, "\x00")
		b, _, _ = strings.Cut(b, "\x00")
		return strings.Compare(a, b)
	})
	return strings.Join(append([]string{r.Method, r.Path, string(r.Body)}, pairs...), "\x01")
}

// accepted reports whether a request got past its signature.
func accepted(answer string) bool {
	return !strings.HasPrefix(answer, "401") && !strings.HasPrefix(answer, "404") && !strings.HasPrefix(answer, "405") &&
		!strings.Contains(answer, "query")
}

// changed is the request with one byte of it changed, added or left out.
func changed(r httpapi.Request, random *rand.Rand) httpapi.Request {
	change := func(s string) string {
		at := random.IntN(len(s) + 1)
		c := string(rune(33 + random.IntN(94)))
		switch {
		case random.IntN(3) == 0 || at == len(s):
			return s[:at] + c + s[at:]
		case random.IntN(2) == 0:
			return s[:at] + s[at+1:]
		}
		return s[:at] + c + s[at+1:]
	}
	switch random.IntN(4) {
	case 0:
		r.Method = change(r.Method)
	case 1:
		r.Path = change(r.Path)
	case 2:
		r.Query = change(r.Query)
	case 3:
		r.Body = []byte(change(string(r.Body)))
	}
	return r
}

func TestWhatWasSignedIsAcceptedAndNothingElse(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	refused, same := 0, 0
	for range 1500 {
		r := randomRequest(random)
		if got := newWorld().serve(r); !accepted(got) {
			t.Fatalf("refused: %s\n%s?%s", got, r.Path, r.Query)
		}
		other := changed(r, random)
		if meaning(other) == meaning(r) {
			same++
			continue
		}
		refused++
		if got := newWorld().serve(other); accepted(got) {
			t.Fatalf("accepted: %s\n%s %s?%s\n%s %s?%s", got, r.Method, r.Path, r.Query, other.Method, other.Path, other.Query)
		}
	}
	if refused < 1000 || same > 250 {
		t.Errorf("%d changed, %d as they were", refused, same)
	}
}
