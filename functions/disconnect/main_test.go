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
	for _, name := range []string{"CONNECTIONS_TABLE"} {
		if !strings.Contains(log, name) {
			t.Errorf("%s is not named in %s", name, log)
		}
	}
}

func TestAConnectionThatCannotBeRemovedIsLogged(t *testing.T) {
	vars := functiontest.Credentials()
	vars["CONNECTIONS_TABLE"], vars["AWS_ENDPOINT_URL"] = "Connections", functiontest.Nowhere(t)
	answer, log := functiontest.Invoke(t, vars, `{"requestContext":{"connectionId":"c=","requestId":"r=","connectedAt":1701245041123}}`)
	if !strings.HasPrefix(answer, `{"statusCode":500,`) || !strings.Contains(log, `"connection":"c="`) {
		t.Errorf("answer %s, log %s", answer, log)
	}
}

func TestChannelsNeedMoreVariables(t *testing.T) {
	for protocols, needed := range map[string]bool{"": false, "mastodon": false, "both": true, "pusher": true} {
		log, _ := functiontest.Start(t, map[string]string{"PROTOCOLS": protocols})
		for _, name := range []string{"ACCOUNTS_TABLE", "CONTENT_TABLE", "HOOK_QUEUE_URL"} {
			if strings.Contains(log, name) != needed {
				t.Errorf("%q: %s: %s", protocols, name, log)
			}
		}
	}
}
