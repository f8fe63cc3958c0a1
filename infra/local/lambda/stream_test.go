package lambda

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
)

// pieces is a function that runs testdata/pieces.
func pieces(timeout time.Duration) Function {
	return Function{Name: "pieces", Dir: program("pieces"), Timeout: timeout}
}

// urlEvent is what a Function URL sends for a GET with this query.
func urlEvent(query url.Values) []byte {
	var e events.LambdaFunctionURLRequest
	e.RawPath, e.RawQueryString = "/", query.Encode()
	e.RequestContext.DomainName = "local"
	e.RequestContext.HTTP.Method = "GET"
	b, err := json.Marshal(e)
	if err != nil {
		panic(err)
	}
	return b
}

// read returns the next n bytes of a body.
func read(t *testing.T, body io.Reader, n int) string {
	t.Helper()
	buf := make([]byte, n)
	if _, err := io.ReadFull(body, buf); err != nil {
		t.Fatal(err)
	}
	return string(buf)
}

func TestPiecesArriveAsTheyAreWritten(t *testing.T) {
	var invocations collector[Invocation]
	s := start(t, Options{OnInvocation: invocations.add}, pieces(20*time.Second))
	first, second := t.TempDir()+"/1", t.TempDir()+"/2"
	r, err := s.InvokeStream(t.Context(), "pieces", urlEvent(url.Values{"await": {first, second}}))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if r.StatusCode != 418 || r.Headers["Content-Type"] != "text/event-stream" || !cmp.Equal(r.Cookies, []string{"a=1", "b=2"}) {
		t.Errorf("%+v", r)
	}
	if got := read(t, r.Body, 8); got != "piece 0\n" {
		t.Errorf("%q", got)
	}
	touch(t, first)
	if got := read(t, r.Body, 8); got != "piece 1\n" {
		t.Errorf("%q", got)
	}
	if len(invocations.all()) != 0 {
		t.Error("finished while it was still writing")
	}
	touch(t, second)
	if rest, err := io.ReadAll(r.Body); string(rest) != "end" || err != nil {
		t.Errorf("%q, %v", rest, err)
	}
	if got := invocations.all(); len(got) != 1 || !got[0].Streaming || got[0].StreamStatus != 418 || got[0].RequestID != r.RequestID {
		t.Errorf("%+v", got)
	}
}

func TestAStreamThatFailsHalfWayEndsWithTheError(t *testing.T) {
	tests := []struct {
		name    string
		timeout time.Duration
		fault   string
		kind    string
	}{
		{"the process exits", 20 * time.Second, "exit", "Runtime.ExitError"},
		{"the handler panics", 20 * time.Second, "panic", "Runtime.ExitError"},
		{"time runs out", 300 * time.Millisecond, "", "Sandbox.Timedout"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := start(t, Options{}, pieces(test.timeout))
			gate := t.TempDir() + "/gate"
			r, err := s.InvokeStream(t.Context(), "pieces", urlEvent(url.Values{"await": {gate}, test.fault: {""}}))
			if err != nil {
				t.Fatal(err)
			}
			defer r.Body.Close()
			if got := read(t, r.Body, 8); got != "piece 0\n" {
				t.Errorf("%q", got)
			}
			if test.fault != "" {
				touch(t, gate)
			}
			rest, err := io.ReadAll(r.Body)
			var failed *FunctionError
			if !errors.As(err, &failed) || decodeError(failed.Payload).Type != test.kind || len(rest) > 0 {
				t.Errorf("%q, %v", rest, err)
			}
		})
	}
}

func TestAnErrorInTheTrailersEndsTheStream(t *testing.T) {
	s := start(t, Options{}, Function{Name: "reader", Dir: program("probe"), Timeout: 20 * time.Second})
	r, err := s.InvokeStream(t.Context(), "reader", order{Do: "broken reader", Text: "half"}.json())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	var failed *FunctionError
	if string(body) != "half" || !errors.As(err, &failed) || decodeError(failed.Payload) != (errorBody{"errorString", "the rest is lost"}) {
		t.Errorf("%q, %v", body, err)
	}
	if r.StatusCode != 200 || r.Headers["Content-Type"] != "application/octet-stream" {
		t.Errorf("%+v", r)
	}
}

