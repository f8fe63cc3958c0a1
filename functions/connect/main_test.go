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

func TestStreamsNeedMoreVariables(t *testing.T) {
	for protocols, needed := range map[string]bool{"": true, "mastodon": true, "both": true, "pusher": false} {
		log, _ := functiontest.Start(t, map[string]string{"PROTOCOLS": protocols})
		for _, name := range []string{"REPLAY_FUNCTION", "HISTORY_TABLE", "MAX_TAG_LENGTH"} {
			if strings.Contains(log, name) != needed {
				t.Errorf("%q: %s: %s", protocols, name, log)
			}
		}
	}
}

func TestChannelsNeedMoreVariables(t *testing.T) {
	for protocols, needed := range map[string]bool{"": false, "mastodon": false, "both": true, "pusher": true} {
		if log, _ := functiontest.Start(t, map[string]string{"PROTOCOLS": protocols}); strings.Contains(log, "CONTENT_TABLE") != needed {
			t.Errorf("%q: %s", protocols, log)
		}
	}
	if log, _ := functiontest.Start(t, map[string]string{"PROTOCOLS": "all"}); !strings.Contains(log, "PROTOCOLS") {
		t.Error(log)
	}
}

func TestTheProtocolThatIsOffIsNotFound(t *testing.T) {
	vars := functiontest.Credentials()
	vars["ACCOUNTS_TABLE"], vars["CONNECTIONS_TABLE"], vars["GREET_FUNCTION"], vars["CONTENT_TABLE"] = "Accounts", "Connections", "greet", "Content"
	vars["REPLAY_FUNCTION"], vars["HISTORY_TABLE"], vars["HISTORY_MINUTES"] = "replay", "History", "15"
	vars["MAX_SUBSCRIPTIONS"], vars["MAX_CONNECTIONS"], vars["MAX_TAG_LENGTH"], vars["MAX_LIST_LENGTH"] = "100", "50", "256", "64"
	vars["AWS_ENDPOINT_URL"], vars["PROTOCOLS"] = functiontest.Nowhere(t), "pusher"
	if answer, log := functiontest.Invoke(t, vars, `{"requestContext":{"connectionId":"c="}}`); !strings.HasPrefix(answer, `{"statusCode":404,`) {
		t.Errorf("answer %s, log %s", answer, log)
	}
	const named = `{"queryStringParameters":{"app":"key"},"requestContext":{"connectionId":"c=","requestId":"r="}}`
	if answer, log := functiontest.Invoke(t, vars, named); !strings.HasPrefix(answer, `{"statusCode":500,`) || !strings.Contains(log, `"request":"r="`) {
		t.Errorf("answer %s, log %s", answer, log)
	}
}
