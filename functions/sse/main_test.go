package main

import (
	"strings"
	"testing"

	"edgestream/functions/internal/functiontest"
)

func TestMain(m *testing.M) { functiontest.Main(m, main) }

func vars(t *testing.T) map[string]string {
	v := functiontest.Credentials()
	v["ACCOUNTS_TABLE"], v["CONNECTIONS_TABLE"], v["HISTORY_TABLE"] = "Accounts", "Connections", "History"
	v["MAX_CONNECTIONS"], v["MAX_READERS"], v["MAX_TAG_LENGTH"], v["MAX_LIST_LENGTH"] = "50", "100", "256", "64"
	v["HISTORY_MINUTES"], v["SSE_LIFETIME"], v["SSE_POLL_MILLISECONDS"] = "15", "14m", "500"
	v["AWS_ENDPOINT_URL"] = functiontest.Nowhere(t)
	return v
}

func event(path, headers string) string {
	return `{"version":"2.0","rawPath":"` + path + `","rawQueryString":"","headers":{` + headers + `},` +
		`"requestContext":{"requestId":"r=","domainName":"x.lambda-url.us-east-1.on.aws","http":{"method":"GET","path":"` + path + `","sourceIp":"192.0.2.1"}}}`
}

func TestEveryMissingVariableIsNamed(t *testing.T) {
	log, status := functiontest.Start(t, nil)
	if status != 1 {
		t.Errorf("exit status %d", status)
	}
	for name := range vars(t) {
		if !strings.HasPrefix(name, "AWS_") && !strings.Contains(log, name) {
			t.Errorf("%s is not named in %s", name, log)
		}
	}
}

func TestAnAnswerIsAPreludeAndABody(t *testing.T) {
	answer, log := functiontest.Invoke(t, vars(t), event("/api/v1/streaming/health", ""))
	prelude, body, ok := strings.Cut(answer, "\x00\x00\x00\x00\x00\x00\x00\x00")
	if !ok || !strings.HasPrefix(prelude, `{"statusCode":200,`) || !strings.Contains(prelude, functiontest.RequestID) || body != "OK" {
		t.Errorf("%q", answer)
	}
	if log != "" {
		t.Errorf("log %s", log)
	}
}

func TestAStreamIsRefusedWhenDynamoDBIsDown(t *testing.T) {
	answer, log := functiontest.Invoke(t, vars(t), event("/api/v1/streaming/user", `"authorization":"Bearer s3cret"`))
	if !strings.HasPrefix(answer, `{"statusCode":500,`) || !strings.HasSuffix(answer, `{"error":"An unexpected error occurred"}`) {
		t.Errorf("%q", answer)
	}
	if !strings.Contains(log, `"level":"ERROR"`) || !strings.Contains(log, functiontest.RequestID) || strings.Contains(log, "s3cret") {
		t.Errorf("log %s", log)
	}
}

func TestAPathThatIsNoPathIsAnswered(t *testing.T) {
	answer, _ := functiontest.Invoke(t, vars(t), event("/%zz", ""))
	if !strings.HasPrefix(answer, `{"statusCode":400,`) || !strings.HasSuffix(answer, `{"error":"Unknown channel requested"}`) {
		t.Errorf("%q", answer)
	}
}
