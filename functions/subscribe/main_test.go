package main

import (
	"strings"
	"testing"

	"edgestream/functions/internal/functiontest"
)

func TestMain(m *testing.M) { functiontest.Main(m, main) }

func TestEveryMissingVariableIsNamed(t *testing.T) {
	log, status := functiontest.Start(t, nil)
	if status != 1 {
		t.Errorf("exit status %d", status)
	}
	for _, name := range []string{"ACCOUNTS_TABLE", "CONNECTIONS_TABLE", "CALLBACK_URL", "REPLAY_FUNCTION", "HISTORY_TABLE", "HISTORY_MINUTES", "MAX_SUBSCRIPTIONS", "MAX_TAG_LENGTH", "MAX_LIST_LENGTH", "MAX_MESSAGE_BYTES"} {
		if !strings.Contains(log, name) {
			t.Errorf("%s is not named in %s", name, log)
		}
	}
}

func TestTheClientIsToldWhenDynamoDBIsDown(t *testing.T) {
	gateway, vars := functiontest.NewGateway(t), functiontest.Credentials()
	vars["ACCOUNTS_TABLE"], vars["CONNECTIONS_TABLE"], vars["CALLBACK_URL"] = "Accounts", "Connections", gateway.URL
	vars["REPLAY_FUNCTION"], vars["HISTORY_TABLE"], vars["HISTORY_MINUTES"] = "replay", "History", "15"
	vars["MAX_SUBSCRIPTIONS"], vars["MAX_TAG_LENGTH"], vars["MAX_LIST_LENGTH"], vars["MAX_MESSAGE_BYTES"] = "100", "256", "64", "16384"
	vars["AWS_ENDPOINT_URL"] = functiontest.Nowhere(t)
	const event = `{"requestContext":{"connectionId":"c=","requestId":"r=","connectedAt":1701245041123},"body":"{\"type\":\"subscribe\",\"stream\":\"user\"}"}`
	answer, log := functiontest.Invoke(t, vars, event)
	if !strings.HasPrefix(answer, `{"statusCode":200,`) || !strings.Contains(log, `"level":"ERROR"`) {
		t.Errorf("answer %s, log %s", answer, log)
	}
	const want = `{"error":"An unexpected error occurred","status":500}`
	if got := gateway.Posts("c="); len(got) != 1 || got[0] != want {
		t.Errorf("posted %v", got)
	}
}

func TestTheLimitsComeFromTheEnvironment(t *testing.T) {
	gateway, vars := functiontest.NewGateway(t), functiontest.Credentials()
	vars["ACCOUNTS_TABLE"], vars["CONNECTIONS_TABLE"], vars["CALLBACK_URL"] = "Accounts", "Connections", gateway.URL
	vars["REPLAY_FUNCTION"], vars["HISTORY_TABLE"], vars["HISTORY_MINUTES"] = "replay", "History", "15"
	vars["MAX_SUBSCRIPTIONS"], vars["MAX_TAG_LENGTH"], vars["MAX_LIST_LENGTH"], vars["MAX_MESSAGE_BYTES"] = "100", "256", "64", "16384"
	vars["MAX_MESSAGE_BYTES"] = "10"
	functiontest.Invoke(t, vars, `{"requestContext":{"connectionId":"c="},"body":"12345678901"}`)
	if got := gateway.Posts("c="); len(got) != 1 || got[0] != `{"error":"Message is too large","status":413}` {
		t.Errorf("posted %v", got)
	}
	vars["MAX_MESSAGE_BYTES"], vars["MAX_TAG_LENGTH"] = "ten", "-1"
	log, status := functiontest.Start(t, vars)
	if status != 1 || !strings.Contains(log, "MAX_MESSAGE_BYTES") || !strings.Contains(log, "MAX_TAG_LENGTH") {
		t.Errorf("status %d, log %s", status, log)
	}
}
