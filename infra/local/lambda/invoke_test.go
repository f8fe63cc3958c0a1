package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestAFunctionGetsItsEventAndContext(t *testing.T) {
	var invocations collector[Invocation]
	s := start(t, Options{OnInvocation: invocations.add}, probe())
	r, err := s.Invoke(t.Context(), "probe", order{Do: "echo", Text: "héllo"}.json())
	if err != nil || r.FunctionError != "" {
		t.Fatal(r, err)
	}
	got := parse(t, r)
	if got.Text != "héllo" || got.RequestID != r.RequestID || got.ARN != "arn:aws:lambda:us-east-1:000000000000:function:probe" {
		t.Errorf("reply = %+v, request id %s", got, r.RequestID)
	}
	if got.Remaining <= 0 || got.Remaining > 20*time.Second {
		t.Errorf("remaining time = %v", got.Remaining)
	}
	first := invocations.all()[0]
	if first.RequestID != r.RequestID || first.InitDuration <= 0 || first.BilledDuration < first.Duration+first.InitDuration {
		t.Errorf("invocation = %+v", first)
	}
	call(t, s, order{Do: "echo"})
	if second := invocations.all()[1]; second.InitDuration != 0 {
		t.Errorf("a warm invocation reports an init of %v", second.InitDuration)
	}
}

func TestTheEnvironmentIsLambdas(t *testing.T) {
	t.Setenv("LEAKED", "from the runner")
	s := start(t, Options{Region: "eu-west-3", Env: map[string]string{"A": "option", "B": "option"}},
		probe(func(f *Function) { f.MemoryMB = 256; f.Env = map[string]string{"B": "function"} }))
	env := call(t, s, order{Do: "env"}).Env
	want := map[string]string{
		"A": "option", "B": "function", "LEAKED": "", "HOME": "",
		"AWS_REGION": "eu-west-3", "AWS_DEFAULT_REGION": "eu-west-3",
		"AWS_LAMBDA_FUNCTION_NAME": "probe", "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256", "_HANDLER": "bootstrap", "TZ": ":UTC",
		"AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/probe",
	}
	for key, value := range want {
		if env[key] != value {
			t.Errorf("%s = %q, want %q", key, env[key], value)
		}
	}
	for _, key := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
		"AWS_LAMBDA_RUNTIME_API", "AWS_LAMBDA_LOG_STREAM_NAME", "LAMBDA_TASK_ROOT", "_X_AMZN_TRACE_ID"} {
		if env[key] == "" {
			t.Errorf("%s is not set", key)
		}
	}
}

func TestFailuresAreAnsweredAsLambdaAnswersThem(t *testing.T) {
	s := start(t, Options{}, probe(),
		probe(func(f *Function) { f.Name, f.Timeout = "hurried", 300*time.Millisecond }))
	tests := []struct {
		name          string
		order         order
		kind, message string // patterns
	}{
		{"an error that is returned", order{Do: "error", Text: "no such thing"}, "^errorString$", "^no such thing$"},
		{"a panic", order{Do: "panic", Text: "oh"}, "^string$", "^oh$"},
		{"an exit with a status", order{Do: "exit", Size: 4}, `^Runtime\.ExitError$`,
			"^RequestId: [0-9a-f-]{36} Error: Runtime exited with error: exit status 4$"},
		{"an exit with status 0", order{Do: "exit"}, `^Runtime\.ExitError$`,
			"^RequestId: [0-9a-f-]{36} Error: Runtime exited without providing a reason$"},
		{"a timeout", order{Do: "hang"}, `^Sandbox\.Timedout$`,
			`^\d{4}-\d\d-\d\dT[0-9:.]+Z [0-9a-f-]{36} Task timed out after 0\.30 seconds$`},
		{"a response of 6 MB and two quotes", order{Do: "big", Size: 6 << 20}, "", ""},
		{"a response of 7 MB", order{Do: "big", Size: 7 << 20}, `^Function\.ResponseSizeTooLarge$`,
			`^Response payload size exceeded maximum allowed payload size \(6291556 bytes\)\.$`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			name := "probe"
			if test.order.Do == "hang" {
				name = "hurried"
			}
			r, err := s.Invoke(t.Context(), name, test.order.json())
			if err != nil {
				t.Fatal(err)
			}
			if test.kind == "" {
				if r.FunctionError != "" || len(r.Payload) != test.order.Size+2 {
					t.Errorf("%q, %d bytes", r.FunctionError, len(r.Payload))
				}
				return
			}
			var body errorBody
			if err := json.Unmarshal(r.Payload, &body); err != nil || r.FunctionError != "Unhandled" {
				t.Fatalf("%s, %q, %v", r.Payload, r.FunctionError, err)
			}
			if !regexp.MustCompile(test.kind).MatchString(body.Type) || !regexp.MustCompile(test.message).MatchString(body.Message) {
				t.Errorf("error = %+v", body)
			}
		})
	}
	if got := call(t, s, order{Do: "echo", Text: "still here"}); got.Text != "still here" {
		t.Errorf("after the failures: %+v", got)
	}
}

func TestAnInitThatFailsIsAnswered(t *testing.T) {
	var lines collector[LogLine]
	s := start(t, Options{Log: lines.add, InitTimeout: 100 * time.Millisecond},
		Function{Name: "exits", Dir: program("nostart")},
		Function{Name: "hangs", Dir: program("nostart"), Timeout: 200 * time.Millisecond, Env: map[string]string{"HANG": "1"}})
	tests := map[string]string{
		"exits": `{"errorType":"Runtime.ExitError","errorMessage":"RequestId: ID Error: Runtime exited with error: exit status 7"}`,
		"hangs": `{"errorType":"Sandbox.Timedout","errorMessage":"TIME ID Task timed out after 0.20 seconds"}`,
	}
	for name, want := range tests {
		r, err := s.Invoke(t.Context(), name, []byte("{}"))
		if err != nil || r.FunctionError != "Unhandled" {
			t.Fatal(name, r, err)
		}
		got := strings.Replace(string(r.Payload), r.RequestID, "ID", 1)
		got = regexp.MustCompile(`\d{4}-\d\d-\d\dT[0-9:.]+Z`).ReplaceAllString(got, "TIME")
		if got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
	if got := lines.all(); len(got) != 2 || got[0].Text != "a variable is missing" || got[0].RequestID != "" {
		t.Errorf("log = %+v", got)
	}
}

func TestACallerThatGoesAwayDoesNotStopTheFunction(t *testing.T) {
	s := start(t, Options{Concurrency: 1}, probe())
	file, created := t.TempDir()+"/go", t.TempDir()+"/running"
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() {
		_, err := s.Invoke(ctx, "probe", order{Do: "await", File: file, Create: created}.json())
		result <- err
	}()
	eventually(t, "the function runs", func() bool { return exists(created) })
	cancel()
	if err := <-result; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	waiting, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	never := t.TempDir() + "/never"
	if _, err := s.Invoke(waiting, "probe", order{Do: "echo", Create: never}.json()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("while the one instance is busy: %v", err)
	}
	touch(t, file)
	call(t, s, order{Do: "echo"})
	if exists(never) {
		t.Error("an invocation that was withdrawn ran")
	}
}

func TestAFunctionThatCannotRunIsAnError(t *testing.T) {
	s, err := New(Options{CacheDir: t.TempDir()}, []Function{probe()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Invoke(t.Context(), "nobody", nil); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	if _, err := s.Invoke(t.Context(), "probe", nil); !errors.Is(err, ErrNotBuilt) {
		t.Error(err)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := s.Invoke(t.Context(), "probe", nil); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}
