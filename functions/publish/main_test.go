package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"edgestream/functions/internal/functiontest"
)

func TestMain(m *testing.M) { functiontest.Main(m, main) }

func TestEveryMissingVariableIsNamed(t *testing.T) {
	log, status := functiontest.Start(t, nil)
	if status != 1 {
		t.Errorf("exit status %d", status)
	}
	for _, name := range []string{"CONNECTIONS_TABLE", "CALLBACK_URL", "GREET_FUNCTION", "FAILURE_QUEUE_URL"} {
		if !strings.Contains(log, name) {
			t.Errorf("%s is not named in %s", name, log)
		}
	}
}

// services answers DynamoDB with one listener of account 1, and keeps what SQS is sent.
type services struct {
	url    string
	mu     sync.Mutex
	queued []string
}

const account1 = `{"Responses":{"Connections":[]},"UnprocessedKeys":{}}`

func newServices(t *testing.T) *services {
	s := &services{}
	server := httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

func (s *services) serve(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	switch target := r.Header.Get("X-Amz-Target"); {
	case strings.HasPrefix(target, "DynamoDB_"):
		_, _ = io.WriteString(w, account1)
	case target == "AmazonSQS.SendMessage":
		s.mu.Lock()
		defer s.mu.Unlock()
		s.queued = append(s.queued, string(body))
		_, _ = io.WriteString(w, `{"MessageId":"1","MD5OfMessageBody":""}`)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func TestABatchGoesThroughTheFunction(t *testing.T) {
	s, gateway, vars := newServices(t), functiontest.NewGateway(t), functiontest.Credentials()
	vars["AWS_ENDPOINT_URL"], vars["CALLBACK_URL"] = s.url, gateway.URL
	vars["CONNECTIONS_TABLE"], vars["GREET_FUNCTION"] = "Connections", "greet"
	vars["FAILURE_QUEUE_URL"] = s.url + "/000000000000/failures"
	poison := strings.NewReplacer(`"filter"`, `"nonsense"`, `"100"`, `"200"`).Replace(insert)
	got, log := functiontest.Invoke(t, vars, `{"Records":[`+insert+`,`+poison+`]}`)
	if got != `{"batchItemFailures":[]}` {
		t.Errorf("answer %s", got)
	}
	if !strings.Contains(log, `"records":2`) || !strings.Contains(log, `"CloudWatchMetrics"`) || strings.Contains(log, `"level":"WARN"`) {
		t.Errorf("log %s", log)
	}
	if len(s.queued) != 1 || !strings.Contains(s.queued[0], "nonsense") {
		t.Errorf("queued %q", s.queued)
	}
}

func TestATableThatCannotBeReadFailsTheBatch(t *testing.T) {
	vars := functiontest.Credentials()
	vars["AWS_ENDPOINT_URL"], vars["CALLBACK_URL"] = functiontest.Nowhere(t), functiontest.Nowhere(t)
	vars["CONNECTIONS_TABLE"], vars["GREET_FUNCTION"], vars["FAILURE_QUEUE_URL"] = "Connections", "greet", functiontest.Nowhere(t)+"/q"
	got, log := functiontest.Invoke(t, vars, `{"Records":[`+insert+`]}`)
	if got != `{"batchItemFailures":[{"itemIdentifier":"100"}]}` || !strings.Contains(log, `"level":"WARN"`) {
		t.Errorf("answer %s, log %s", got, log)
	}
}
