package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
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
	for _, name := range []string{"CONNECTIONS_TABLE", "CALLBACK_URL", "GREET_FUNCTION", "FAILURE_QUEUE_URL"} {
		if !strings.Contains(log, name) {
			t.Errorf("%s is not named in %s", name, log)
		}
	}
}

// queue keeps what it is sent, as SQS.
type queue struct {
	url  string
	mu   sync.Mutex
	sent []string
}

func newQueue(t *testing.T) *queue {
	q := &queue{}
	server := httptest.NewServer(q)
	t.Cleanup(server.Close)
	q.url = server.URL + "/000000000000/failures"
	return q
}

func (q *queue) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	q.mu.Lock()
	defer q.mu.Unlock()
	q.sent = append(q.sent, string(body))
	_, _ = io.WriteString(w, `{"MessageId":"1","MD5OfMessageBody":""}`)
}

// newTable starts DynamoDB with an empty table Connections and returns its address.
func newTable(t *testing.T) string {
	e := engine.New(engine.Options{})
	server := httptest.NewServer(e)
	t.Cleanup(func() { server.Close(); e.Close() })
	client := dynamodb.New(dynamodb.Options{Region: "us-east-1", BaseEndpoint: &server.URL,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		})})
	_, err := client.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: aws.String("Connections"), BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String("pk"), AttributeType: types.ScalarAttributeTypeS},
			{AttributeName: aws.String("sk"), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema: []types.KeySchemaElement{
			{AttributeName: aws.String("pk"), KeyType: types.KeyTypeHash},
			{AttributeName: aws.String("sk"), KeyType: types.KeyTypeRange}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return server.URL
}

func environment(t *testing.T, table string, gateway *functiontest.Gateway, q *queue) map[string]string {
	vars := functiontest.Credentials()
	vars["AWS_ENDPOINT_URL_DYNAMODB"], vars["CONNECTIONS_TABLE"] = table, "Connections"
	vars["CALLBACK_URL"], vars["FAILURE_QUEUE_URL"] = gateway.URL, q.url
	vars["GREET_FUNCTION"], vars["AWS_ENDPOINT_URL_LAMBDA"] = "greet", functiontest.Nowhere(t)
	for name, value := range vars {
		t.Setenv(name, value)
	}
	return vars
}

func TestABatchGoesThroughTheFunction(t *testing.T) {
	gateway, q := functiontest.NewGateway(t), newQueue(t)
	vars := environment(t, newTable(t), gateway, q)
	connections := dynamo.NewConnections(awsenv.DynamoDB(awsenv.Config()), "Connections", dynamo.Limits{})
	session := stream.Session{Connection: stream.Connection{ID: "PJqB0fHsqRcCHlw=", ConnectedAt: time.Now()},
		Grant: stream.Grant{Account: "1", Scopes: stream.Scopes{"read"}}}
	if err := connections.Open(t.Context(), session, []stream.Subscription{{Stream: stream.User}}); err != nil {
		t.Fatal(err)
	}
	poison := strings.NewReplacer(`"filter"`, `"nonsense"`, `"100"`, `"200"`).Replace(insert)
	got, log := functiontest.Invoke(t, vars, `{"Records":[`+insert+`,`+poison+`]}`)
	if got != `{"batchItemFailures":[]}` {
		t.Errorf("answer %s", got)
	}
	if posts := gateway.Posts("PJqB0fHsqRcCHlw="); len(posts) != 1 || posts[0] != `{"stream":["user"],"event":"filters_changed"}` {
		t.Errorf("posted %q", posts)
	}
	if !strings.Contains(log, `"records":2`) || !strings.Contains(log, `"CloudWatchMetrics"`) || strings.Contains(log, `"level":"WARN"`) {
		t.Errorf("log %s", log)
	}
	if len(q.sent) != 1 || !strings.Contains(q.sent[0], "nonsense") {
		t.Errorf("queued %q", q.sent)
	}
}

func TestATableThatCannotBeReadFailsTheBatch(t *testing.T) {
	vars := environment(t, functiontest.Nowhere(t), functiontest.NewGateway(t), newQueue(t))
	got, log := functiontest.Invoke(t, vars, `{"Records":[`+insert+`]}`)
	if got != `{"batchItemFailures":[{"itemIdentifier":"100"}]}` || !strings.Contains(log, `"level":"WARN"`) {
		t.Errorf("answer %s, log %s", got, log)
	}
}
