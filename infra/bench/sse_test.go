package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// served is a crowd of n that reads what a server writes.
func served(t *testing.T, n int, write func(io.Writer)) *crowd[*reader] {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { write(w) }))
	t.Cleanup(server.Close)
	c, err := openAll(n, "streams", func(int) (*reader, error) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
		if err != nil {
			return nil, err
		}
		return openReader(server.Client(), r)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.leave)
	return c
}

func TestAReaderReadsEvents(t *testing.T) {
	c := served(t, 1, func(w io.Writer) {
		io.WriteString(w, ":)\nretry: 1000\nevent: update\ndata: {\"id\":\"7\"}\nid: abc\n\n:thump\nevent: x\ndata: a\ndata:  b\n\nevent: none\n\nid: only\n\n")
	})
	for _, want := range []string{`{"id":"7"}`, "a\n b"} {
		frame, at, err := c.listeners[0].next(t.Context())
		if err != nil || string(frame) != want || time.Since(at) > time.Minute {
			t.Errorf("%q, %v, %v; want %q", frame, at, err, want)
		}
	}
	if _, _, err := c.listeners[0].next(t.Context()); err != errStreamEnded {
		t.Error(err)
	}
}

func TestAReaderWaitsAsLongAsItMay(t *testing.T) {
	c := served(t, 1, func(w io.Writer) {
		io.WriteString(w, ":)\n")
		http.NewResponseController(w.(http.ResponseWriter)).Flush()
		<-t.Context().Done()
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, _, err := c.listeners[0].next(ctx); err != context.DeadlineExceeded {
		t.Error(err)
	}
}

func TestARefusedStreamIsAnError(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "too many readers", http.StatusServiceUnavailable)
	}))
	defer server.Close()
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
	if _, err := openReader(server.Client(), r); err == nil || !strings.Contains(err.Error(), "503 Service Unavailable too many readers") {
		t.Error(err)
	}
}

func TestACrowdIsFollowedUntilItHasEverythingOrEnds(t *testing.T) {
	c := served(t, 3, func(w io.Writer) {
		io.WriteString(w, ":)\n")
		for _, i := range []int{0, 1, 1, 3} {
			fmt.Fprintf(w, "event: update\ndata: {\"id\":\"%d\"}\n\n", i)
		}
	})
	c.fits = func(n int, payload []byte) bool { return n > 0 || !strings.Contains(string(payload), "3") }
	began := time.Now()
	o := c.follow(t.Context(), 0, 4, func(int) time.Time { return began })
	if o.delivered != 9 || o.lost != 3 || o.extra != 3 || o.disorder != 0 || o.wrong != 1 || o.latency.TotalCount() != 9 {
		t.Errorf("%+v", o)
	}
	if string(c.sample) != `{"id":"3"}` {
		t.Errorf("sample %s", c.sample)
	}
}

func TestWhatComesAfterAllIsExtra(t *testing.T) {
	c := served(t, 2, func(w io.Writer) {
		io.WriteString(w, ":)\ndata: {\"id\":\"0\"}\n\ndata: {\"id\":\"0\"}\n\n")
	})
	if o := c.follow(t.Context(), 0, 1, func(int) time.Time { return time.Now() }); o.verdict() != nil {
		t.Errorf("%+v", o)
	}
	if o := c.rest(t.Context()); o.extra != 2 {
		t.Errorf("%+v", o)
	}
}
