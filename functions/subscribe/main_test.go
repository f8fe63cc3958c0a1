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
		log, _ := functiontest.Start(t, map[string]string{"PROTOCOLS": protocols, "MAX_CHANNEL_LENGTH": "x"})
		for _, name := range []string{"CONTENT_TABLE", "HOOK_QUEUE_URL", "MAX_CHANNEL_LENGTH"} {
			if strings.Contains(log, name) != needed {
				t.Errorf("%q: %s: %s", protocols, name, log)
			}
		}
	}
}

func TestEachProtocolHasItsOwnAnswer(t *testing.T) {
	const channels = `{"event":"pusher:subscription_error","channel":"room","data":{"type":"ServerError","error":"An unexpected error occurred","status":500}}`
	const streams = `{"error":"An unexpected error occurred","status":500}`
	bodies := []string{`{\"event\":\"pusher:subscribe\",\"data\":{\"channel\":\"room\"}}`, `{\"type\":\"subscribe\",\"stream\":\"user\"}`}
	for protocols, want := range map[string]string{"mastodon": streams, "both": channels + "," + streams, "pusher": channels} {
		gateway, vars := functiontest.NewGateway(t), functiontest.Credentials()
		vars["ACCOUNTS_TABLE"], vars["CONNECTIONS_TABLE"], vars["CALLBACK_URL"] = "Accounts", "Connections", gateway.URL
		vars["REPLAY_FUNCTION"], vars["HISTORY_TABLE"], vars["HISTORY_MINUTES"] = "replay", "History", "15"
		vars["MAX_SUBSCRIPTIONS"], vars["MAX_TAG_LENGTH"], vars["MAX_LIST_LENGTH"], vars["MAX_MESSAGE_BYTES"] = "100", "256", "64", "16384"
		vars["AWS_ENDPOINT_URL"], vars["PROTOCOLS"] = functiontest.Nowhere(t), protocols
		vars["CONTENT_TABLE"], vars["HOOK_QUEUE_URL"] = "Content", "https://sqs.us-east-1.amazonaws.com/123456789012/hooks"
		for _, body := range bodies {
			functiontest.Invoke(t, vars, `{"requestContext":{"connectionId":"c=","connectedAt":1701245041123},"body":"`+body+`"}`)
		}
		if got := strings.Join(gateway.Posts("c="), ","); got != want {
			t.Errorf("%s: posted %s", protocols, got)
		}
	}
}
