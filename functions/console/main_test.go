package main

import (
	"strings"
	"testing"

	"edgestream/functions/internal/functiontest"
)

func TestMain(m *testing.M) { functiontest.Main(m, main) }

func vars(t *testing.T) map[string]string {
	v := functiontest.Credentials()
	v["ACCOUNTS_TABLE"], v["CONTENT_TABLE"] = "Accounts", "Content"
	v["AWS_ENDPOINT_URL"] = functiontest.Nowhere(t)
	return v
}

func event(method, path, headers string) string {
	return `{"version":"2.0","rawPath":"` + path + `","rawQueryString":"","headers":{` + headers + `},` +
		`"requestContext":{"requestId":"r=","domainName":"x.lambda-url.us-east-1.on.aws","http":{"method":"` + method + `","path":"` + path + `","sourceIp":"192.0.2.1"}}}`
}

func TestEveryMissingVariableIsNamed(t *testing.T) {
	log, status := functiontest.Start(t, nil)
	if status != 1 || !strings.Contains(log, "ACCOUNTS_TABLE") || !strings.Contains(log, "CONTENT_TABLE") {
		t.Errorf("exit status %d, log %s", status, log)
	}
}

func TestThePageIsAnswered(t *testing.T) {
	answer, log := functiontest.Invoke(t, vars(t), event("GET", "/", ""))
	prelude, body, _ := strings.Cut(answer, "\x00\x00\x00\x00\x00\x00\x00\x00")
	if !strings.HasPrefix(prelude, `{"statusCode":200,`) || !strings.Contains(body, "<title>Edgestream console</title>") || log != "" {
		t.Errorf("%q, log %s", answer, log)
	}
}

func TestACallFailsWhenDynamoDBIsDown(t *testing.T) {
	answer, log := functiontest.Invoke(t, vars(t), event("GET", "/console/account", `"authorization":"Bearer s3cret"`))
	if !strings.HasPrefix(answer, `{"statusCode":500,`) || !strings.Contains(log, `"path":"/console/account"`) || strings.Contains(log+answer, "s3cret") {
		t.Errorf("%q, log %s", answer, log)
	}
}
