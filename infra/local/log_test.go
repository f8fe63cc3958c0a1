package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"edgestream/infra/local/lambda"
	"edgestream/infra/local/template"
)

func TestAPersonSeesAFunctionsLinesButNotItsMetrics(t *testing.T) {
	metrics := `{"Records":1,"_aws":{"CloudWatchMetrics":[]}}`
	for form, want := range map[string][2]bool{"text": {true, false}, "json": {true, true}, "quiet": {false, false}} {
		var out strings.Builder
		l := newLogger(form, &out)
		l.functionLine(lambda.LogLine{Function: "F", Text: "hello"})
		l.functionLine(lambda.LogLine{Function: "F", Text: metrics})
		if got := [2]bool{strings.Contains(out.String(), "hello"), strings.Contains(out.String(), "CloudWatchMetrics")}; got != want {
			t.Errorf("%s: line and metrics are shown: %v, want %v:\n%s", form, got, want, out.String())
		}
	}
}

func TestAnInvocationIsNamedByItsEvent(t *testing.T) {
	for event, want := range map[string][2]string{
		`{"requestContext":{"routeKey":"subscribe","connectionId":"c="}}`:                                                                         {"subscribe", "ok"},
		`{"rawQueryString":"access_token=s3cret","requestContext":{"routeKey":"$default","http":{"method":"GET","path":"/a/b"}},"version":"2.0"}`: {"GET /a/b", "ok"},
		`{"detail-type":"Scheduled Event","source":"aws.events"}`:                                                                                 {"Scheduled Event", "ok"},
		`{"requestContext":{"http":{"method":"POST","path":"/auth/` + strings.Repeat("s3cret", 7) + `/x"}},"version":"2.0"}`:                      {"POST /auth/…/x", "ok"},
		`[1]`: {"", "ok"},
	} {
		if got := describe(lambda.Invocation{Event: []byte(event)}); got.Route != want[0] || got.Result != want[1] {
			t.Errorf("%s: %q, %q", event, got.Route, got.Result)
		}
	}
	if got := describe(lambda.Invocation{Streaming: true, StreamStatus: 401}); got.Result != "401" {
		t.Errorf("a streamed 401 is %q", got.Result)
	}
}

func TestAReloadSaysWhatBecameOfIt(t *testing.T) {
	for want, c := range map[string]struct {
		changed []string
		err     error
	}{
		"built again: A, B (1.5 s)":                              {[]string{"A", "B"}, nil},
		"no function has changed":                                {nil, nil},
		"the functions stay as they were:\nmain.go:1: no such x": {nil, errors.New("main.go:1: no such x")},
	} {
		var out strings.Builder
		newLogger("text", &out).rebuilt(c.changed, 1500*time.Millisecond, c.err)
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in %s", want, out.String())
		}
	}
}

func TestASavedTemplateAsksForANewStartOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "template.yaml")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		r := &runner{opts: options{template: "template.yaml"}, stack: &template.Stack{Path: path}, log: newLogger("text", &out)}
		said := func() string {
			r.log.mu.Lock()
			defer r.log.mu.Unlock()
			return out.String()
		}
		ctx, cancel := context.WithCancel(t.Context())
		go r.watchTemplate(ctx)
		time.Sleep(3 * templatePoll)
		if said() != "" {
			t.Errorf("before it was saved: %s", said())
		}
		if err := os.Chtimes(path, time.Time{}, time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * templatePoll)
		cancel()
		synctest.Wait()
		if strings.Count(said(), "was saved: start again") != 1 {
			t.Errorf("after it was saved: %s", said())
		}
	})
}
