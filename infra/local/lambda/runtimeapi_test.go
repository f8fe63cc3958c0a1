package lambda

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// runtimeAPI returns the address that an external function's program talks to.
func runtimeAPI(t *testing.T, s *Service) string {
	t.Helper()
	for _, variable := range s.ExternalEnv("probe") {
		if address, found := strings.CutPrefix(variable, "AWS_LAMBDA_RUNTIME_API="); found {
			return "http://" + address + "/2018-06-01/runtime/"
		}
	}
	t.Fatal("no address")
	return ""
}

// send makes one request of a hand-made runtime and returns the status and request id.
func send(t *testing.T, ctx context.Context, method, url, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(r)
	if err != nil {
		return 0, ""
	}
	resp.Body.Close()
	return resp.StatusCode, resp.Header.Get("Lambda-Runtime-Aws-Request-Id")
}

func TestARuntimeThatBreaksTheRulesIsTold(t *testing.T) {
	s := start(t, Options{External: map[string]bool{"probe": true}}, probe())
	api := runtimeAPI(t, s)
	result := invoke(s, order{Do: "echo"})
	_, id := send(t, t.Context(), "GET", api+"invocation/next", "")
	for _, test := range []struct {
		name, path string
		status     int
	}{
		{"a response to nothing", "invocation/none/response", 400},
		{"an error of nothing", "invocation/none/error", 400},
		{"a response", "invocation/" + id + "/response", 202},
		{"a second response", "invocation/" + id + "/response", 400},
		{"an error after the response", "invocation/" + id + "/error", 400},
		{"an unknown path", "invocation/" + id + "/gossip", 404},
	} {
		if status, _ := send(t, t.Context(), "POST", api+test.path, `"answer"`); status != test.status {
			t.Errorf("%s: %d, want %d", test.name, status, test.status)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	var polling sync.WaitGroup
	polling.Go(func() { send(t, ctx, "GET", api+"invocation/next", "") })
	if got := <-result; string(got.Payload) != `"answer"` || got.FunctionError != "" {
		t.Errorf("%s %s", got.Payload, got.FunctionError)
	}
	if status, _ := send(t, t.Context(), "GET", api+"invocation/next", ""); status != 403 {
		t.Errorf("a second request for work: %d", status)
	}
	cancel()
	polling.Wait()
}

func TestAnErrorThatIsNoJSONIsMadeJSON(t *testing.T) {
	s := start(t, Options{External: map[string]bool{"probe": true}}, probe())
	api := runtimeAPI(t, s)
	result := invoke(s, order{Do: "echo"})
	_, id := send(t, t.Context(), "GET", api+"invocation/next", "")
	send(t, t.Context(), "POST", api+"invocation/"+id+"/error", "oh\xff")
	ctx, cancel := context.WithCancel(t.Context())
	var polling sync.WaitGroup
	polling.Go(func() { send(t, ctx, "GET", api+"invocation/next", "") })
	defer polling.Wait()
	defer cancel()
	if got := <-result; decodeError(got.Payload).Message != "oh\ufffd" || got.FunctionError != "Unhandled" {
		t.Errorf("%s", got.Payload)
	}
}

func TestWorkThatWasNotTakenGoesToTheNext(t *testing.T) {
	s := start(t, Options{External: map[string]bool{"probe": true}}, probe())
	p, inv := s.pools["probe"], newInvocation(nil)
	p.ready(p.external)
	if err := p.submit(inv); err != nil {
		t.Fatal(err)
	}
	p.detached(p.external) // between the choice and the delivery
	if len(p.queue) != 1 || len(p.external.work) != 0 || p.deliver(p.external, inv) {
		t.Errorf("queue %d, work %d", len(p.queue), len(p.external.work))
	}
	p.ready(p.external)
	if got := <-p.external.work; got != inv || !p.deliver(p.external, got) {
		t.Error("it went elsewhere")
	}
}

func TestWorkThatWasNotTakenIsAnsweredWhenTheServiceCloses(t *testing.T) {
	s := start(t, Options{}, probe())
	p := s.pools["probe"]
	call(t, s, order{Do: "echo"})
	p.mu.Lock()
	i := p.idle[0]
	inv := newInvocation(nil)
	i.current, p.idle = inv, nil
	p.inflight++
	p.mu.Unlock()
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-inv.done
	if _, err := inv.result(p.fn); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}
