package stack_test

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// urls is a stack of two functions with URLs behind an edge, one of them on a schedule.
func urls(t *testing.T, flags ...string) *world {
	t.Helper()
	return newStack(t, append([]string{"--template", filepath.Join(tiny(t), "url.yaml")}, flags...)...)
}

// ran waits for an invocation that has ended, by its route.
func (w *world) ran(t *testing.T, route string) (result string) {
	t.Helper()
	eventually(t, route+" has run", func() bool {
		for _, i := range w.Invocations() {
			if i.Route == route {
				result = i.Result
				return true
			}
		}
		return false
	})
	return result
}

func TestAStreamingFunctionBehindTheEdgeArrivesPieceByPiece(t *testing.T) {
	t.Parallel()
	w := urls(t)
	gate := filepath.Join(t.TempDir(), "gate")
	res, err := w.http.Get(w.Edge + "/tell/a%20b?until=" + gate)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewReader(res.Body)
	first, err := lines.ReadString('\n')
	if want := "data: tellurl.lambda-url.us-east-1.on.aws /tell/a%20b\n"; err != nil || first != want {
		t.Fatalf("%q, %v; want %q", first, err, want)
	}
	if res.Header.Get("Content-Type") != "text/event-stream" || res.Header.Get("X-Cache") != "Miss from cloudfront" || res.ContentLength >= 0 {
		t.Errorf("%s %v", res.Status, res.Header)
	}
	if len(w.Invocations()) != 0 {
		t.Error("the function has ended before it was let go")
	}
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(lines); err != nil || string(rest) != "\ndata: end\n\n" {
		t.Errorf("%q, %v", rest, err)
	}
	if result := w.ran(t, "GET /tell/a%20b"); !strings.HasPrefix(result, "200") {
		t.Errorf("logged as %s", result)
	}
}

func TestAFunctionIsGivenTheAddressAtWhichAnothersURLIsServed(t *testing.T) {
	t.Parallel()
	w := urls(t)
	res, err := w.http.Get(w.Edge + "/anything")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	w.said(t, w.API+"/lambda-url/TellUrl/ one $default")
	res, err = w.http.Get(w.API + "/lambda-url/TellUrl/x")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusOK || !strings.Contains(string(body), " /x\n") {
		t.Errorf("%s %s", res.Status, body)
	}
}

func TestASchedulesFunctionRunsAndADisabledOneDoesNot(t *testing.T) {
	t.Parallel()
	w := urls(t, "--schedule-every", "50ms")
	w.ran(t, "Scheduled Event")
	eventually(t, "it runs again and again", func() bool { return w.Counts()["Say"] > 2 })
	for _, line := range w.Lines() {
		if strings.Contains(line.Text, "never") {
			t.Errorf("the disabled schedule ran: %s", line.Text)
		}
	}
}

func TestListenReadsAnEventStream(t *testing.T) {
	t.Parallel()
	w := urls(t)
	cmd, stop := command(t, "listen", w.Edge+"/tell/me")
	defer stop()
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte(" /tell/me\n")) || !bytes.HasSuffix(out, []byte("ended by the server\n")) {
		t.Errorf("%v: %s", err, out)
	}
}

func TestCtrlCEndsStreamsThatAreOpen(t *testing.T) {
	t.Parallel()
	p, err := program()
	if err != nil {
		t.Fatal(err)
	}
	w, err := start(p, "--template", filepath.Join(tiny(t), "url.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	res, err := w.http.Get(w.Edge + "/tell/x?until=" + filepath.Join(t.TempDir(), "never"))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := w.end(); err != nil {
		t.Errorf("it ended with %v", err)
	}
	if rest, err := io.ReadAll(res.Body); err == nil || bytes.Contains(rest, []byte("end")) {
		t.Errorf("the stream ended well: %q, %v", rest, err)
	}
}
