package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"edgestream/functions/internal/awsenv"
	"edgestream/functions/internal/dynamo"
	"edgestream/functions/internal/functiontest"
	"edgestream/functions/internal/history"
	"edgestream/functions/internal/metric"
	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/sweep"
	engine "edgestream/infra/local/dynamodb"
)

func TestMain(m *testing.M) { functiontest.Main(m, main) }

func TestEveryMissingVariableIsNamed(t *testing.T) {
	log, status := functiontest.Start(t, nil)
	if status != 1 {
		t.Errorf("exit status %d", status)
	}
	for _, name := range []string{"CONNECTIONS_TABLE", "CALLBACK_URL"} {
		if !strings.Contains(log, name) {
			t.Errorf("%s is not named in %s", name, log)
		}
	}
}

// newTable starts DynamoDB with empty tables and returns its address.
func newTable(t *testing.T) string {
	e := engine.New(engine.Options{})
	server := httptest.NewServer(e)
	t.Cleanup(func() { server.Close(); e.Close() })
	client := dynamodb.New(dynamodb.Options{Region: "us-east-1", BaseEndpoint: &server.URL,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		})})
	for name, keys := range map[string][]string{"Connections": {"pk", "sk"}, "Content": {"owner", "id"}, "Accounts": {"key"}} {
		in := &dynamodb.CreateTableInput{TableName: &name, BillingMode: types.BillingModePayPerRequest}
		for i, key := range keys {
			in.AttributeDefinitions = append(in.AttributeDefinitions, types.AttributeDefinition{AttributeName: &key, AttributeType: "S"})
			in.KeySchema = append(in.KeySchema, types.KeySchemaElement{AttributeName: &key, KeyType: []types.KeyType{"HASH", "RANGE"}[i]})
		}
		if _, err := client.CreateTable(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	return server.URL
}

// idle is a management API all of whose connections have been idle for nine minutes.
type idle struct {
	mu    sync.Mutex
	calls []string
}

func (i *idle) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if r.URL.Path == "/" || !strings.Contains(r.URL.Path, "@connections") {
		return // the connection is being warmed
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.calls = append(i.calls, strings.TrimSpace(r.Method+" "+r.URL.Path+" "+string(body)))
	switch r.Method {
	case http.MethodGet:
		at := time.Now().Add(-9 * time.Minute).UTC().Format("2006-01-02T15:04:05.000Z")
		_, _ = io.WriteString(w, `{"connectedAt":"`+at+`","identity":{},"lastActiveAt":"`+at+`"}`)
	case http.MethodDelete:
		w.WriteHeader(http.StatusNoContent)
	}
}

func TestARunGoesThroughTheFunction(t *testing.T) {
	api := &idle{}
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	vars := functiontest.Credentials()
	vars["AWS_ENDPOINT_URL_DYNAMODB"], vars["CONNECTIONS_TABLE"], vars["CALLBACK_URL"] = newTable(t), "Connections", server.URL+"/prod"
	for name, value := range vars {
		t.Setenv(name, value)
	}
	connections := dynamo.NewConnections(awsenv.DynamoDB(awsenv.Config()), "Connections", dynamo.Limits{})
	open := func(id string, age time.Duration) {
		s := stream.Session{Connection: stream.Connection{ID: id, ConnectedAt: time.Now().Add(-age)}, Grant: stream.Grant{Account: "1"}}
		if err := connections.Open(t.Context(), s, []stream.Subscription{{Stream: stream.Public}}); err != nil {
			t.Fatal(err)
		}
	}
	open("quiet=", 545*time.Second)
	open("dead=", sweep.Dead+5*time.Second)
	if err := connections.Advance(t.Context(), sweep.Progress{Until: time.Now().Add(-time.Minute)}); err != nil {
		t.Fatal(err)
	}
	got, log := functiontest.Invoke(t, vars, `{"version":"0","detail-type":"Scheduled Event","source":"aws.events","detail":{}}`)
	if got != "null" {
		t.Errorf("answer %s", got)
	}
	want := []string{"GET /prod/@connections/quiet=", `POST /prod/@connections/quiet= {"stream":["public"],"event":"edgestream.keepalive","payload":"{}"}`}
	if !slices.Equal(api.calls, want) {
		t.Errorf("called %q", api.calls)
	}
	if !strings.Contains(log, `"keptAlive":1`) || !strings.Contains(log, `"removed":1`) || !strings.Contains(log, `"CloudWatchMetrics"`) {
		t.Errorf("log %s", log)
	}
}

// A client that asked for ids gets one of this moment, from which it can resume.
func TestAKeepAliveHasAnIDWhereOneWasAskedFor(t *testing.T) {
	sub := stream.Subscription{Stream: stream.Public}
	s := stream.Session{Grant: stream.Grant{Account: "1"}, EventIDs: true}
	var frame struct{ ID string }
	if err := json.Unmarshal(keepAlive(s, sub), &frame); err != nil {
		t.Fatal(err)
	}
	p, err := history.Bound{Subscription: sub, Account: "1"}.Parse(frame.ID, time.Now())
	if ago := time.Since(p.After); err != nil || ago < history.Delivery || ago > history.Delivery+5*time.Second {
		t.Errorf("%v before now, %v", ago, err)
	}
	s.EventIDs = false
	if got := string(keepAlive(s, sub)); strings.Contains(got, `"id"`) {
		t.Errorf("got %s", got)
	}
	if got := string(keepAlive(stream.Session{App: "1"}, sub)); got != `{"event":"pusher:ping","data":{}}` {
		t.Errorf("got %s", got)
	}
}

type closedPipe struct{}

func (closedPipe) Write([]byte) (int, error) { return 0, errors.New("closed pipe") }

func TestATallyBecomesOneLineOfMetrics(t *testing.T) {
	var out, log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	observer{metric.New(&out, "Edgestream", "sweep"), logger}.observe(sweep.Tally{Visited: 1, KeptAlive: 2, Gone: 3,
		Expired: 4, Removed: 5, Failed: 6, Felt: 7, Asked: 8, Vanished: 9, Left: 1500 * time.Millisecond})
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{"Visited": 1, "KeptAlive": 2, "Gone": 3, "Expired": 4, "Removed": 5, "Failed": 6, "Felt": 7, "Asked": 8, "Vanished": 9, "Left": 1500} {
		if line[name] != want {
			t.Errorf("%s is %v, want %v", name, line[name], want)
		}
	}
	observer{metric.New(closedPipe{}, "n", "f"), logger}.observe(sweep.Tally{Visited: 1})
	if !strings.Contains(log.String(), "closed pipe") {
		t.Errorf("logged %q", log.String())
	}
}