func TestAStreamThatFailsAtOnceIsAnError(t *testing.T) {
	s := start(t, Options{}, probe(), Function{Name: "nostart", Dir: program("nostart")})
	var failed *FunctionError
	if _, err := s.InvokeStream(t.Context(), "nostart", nil); !errors.As(err, &failed) || decodeError(failed.Payload).Type != "Runtime.ExitError" {
		t.Error(err)
	}
	if _, err := s.InvokeStream(t.Context(), "probe", order{Do: "error", Text: "no"}.json()); !errors.As(err, &failed) || decodeError(failed.Payload).Message != "no" {
		t.Error(err)
	}
	if _, err := s.InvokeStream(t.Context(), "nobody", nil); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}

func TestAReaderThatGoesAwayDoesNotStopTheFunction(t *testing.T) {
	s := start(t, Options{}, pieces(20*time.Second))
	gate, done := t.TempDir()+"/gate", t.TempDir()+"/done"
	ctx, cancel := context.WithCancel(t.Context())
	r, err := s.InvokeStream(ctx, "pieces", urlEvent(url.Values{"await": {gate}, "done": {done}}))
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	cancel()
	touch(t, gate)
	eventually(t, "the function finishes", func() bool { return exists(done) })
}

func TestAPreludeIsReadHoweverItIsCut(t *testing.T) {
	tests := []struct {
		name, text string
		want       prelude
		rest       string
		ok         bool
	}{
		{"all of it", `{"statusCode":201,"headers":{"A":"b"},"cookies":["c=d"]}` + "\x00\x00\x00\x00\x00\x00\x00\x00body",
			prelude{201, map[string]string{"A": "b"}, []string{"c=d"}}, "body", true},
		{"no status", "{}\x00\x00\x00\x00\x00\x00\x00\x00", prelude{StatusCode: 200}, "", true},
		{"no end", `{"statusCode":200}`, prelude{}, "", false},
		{"no JSON", "hello\x00\x00\x00\x00\x00\x00\x00\x00", prelude{}, "", false},
		{"a wrong type", `{"statusCode":"200"}` + "\x00\x00\x00\x00\x00\x00\x00\x00", prelude{}, "", false},
		{"an impossible status", `{"statusCode":9}` + "\x00\x00\x00\x00\x00\x00\x00\x00", prelude{}, "", false},
		{"far too long", strings.Repeat("x", 2*maxPrelude), prelude{}, "", false},
		{"nothing", "", prelude{}, "", false},
	}
	for _, test := range tests {
		for cut, reader := range map[string]io.Reader{
			"at once":          strings.NewReader(test.text),
			"byte by byte":     iotest.OneByteReader(strings.NewReader(test.text)),
			"with EOF at once": iotest.DataErrReader(strings.NewReader(test.text)),
		} {
			if cut == "byte by byte" && len(test.text) > maxPrelude {
				continue // quadratic, and the same
			}
			got, rest, err := readPrelude(reader)
			if !test.ok {
				if !errors.Is(err, errPrelude) {
					t.Errorf("%s, %s: %v", test.name, cut, err)
				}
				continue
			}
			tail, _ := io.ReadAll(reader)
			if err != nil || !cmp.Equal(got, test.want) || string(rest)+string(tail) != test.rest {
				t.Errorf("%s, %s: %+v, %q, %v", test.name, cut, got, rest, err)
			}
		}
	}
}

func FuzzReadPrelude(f *testing.F) {
	f.Add([]byte("{\"statusCode\":200}\x00\x00\x00\x00\x00\x00\x00\x00x"))
	f.Add([]byte("\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		head, rest, err := readPrelude(bytes.NewReader(data))
		if err != nil {
			return
		}
		_, body, found := bytes.Cut(data, preludeEnd)
		if !found || !bytes.HasPrefix(body, rest) || head.StatusCode < 100 || head.StatusCode > 599 {
			t.Errorf("%+v, %q", head, rest)
		}
	})
}
