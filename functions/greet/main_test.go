package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"edgestream/functions/internal/functiontest"
	"edgestream/functions/internal/stream"
)

func TestMain(m *testing.M) { functiontest.Main(m, main) }

func TestEveryMissingVariableIsNamed(t *testing.T) {
	log, status := functiontest.Start(t, nil)
	if status != 1 {
		t.Errorf("exit status %d", status)
	}
	for _, name := range []string{"CALLBACK_URL"} {
		if !strings.Contains(log, name) {
			t.Errorf("%s is not named in %s", name, log)
		}
	}
}

func TestAGreetingIsPosted(t *testing.T) {
	gateway, vars := functiontest.NewGateway(t), functiontest.Credentials()
	vars["CALLBACK_URL"] = gateway.URL
	greeting, err := json.Marshal(stream.Greeting{
		Connection: stream.Connection{ID: "PJqB0fHsqRcCHlw=", ConnectedAt: time.Now()},
		Frames:     []string{"first", "second"},
	})
	if err != nil {
		t.Fatal(err)
	}
	answer, log := functiontest.Invoke(t, vars, string(greeting))
	if got := strings.Join(gateway.Posts("PJqB0fHsqRcCHlw="), ","); got != "first,second" || answer != "null" || log != "" {
		t.Errorf("posted %s, answer %s, log %s", got, answer, log)
	}
}

func TestAGreetingThatClosesIsPostedFirst(t *testing.T) {
	gateway, vars := functiontest.NewGateway(t), functiontest.Credentials()
	vars["CALLBACK_URL"] = gateway.URL
	greeting, err := json.Marshal(stream.Greeting{
		Connection: stream.Connection{ID: "PJqB0fHsqRcCHlw=", ConnectedAt: time.Now()}, Frames: []string{"why not"}, Close: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	answer, log := functiontest.Invoke(t, vars, string(greeting))
	if got := strings.Join(gateway.Posts("PJqB0fHsqRcCHlw="), ","); got != "why not" || !gateway.Closed("PJqB0fHsqRcCHlw=") || answer != "null" || log != "" {
		t.Errorf("posted %s, answer %s, log %s", got, answer, log)
	}
}
