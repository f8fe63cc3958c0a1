package functionurl

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"edgestream/infra/local/lambda"
)

// serve starts a server for a URL whose function streams what is written to the pipe.
func serve(t *testing.T, headers map[string]string) (*http.Response, *io.PipeWriter) {
	t.Helper()
	r, w := io.Pipe()
	f := newFake()
	f.stream = &lambda.StreamingResult{RequestID: "id", StatusCode: 418, Headers: headers, Cookies: []string{"a=1", "b=2"}, Body: r}
	server := httptest.NewServer(newHandler(f, URL{InvokeMode: ResponseStream}))
	t.Cleanup(server.Close)
	t.Cleanup(server.Client().CloseIdleConnections)
	res, err := server.Client().Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	return res, w
}

func read(t *testing.T, body io.Reader, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(body, got); err != nil || string(got) != want {
		t.Fatalf("%q, %v; want %q", got, err, want)
	}
}

func TestHeadersAndPiecesLeaveAtOnce(t *testing.T) {
	// serve returns with the headers, before anything is written: nothing waits for more.
	res, w := serve(t, map[string]string{"Content-Type": "text/event-stream", "content-length": "5"})
	if res.StatusCode != 418 || res.Header.Get("X-Amzn-Requestid") != "id" || res.Header.Get("Content-Type") != "text/event-stream" || res.ContentLength != -1 ||
		!slices.Equal(res.Header.Values("Set-Cookie"), []string{"a=1", "b=2"}) {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
	for _, piece := range []string{"one", "two", "three"} {
		if _, err := io.WriteString(w, piece); err != nil {
			t.Fatal(err)
		}
		read(t, res.Body, piece)
	}
	w.Close()
	if rest, err := io.ReadAll(res.Body); len(rest) > 0 || err != nil {
		t.Errorf("%q, %v", rest, err)
	}
}

func TestAStreamWithoutATypeIsBytes(t *testing.T) {
	res, w := serve(t, nil)
	w.Close()
	if got := res.Header.Get("Content-Type"); got != "application/octet-stream" {
		t.Errorf("Content-Type is %q", got)
	}
}

func TestAnErrorInTheMiddleCutsTheConnection(t *testing.T) {
	res, w := serve(t, nil)
	go func() {
		io.WriteString(w, "half")
		w.CloseWithError(&lambda.FunctionError{Payload: []byte(`{"errorMessage":"no"}`)})
	}()
	rest, err := io.ReadAll(res.Body)
	if string(rest) != "half" || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%q, %v: want half of it and then a cut", rest, err)
	}
}

func TestAReaderThatLeavesLetsTheStreamGo(t *testing.T) {
	res, w := serve(t, nil)
	res.Body.Close()
	for { // as the lambda package does, which throws the rest away
		if _, err := io.WriteString(w, "x"); err != nil {
			return
		}
	}
}

// TestARealFunctionStreams runs a program built with lambdaurl: one piece for each file.
func TestAStreamIsCutOffInSilenceWhenEverythingEnds(t *testing.T) {
	r, w := io.Pipe()
	f := newFake()
	f.stream = &lambda.StreamingResult{StatusCode: 200, Body: r}
	var log strings.Builder
	life, end := context.WithCancel(t.Context())
	server := httptest.NewServer(New(URL{InvokeMode: ResponseStream}, Options{Lambda: f, Life: life, Logger: slog.New(slog.NewTextHandler(&log, nil))}))
	defer server.Close()
	res, err := server.Client().Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.WriteString(w, "half"); err != nil {
		t.Fatal(err)
	}
	read(t, res.Body, "half")
	end()
	if rest, err := io.ReadAll(res.Body); len(rest) > 0 || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%q, %v", rest, err)
	}
	server.Close() // the handler has returned
	if log.Len() > 0 {
		t.Error(log.String())
	}
}

func TestARealFunctionStreams(t *testing.T) {
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan lambda.Invocation, 1)
	s, err := lambda.New(lambda.Options{Root: root, CacheDir: t.TempDir(), OnInvocation: func(i lambda.Invocation) { ended <- i }},
		[]lambda.Function{{Name: "F", Dir: filepath.Join(root, "infra/local/lambda/testdata/pieces"), Timeout: 20 * time.Second}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(t.Context()) })
	if err := s.Build(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(New(URL{Function: "F", Domain: domain, InvokeMode: ResponseStream}, Options{Lambda: s}))
	t.Cleanup(server.Close)
	gate, done := filepath.Join(t.TempDir(), "gate"), filepath.Join(t.TempDir(), "done")
	res, err := server.Client().Get(server.URL + "/?await=" + gate + "&done=" + done)
	if err != nil {
		t.Fatal(err)
	}
	read(t, res.Body, "piece 0\n")
	if len(ended) != 0 {
		t.Error("it ended while it was writing")
	}
	res.Body.Close() // the function runs on all the same
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if i := <-ended; i.FunctionError != "" || !i.Streaming || i.StreamStatus != 418 {
		t.Errorf("%+v", i)
	}
	if _, err := os.Stat(done); err != nil {
		t.Errorf("it did not run to its end: %v", err)
	}
	server.Client().CloseIdleConnections()
}

// slow begins to answer when its caller has given up.
type slow struct{ Lambda }

func (slow) InvokeStream(ctx context.Context, _ string, _ []byte) (*lambda.StreamingResult, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestAnOperatorHearsOfAStreamThatDoesNotBegin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		h := New(URL{Function: "F", InvokeMode: ResponseStream}, Options{Lambda: slow{}, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		ctx, cancel := context.WithTimeout(t.Context(), patience+time.Second)
		defer cancel()
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil).WithContext(ctx))
		synctest.Wait()
		if strings.Count(log.String(), "still waits for its function") != 1 {
			t.Errorf("it says %q", log.String())
		}
	})
}
