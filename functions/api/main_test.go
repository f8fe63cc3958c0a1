package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"edgestream/functions/internal/functiontest"
)

func TestMain(m *testing.M) { functiontest.Main(m, main) }

func vars(t *testing.T) map[string]string {
	v := functiontest.Credentials()
	v["ACCOUNTS_TABLE"], v["CONNECTIONS_TABLE"], v["CONTENT_TABLE"] = "Accounts", "Connections", "Content"
	v["CALLBACK_URL"] = functiontest.NewGateway(t).URL
	v["AWS_ENDPOINT_URL"] = functiontest.Nowhere(t)
	return v
}

func event(method, path, query, headers string) string {
	return `{"version":"2.0","rawPath":"` + path + `","rawQueryString":"` + query + `","headers":{` + headers + `},` +
		`"requestContext":{"requestId":"r=","domainName":"x.lambda-url.us-east-1.on.aws","http":{"method":"` + method + `","path":"` + path + `","sourceIp":"192.0.2.1"}}}`
}

// signed is a query that the demo app has signed now.
func signed(method, path, more string) string {
	query := fmt.Sprintf("auth_key=k&auth_timestamp=%d&auth_version=1.0%s", time.Now().Unix(), more)
	mac := hmac.New(sha256.New, []byte("s3cret"))
	mac.Write([]byte(method + "\n" + path + "\n" + query))
	return query + "&auth_signature=" + hex.EncodeToString(mac.Sum(nil))
}

func TestEveryMissingVariableIsNamed(t *testing.T) {
	log, status := functiontest.Start(t, nil)
	if status != 1 {
		t.Errorf("exit status %d", status)
	}
	for name := range vars(t) {
		if !strings.HasPrefix(name, "AWS_") && strings.Count(log, name) != 1 {
			t.Errorf("%s is not named once in %s", name, log)
		}
	}
}

func TestCallsFailWhenDynamoDBIsDown(t *testing.T) {
	for path, headers := range map[string]string{"/apps/4072/channels": "", "/account": `"authorization":"Bearer s3cret"`} {
		answer, log := functiontest.Invoke(t, vars(t), event("GET", path, signed("GET", path, ""), headers))
		if !strings.HasPrefix(answer, `{"statusCode":50`) || !strings.Contains(log, `"level":"ERROR"`) {
			t.Errorf("%s: %q, log %s", path, answer, log)
		}
		if !strings.Contains(log, functiontest.RequestID) || strings.Contains(log+answer, "s3cret") || strings.Contains(log, "auth_signature") {
			t.Errorf("%s: %q, log %s", path, answer, log)
		}
	}
}

// database answers a read of an app, and keeps what else it is asked.
func database(t *testing.T) (url string, asked *[]string) {
	asked = new([]string)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		var in struct{ TableName string }
		_ = json.Unmarshal(body, &in)
		if operation == "" {
			return // to warm the connection
		}
		if in.TableName == "Accounts" {
			_, _ = io.WriteString(w, `{"Item":{"key":{"S":"app#4072"},"appKey":{"S":"k"},"secret":{"S":"s3cret"},"enabled":{"BOOL":true}}}`)
			return
		}
		*asked = append(*asked, operation+" "+string(body))
		_, _ = io.WriteString(w, `{}`)
	}))
	t.Cleanup(server.Close)
	return server.URL, asked
}

func TestAnEventIsStored(t *testing.T) {
	v := vars(t)
	url, asked := database(t)
	v["AWS_ENDPOINT_URL"] = url
	query := signed("POST", "/apps/4072/events", "&channel=room&data=hello&name=message")
	answer, log := functiontest.Invoke(t, v, event("POST", "/apps/4072/events", query, ""))
	if !strings.HasPrefix(answer, `{"statusCode":200,`) || !strings.HasSuffix(answer, "\x00{}") || log != "" {
		t.Errorf("%q, log %s", answer, log)
	}
	if len(*asked) != 1 || !strings.Contains((*asked)[0], "app#4072#room") || !strings.Contains((*asked)[0], "hello") {
		t.Errorf("asked %v", *asked)
	}
}

func TestAPathThatIsNoPathIsAnswered(t *testing.T) {
	if answer, _ := functiontest.Invoke(t, vars(t), event("GET", "/%zz", "", "")); !strings.HasPrefix(answer, `{"statusCode":404,`) {
		t.Errorf("%q", answer)
	}
}
