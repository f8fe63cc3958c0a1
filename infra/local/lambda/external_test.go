package lambda

import (
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// debugged starts testdata/probe as a person would: with the environment that the Service names.
func debugged(t *testing.T, s *Service) (stop func()) {
	t.Helper()
	cmd := exec.Command(cache + "/bin/0/probe")
	cmd.Env = s.ExternalEnv("probe")
	cmd.Stderr = io.Discard
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop = func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	t.Cleanup(stop)
	return stop
}

func invoke(s *Service, o order) <-chan Result {
	result := make(chan Result, 1)
	go func() {
		r, err := s.Invoke(s.life, "probe", o.json())
		if err != nil {
			r.FunctionError = err.Error()
		}
		result <- r
	}()
	return result
}

func TestAnExternalFunctionIsServedByWhoeverAttaches(t *testing.T) {
	s := start(t, Options{External: map[string]bool{"probe": true}}, probe(func(f *Function) { f.Timeout = time.Millisecond }))
	env := s.ExternalEnv("probe")
	if !slices.ContainsFunc(env, func(e string) bool { return strings.HasPrefix(e, "AWS_LAMBDA_RUNTIME_API=127.0.0.1:") }) {
		t.Errorf("environment = %v", env)
	}
	if slices.ContainsFunc(env, func(e string) bool { return strings.HasPrefix(e, "PATH=") }) {
		t.Error("a debugger would not find Go on Lambda's PATH")
	}
	waiting := []<-chan Result{invoke(s, order{Do: "echo"}), invoke(s, order{Do: "echo"})}
	stop := debugged(t, s)
	first := parse(t, <-waiting[0])
	if second := parse(t, <-waiting[1]); second.PID != first.PID || first.Remaining < time.Hour {
		t.Errorf("%+v, then %+v", first, second)
	}
	stop()
	restarted := invoke(s, order{Do: "echo"})
	debugged(t, s)
	if got := parse(t, <-restarted); got.PID == first.PID {
		t.Error("the process that was stopped answered")
	}
}

func TestADebuggedProgramThatIsRestartedLosesItsInvocation(t *testing.T) {
	s := start(t, Options{External: map[string]bool{"probe": true}}, probe())
	running := t.TempDir() + "/running"
	stop := debugged(t, s)
	lost := invoke(s, order{Do: "hang", Create: running})
	eventually(t, "the invocation runs", func() bool { return exists(running) })
	stop()
	debugged(t, s)
	if got := <-lost; decodeError(got.Payload).Type != "Runtime.ExitError" {
		t.Errorf("%s %s", got.Payload, got.FunctionError)
	}
	call(t, s, order{Do: "echo"})
}

func TestClosingAnswersWhatADebuggedProgramWasAt(t *testing.T) {
	s := start(t, Options{External: map[string]bool{"probe": true}}, probe())
	debugged(t, s)
	running := t.TempDir() + "/running"
	result := make(chan error, 2)
	for _, o := range []order{{Do: "hang", Create: running}, {Do: "echo"}} {
		go func() {
			_, err := s.Invoke(t.Context(), "probe", o.json())
			result <- err
		}()
		if o.Do == "hang" {
			eventually(t, "the invocation runs", func() bool { return exists(running) })
		}
	}
	p := s.pools["probe"]
	eventually(t, "the second one waits", func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return len(p.queue) == 1
	})
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	a, b := <-result, <-result
	if (a == nil) == (b == nil) || !errors.Is(errors.Join(a, b), ErrClosed) {
		t.Error(a, b)
	}
}

func TestOnlyExternalFunctionsHaveAnExternalEnvironment(t *testing.T) {
	s := start(t, Options{}, probe())
	if s.ExternalEnv("probe") != nil || s.ExternalEnv("nobody") != nil {
		t.Error("an environment for a function that is not external")
	}
}
