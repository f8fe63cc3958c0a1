package main

import (
	"context"
	"io"
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
	"edgestream/functions/internal/stream"
	engine "edgestream/infra/local/dynamodb"
)

func TestMain(m *testing.M) { functiontest.Main(m, main) }

func TestEveryMissingVariableIsNamed(t *testing.T) {
	log, status := functiontest.Start(t, nil)
	if status != 1 {
		t.Errorf("exit status %d", status)
	}
	for _, name := range []string{"CONNECTIONS_TABLE", "HISTORY_TABLE", "CONTENT_TABLE", "CALLBACK_URL"} {
		if !strings.Contains(log, name) {
			t.Errorf("%s is not named in %s", name, log)
		}
	}
}

// tables starts DynamoDB with these tables, empty, and returns its address.
func tables(t *testing.T, names map[string][]string) string {
	e := engine.New(engine.Options{})
	server := httptest.NewServer(e)
	t.Cleanup(func() { server.Close(); e.Close() })
	client := dynamodb.New(dynamodb.Options{Region: "us-east-1", BaseEndpoint: &server.URL,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		})})
	for name, keys := range names {
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

// gateway is a management API that keeps whom it disconnected.
type gateway struct {
	mu     sync.Mutex
	closed []string
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.ReadAll(r.Body)
	if r.Method == http.MethodDelete {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.closed = append(g.closed, strings.TrimPrefix(r.URL.Path, "/prod/@connections/"))
		w.WriteHeader(http.StatusNoContent)
	}
}

// hash is of the token that is removed.
var hash = strings.Repeat("ab", 32)

func removed(sequence, key, attributes string) string {
	return `{"eventID":"e` + sequence + `","eventName":"REMOVE","dynamodb":{"Keys":{"key":{"S":"` + key + `"}},` +
		`"OldImage":{"key":{"S":"` + key + `"},` + attributes + `},"SequenceNumber":"` + sequence + `"}}`
}

func TestABatchGoesThroughTheFunction(t *testing.T) {
	api := &gateway{}
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	vars := functiontest.Credentials()
	vars["AWS_ENDPOINT_URL_DYNAMODB"] = tables(t, map[string][]string{"Connections": {"pk", "sk"}, "Content": {"owner", "id"}})
	vars["CONNECTIONS_TABLE"], vars["CONTENT_TABLE"], vars["HISTORY_TABLE"] = "Connections", "Content", "History"
	vars["CALLBACK_URL"] = server.URL + "/prod"
	for name, value := range vars {
		t.Setenv(name, value)
	}
	connections := dynamo.NewConnections(awsenv.DynamoDB(awsenv.Config()), "Connections", dynamo.Limits{})
	for id, hash := range map[string]string{"PJqB0fHsqRcCHlw=": hash, "QKrC1gItrScDImx=": strings.Repeat("cd", 32)} {
		s := stream.Session{Connection: stream.Connection{ID: id, ConnectedAt: time.Now().Add(-time.Hour)},
			Grant: stream.Grant{Account: "1", TokenHash: hash, Scopes: stream.Scopes{"read"}}}
		if err := connections.Open(t.Context(), s, []stream.Subscription{{Stream: stream.User}}); err != nil {
			t.Fatal(err)
		}
	}
	event := `{"Records":[` + removed("100", "token#"+hash, `"account":{"S":"1"}`) + "," +
		removed("101", "account#1", `"filters":{"L":[{"S":"x"}]}`) + `]}`
	got, log := functiontest.Invoke(t, vars, event)
	if got != `{"batchItemFailures":[]}` {
		t.Errorf("answer %s", got)
	}
	if !slices.Equal(api.closed, []string{"PJqB0fHsqRcCHlw="}) {
		t.Errorf("closed %q", api.closed)
	}
	if !strings.Contains(log, `"connections":1`) || strings.Contains(log, "abab") {
		t.Errorf("log %s", log)
	}
}

func TestATableThatCannotBeWrittenFailsTheRecord(t *testing.T) {
	vars := functiontest.Credentials()
	vars["AWS_ENDPOINT_URL_DYNAMODB"], vars["CALLBACK_URL"] = functiontest.Nowhere(t), functiontest.Nowhere(t)+"/prod"
	vars["CONNECTIONS_TABLE"], vars["CONTENT_TABLE"], vars["HISTORY_TABLE"] = "Connections", "Content", "History"
	got, log := functiontest.Invoke(t, vars, `{"Records":[`+removed("100", "token#abc", `"account":{"S":"1"}`)+`]}`)
	if got != `{"batchItemFailures":[{"itemIdentifier":"100"}]}` || !strings.Contains(log, "not enforced") {
		t.Errorf("answer %s, log %s", got, log)
	}
}
