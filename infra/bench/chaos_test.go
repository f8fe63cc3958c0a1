package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

// A short run on the real stack: nothing is lost and nothing is out of order.
func TestNothingIsLostInChaos(t *testing.T) {
	var out bytes.Buffer
	// What deliver is killed over lies in the queue for half a minute or more.
	f := chaosFlags{duration: 10 * time.Second, settle: 3 * time.Minute, seed: 3, clients: 6, listeners: 6, readers: 4, subscribers: 2, wide: 4, rate: 10,
		root: "../.."}
	if err := chaos(t.Context(), &out, f); err != nil {
		t.Errorf("%v\n%s", err, out.String())
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	last := lines[len(lines)-1]
	if lines[0] != "seed 3" || !strings.HasPrefix(last, "bench=chaos seed=3 ") || !strings.Contains(last, " lost=0 disorder=0 ") {
		t.Errorf("it prints\n%s", out.String())
	}
	for _, nothing := range []string{" written=0 ", " due=0 ", " kills=0 ", " faults=0 ", " deliver=0 "} {
		if strings.Contains(last, nothing) {
			t.Errorf("nothing has happened: %s", last)
		}
	}
	t.Log(out.String())
}

// Ctrl-C ends the faults and the writing, and what was until then is reported.
func TestChaosThatIsInterruptedReports(t *testing.T) {
	halt, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	var out bytes.Buffer
	f := chaosFlags{duration: time.Hour, settle: 3 * time.Minute, seed: 4, clients: 2, readers: 2, wide: 4, rate: 10, spare: []string{"Deliver"}, root: "../..",
		begun: func() { time.AfterFunc(2*time.Second, interrupt) }}
	if err := chaos(halt, &out, f); err != nil {
		t.Errorf("%v\n%s", err, out.String())
	}
	for _, want := range []string{"interrupted after 2s\n", " lost=0 disorder=0 "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
}

// at is a time in seconds.
func at(seconds int) time.Time { return time.Unix(int64(seconds), 0) }

// One owner's events 1 to 6, written at as many seconds.
func six() (all []writtenEvent) {
	for n := 1; n <= 6; n++ {
		all = append(all, writtenEvent{eventName{"a", n}, at(n)})
	}
	return all
}

func TestWhatIsLostOutOfOrderAndTwice(t *testing.T) {
	for name, c := range map[string]struct {
		from   int
		got    []int
		ids    []string // nil: plain
		stands bool
		want   sums
		lost   []int
	}{
		"everything":                        {1, []int{1, 2, 3, 4, 5, 6}, nil, true, sums{due: 6, delivered: 6}, nil},
		"nothing":                           {1, nil, nil, true, sums{due: 6, lost: 6}, []int{1, 2, 3, 4, 5, 6}},
		"nothing of what it can be":         {1, nil, nil, false, sums{}, nil},
		"from the third on":                 {3, []int{3, 4, 5, 6}, nil, true, sums{due: 4, delivered: 4}, nil},
		"what was on its way before":        {3, []int{2, 3, 4, 5, 6}, nil, true, sums{due: 4, delivered: 4}, nil},
		"the end breaks with the socket":    {1, []int{1, 2, 3}, nil, false, sums{due: 3, delivered: 3}, nil},
		"the end is lost on one that holds": {1, []int{1, 2, 3, 4}, nil, true, sums{due: 6, delivered: 4, lost: 2}, []int{5, 6}},
		"the middle is lost":                {1, []int{1, 2, 4}, nil, false, sums{due: 4, delivered: 3, lost: 1}, []int{3}},
		"out of order":                      {1, []int{1, 3, 2, 4, 5, 6}, nil, true, sums{due: 6, delivered: 6, disorder: 1}, nil},
		"again, and the same event":         {1, []int{1, 2, 3, 2, 3, 4, 5, 6}, nil, true, sums{due: 6, delivered: 6, twice: 2}, nil},
		"again by its id":                   {1, []int{1, 2, 1, 2, 3, 4, 5, 6}, []string{"p", "q", "p", "q", "r", "s", "t", "u"}, true, sums{due: 6, delivered: 6, twice: 2}, nil},
		"again by another id":               {1, []int{1, 2, 2, 3, 4, 5, 6}, []string{"p", "q", "z", "r", "s", "t", "u"}, true, sums{due: 6, delivered: 6, disorder: 1}, nil},
	} {
		r := newReceipt()
		r.from = at(c.from)
		for i, n := range c.got {
			id := ""
			if c.ids != nil {
				id = c.ids[i]
			}
			r.take(eventName{"a", n}, id)
		}
		got, missing := r.count(six(), c.stands)
		var lost []int
		for _, m := range missing {
			lost = append(lost, m.N)
		}
		if got != c.want || !slices.Equal(lost, c.lost) {
			t.Errorf("%s: %+v, missing %v, want %+v, %v", name, got, lost, c.want, c.lost)
		}
	}
}

func TestOwnersAreOrderedEachByItself(t *testing.T) {
	r := newReceipt()
	r.from = at(0)
	for _, e := range []eventName{{"a", 2}, {"b", 1}, {"a", 3}, {"b", 2}} {
		if !r.take(e, "") {
			t.Errorf("%v is out of order", e)
		}
	}
}

func TestTheSeedDecidesWhichCallsFail(t *testing.T) {
	choices := func(seed uint64) (all []string) {
		c, err := newCallbacks(seed)
		if err != nil {
			t.Fatal(err)
		}
		defer c.proxy.Close()
		c.start()
		for n := range 2000 {
			f, _ := c.choose(at(0).Add(time.Duration(n) * 10 * time.Millisecond))
			if f != nil {
				all = append(all, f.name)
			}
		}
		c.stop()
		if f, _ := c.choose(at(60)); f != nil {
			t.Errorf("after the end it fails with %s", f.name)
		}
		return all
	}
	one := choices(1)
	if !slices.Equal(one, choices(1)) || slices.Equal(one, choices(2)) {
		t.Error("calls do not fail as the seed has it")
	}
	for _, f := range apiFaults {
		if !slices.Contains(one, f.name) {
			t.Errorf("no call fails with %s", f.name)
		}
	}
}

// A post that times out or is cut off is delivered or not, as its fault says, and is remembered.
func TestAFaultDeliversAsItSays(t *testing.T) {
	delivered := 0
	behind := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { delivered++ }))
	defer behind.Close()
	c, err := newCallbacks(5)
	if err != nil {
		t.Fatal(err)
	}
	defer c.proxy.Close()
	if err := c.proxy.Before(behind.URL); err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for n, f := range apiFaults {
		f.hold = 0
		before := delivered
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { c.with(&f, 0, w, r) }))
		body := `{"stream":["public"],"event":"update","payload":"{\"mark\":\"a\",\"n\":` + string(rune('1'+n)) + `}"}`
		status := 0
		if r, err := client.Post(server.URL+"/prod/@connections/one", "application/json", strings.NewReader(body)); err == nil {
			status = r.StatusCode
			r.Body.Close()
		}
		client.CloseIdleConnections()
		server.Close()
		if status != f.status || (delivered > before) != f.delivered {
			t.Errorf("%s: status %d, delivered %d times", f.name, status, delivered-before)
		}
		if posts := c.of(eventName{"a", n + 1}); len(posts) != 1 || posts[0].connection != "one" || !strings.Contains(posts[0].what, f.name) {
			t.Errorf("%s is remembered as %v", f.name, posts)
		}
	}
}
