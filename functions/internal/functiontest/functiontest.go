// Package functiontest runs a function's real main in a process of its own, under a Lambda
// Runtime API that hands it one event, https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html.
// The process is the test binary itself, so that nothing needs to be built.
package functiontest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// marker is set in the environment of a process that is to be the function.
const marker = "FUNCTIONTEST_MAIN"

// RequestID is the id of the invocation.
const RequestID = "8476a536-e9f4-11e8-9739-2dfe598c3fcd"

// Main is for TestMain: in a process that this package started it runs the function, else the tests.
func Main(m *testing.M, main func()) {
	if os.Getenv(marker) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// Start runs the function with these variables and no others, and waits for it to end by itself.
// It returns what it logged and its exit status.
func Start(t *testing.T, vars map[string]string) (log string, status int) {
	t.Helper()
	cmd, out := command(t, vars)
	err := cmd.Run()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		t.Fatal(err)
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

// Invoke runs the function with these variables, gives it the event and ends it when it has
// answered. It returns the answer and what was logged. An invocation that fails, as Lambda counts
// it, fails the test.
func Invoke(t *testing.T, vars map[string]string, event string) (answer, log string) {
	t.Helper()
	answers := make(chan result, 1)
	done := make(chan struct{})
	api := httptest.NewServer(runtimeAPI(event, answers, done))
	defer api.Close()
	defer close(done)
	all := map[string]string{"AWS_LAMBDA_RUNTIME_API": strings.TrimPrefix(api.URL, "http://")}
	for name, value := range vars {
		all[name] = value
	}
	cmd, out := command(t, all)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	got := wait(t, answers)
	_ = cmd.Process.Kill()
	_ = cmd.Wait() // also waits for the log to be complete
	if got.failed {
		t.Fatalf("the invocation failed: %s\n%s", got.body, out)
	}
	return got.body, out.String()
}

// result is how an invocation ended.
type result struct {
	body   string
	failed bool
}

func wait(t *testing.T, answers <-chan result) result {
	select {
	case got := <-answers:
		return got
	case <-time.After(20 * time.Second):
		t.Error("no answer in 20 seconds")
		return result{failed: true}
	}
}

func command(t *testing.T, vars map[string]string) (*exec.Cmd, *bytes.Buffer) {
	var out bytes.Buffer
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = []string{marker + "=1"}
	for name, value := range vars {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.Stdout, cmd.Stderr = &out, &out
	return cmd, &out
}

// runtimeAPI has one event; who asks for another waits until done.
func runtimeAPI(event string, answers chan<- result, done <-chan struct{}) http.Handler {
	const root = "/2018-06-01/runtime/invocation/"
	events := make(chan string, 1)
	events <- event
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+root+"next", func(w http.ResponseWriter, r *http.Request) {
		select {
		case event := <-events:
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", RequestID)
			w.Header().Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(10*time.Second).UnixMilli(), 10))
			w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:123456789012:function:f")
			_, _ = io.WriteString(w, event)
		case <-done:
		case <-r.Context().Done():
		}
	})
	finish := func(failed bool) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			w.WriteHeader(http.StatusAccepted)
			answers <- result{string(body), failed}
		}
	}
	mux.HandleFunc("POST "+root+RequestID+"/response", finish(false))
	mux.HandleFunc("POST "+root+RequestID+"/error", finish(true))
	return mux
}
