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
	for _, name := range []string{"ACCOUNTS_TABLE", "CONNECTIONS_TABLE", "GREET_FUNCTION", "REPLAY_FUNCTION", "HISTORY_TABLE", "HISTORY_MINUTES", "MAX_SUBSCRIPTIONS", "MAX_CONNECTIONS", "MAX_TAG_LENGTH", "MAX_LIST_LENGTH"} {
		if !strings.Contains(log, name) {
			t.Errorf("%s is not named in %s", name, log)
		}
	}
}

func TestTheHandshakeIsRefusedWhenDynamoDBIsDown(t *testing.T) {
	vars := functiontest.Credentials()
	vars["ACCOUNTS_TABLE"], vars["CONNECTIONS_TABLE"], vars["GREET_FUNCTION"] = "Accounts", "Connections", "greet"
	vars["REPLAY_FUNCTION"], vars["HISTORY_TABLE"], vars["HISTORY_MINUTES"] = "replay", "History", "15"
	vars["MAX_SUBSCRIPTIONS"], vars["MAX_CONNECTIONS"], vars["MAX_TAG_LENGTH"], vars["MAX_LIST_LENGTH"] = "100", "50", "256", "64"
	vars["AWS_ENDPOINT_URL"] = functiontest.Nowhere(t)
	const event = `{"headers":{"Authorization":"Bearer s3cret"},"requestContext":{"connectionId":"c=","requestId":"r=","connectedAt":1701245041123}}`
	answer, log := functiontest.Invoke(t, vars, event)
	if !strings.HasPrefix(answer, `{"statusCode":500,`) {
		t.Errorf("answer %s", answer)
	}
	if !strings.Contains(log, `"level":"ERROR"`) || !strings.Contains(log, `"request":"r="`) || strings.Contains(log, "s3cret") {
		t.Errorf("log %s", log)
	}
}

func TestAHandshakeWithoutTokenNeedsNoTable(t *testing.T) {
	vars := functiontest.Credentials()
	vars["ACCOUNTS_TABLE"], vars["CONNECTIONS_TABLE"], vars["GREET_FUNCTION"] = "Accounts", "Connections", "greet"
	vars["REPLAY_FUNCTION"], vars["HISTORY_TABLE"], vars["HISTORY_MINUTES"] = "replay", "History", "15"
	vars["MAX_SUBSCRIPTIONS"], vars["MAX_CONNECTIONS"], vars["MAX_TAG_LENGTH"], vars["MAX_LIST_LENGTH"] = "100", "50", "256", "64"
	vars["AWS_ENDPOINT_URL"] = functiontest.Nowhere(t)
	answer, log := functiontest.Invoke(t, vars, `{"requestContext":{"connectionId":"c="}}`)
	if !strings.HasPrefix(answer, `{"statusCode":401,`) || !strings.Contains(log, `"level":"INFO"`) {
		t.Errorf("answer %s, log %s", answer, log)
	}
}
