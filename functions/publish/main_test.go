package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
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

const insert = `{"eventID":"e1","eventName":"INSERT","dynamodb":{"ApproximateCreationDateTime":1700000000,` +
	`"Keys":{"owner":{"S":"1"},"id":{"S":"filter#1"}},"NewImage":{"owner":{"S":"1"},"id":{"S":"filter#1"},"kind":{"S":"filter"}},"SequenceNumber":"100"}}`

func TestMain(m *testing.M) { functiontest.Main(m, main) }

func TestEveryMissingVariableIsNamed(t *testing.T) {
	log, status := functiontest.Start(t, nil)
	if status != 1 {
		t.Errorf("exit status %d", status)
	}
	for _, name := range []string{"CONNECTIONS_TABLE", "HISTORY_TABLE", "ACCOUNTS_TABLE", "CALLBACK_URL", "GREET_FUNCTION", "FAILURE_QUEUE_URL"} {
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

// newTables starts DynamoDB with the tables that the function uses, and returns its address.
func newTables(t *testing.T) (string, *dynamodb.Client) {
	e := engine.New(engine.Options{})
	server := httptest.NewServer(e)
	t.Cleanup(func() { server.Close(); e.Close() })
	client := dynamodb.New(dynamodb.Options{Region: "us-east-1", BaseEndpoint: &server.URL,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		})})
	newTable(t, client, "Connections", "pk", "sk")
	newTable(t, client, "History", "pk", "sk")
	newTable(t, client, "Accounts", "key")
	newTable(t, client, "Content", "owner", "id")
	return server.URL, client
}

func newTable(t *testing.T, client *dynamodb.Client, name string, keys ...string) {
	in := &dynamodb.CreateTableInput{TableName: &name, BillingMode: types.BillingModePayPerRequest}
	for i, key := range keys {
		in.AttributeDefinitions = append(in.AttributeDefinitions, types.AttributeDefinition{AttributeName: &key, AttributeType: "S"})
		in.KeySchema = append(in.KeySchema, types.KeySchemaElement{AttributeName: &key, KeyType: []types.KeyType{"HASH", "RANGE"}[i]})
	}
	if _, err := client.CreateTable(t.Context(), in); err != nil {
		t.Fatal(err)
	}
}

func environment(t *testing.T, tables string, gateway *functiontest.Gateway, q *queue) map[string]string {
	vars := functiontest.Credentials()
	vars["AWS_ENDPOINT_URL_DYNAMODB"], vars["CONNECTIONS_TABLE"] = tables, "Connections"
	vars["HISTORY_TABLE"], vars["HISTORY_MINUTES"], vars["ACCOUNTS_TABLE"] = "History", "5", "Accounts"
	vars["CALLBACK_URL"], vars["FAILURE_QUEUE_URL"] = gateway.URL, q.url
	vars["GREET_FUNCTION"], vars["AWS_ENDPOINT_URL_LAMBDA"] = "greet", functiontest.Nowhere(t)
	for name, value := range vars {
		t.Setenv(name, value)
	}
	return vars
}

// open subscribes a connection of an account, past its replay if it has ids.
func open(t *testing.T, id string, ids bool, sub stream.Subscription, grant stream.Grant) {
	t.Helper()
	connections := dynamo.NewConnections(awsenv.DynamoDB(awsenv.Config()), "Connections", dynamo.Limits{})
	c := stream.Connection{ID: id, ConnectedAt: time.Now()}
	grant.Scopes = stream.Scopes{"read"}
	if err := connections.Open(t.Context(), stream.Session{Connection: c, Grant: grant, EventIDs: ids}, []stream.Subscription{sub}); err != nil {
		t.Fatal(err)
	}
	if !ids {
		return
	}
	r := stream.Replay{Connection: c, Account: grant.Account, Subscription: sub}
	_, turn, err := connections.Replaying(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if live, err := connections.CaughtUp(t.Context(), r, turn); err != nil || !live {
		t.Fatalf("live %v, %v", live, err)
	}
}

func wantPosts(t *testing.T, g *functiontest.Gateway, id string, pattern string) {
	t.Helper()
	if posts := g.Posts(id); !regexp.MustCompile("^" + pattern + "$").MatchString(strings.Join(posts, "\n")) {
		t.Errorf("%s was posted %q, want %s", id, posts, pattern)
	}
}

func TestABatchGoesThroughTheFunction(t *testing.T) {
	gateway, q := functiontest.NewGateway(t), newQueue(t)
	tables, client := newTables(t)
	vars := environment(t, tables, gateway, q)
	open(t, "PJqB0fHsqRcCHlw=", false, stream.Subscription{Stream: stream.User}, stream.Grant{Account: "1"})
	open(t, "WithIDs=", true, stream.Subscription{Stream: stream.User}, stream.Grant{Account: "1"})
	poison := strings.NewReplacer(`"filter"`, `"nonsense"`, `"100"`, `"200"`).Replace(insert)
	got, log := functiontest.Invoke(t, vars, `{"Records":[`+insert+`,`+poison+`]}`)
	if got != `{"batchItemFailures":[]}` {
		t.Errorf("answer %s", got)
	}
	wantPosts(t, gateway, "PJqB0fHsqRcCHlw=", `{"stream":\["user"\],"event":"filters_changed"}`)
	wantPosts(t, gateway, "WithIDs=", `{"stream":\["user"\],"event":"filters_changed","id":"[\w-]{20,}"}`)
	if !strings.Contains(log, `"records":2`) || !strings.Contains(log, `"CloudWatchMetrics"`) || strings.Contains(log, `"level":"WARN"`) {
		t.Errorf("log %s", log)
	}
	if len(q.sent) != 1 || !strings.Contains(q.sent[0], "nonsense") {
		t.Errorf("queued %q", q.sent)
	}
	history, err := client.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String("History")})
	if err != nil || len(history.Items) != 1 {
		t.Fatalf("%d rows of History, %v", len(history.Items), err)
	}
	if expires, ok := history.Items[0]["expiresAt"].(*types.AttributeValueMemberN); !ok || !within(expires.Value, 5*time.Minute, 30*time.Minute) {
		t.Errorf("the row expires at %v", history.Items[0]["expiresAt"])
	}
}

// within reports whether the time, in Unix seconds, is so far away.
func within(seconds string, least, most time.Duration) bool {
	n, err := strconv.ParseInt(seconds, 10, 64)
	in := time.Until(time.Unix(n, 0))
	return err == nil && in > least-time.Minute && in < most
}

func TestWhatAnAccountBlocksIsNotPostedToIt(t *testing.T) {
	gateway := functiontest.NewGateway(t)
	tables, client := newTables(t)
	vars := environment(t, tables, gateway, newQueue(t))
	_, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("Accounts"), Item: map[string]types.AttributeValue{
		"key":    &types.AttributeValueMemberS{Value: "account#2"},
		"blocks": &types.AttributeValueMemberSS{Value: []string{"9"}}}})
	if err != nil {
		t.Fatal(err)
	}
	public := stream.Subscription{Stream: stream.Public}
	open(t, "Plain=", false, public, stream.Grant{Account: "1"})
	open(t, "Blocks=", false, public, stream.Grant{Account: "2", Viewer: "version"})
	payload := `{\"id\":\"7\",\"visibility\":\"public\",\"account\":{\"id\":\"9\"}}`
	record := `{"eventID":"e1","eventName":"INSERT","dynamodb":{"Keys":{"owner":{"S":"9"},"id":{"S":"status#7"}},"SequenceNumber":"100",` +
		`"NewImage":{"owner":{"S":"9"},"id":{"S":"status#7"},"kind":{"S":"status"},"payload":{"S":"` + payload + `"}}}}`
	if got, log := functiontest.Invoke(t, vars, `{"Records":[`+record+`]}`); got != `{"batchItemFailures":[]}` {
		t.Errorf("answer %s, log %s", got, log)
	}
	wantPosts(t, gateway, "Plain=", `{"stream":\["public"\],"event":"update","payload":.*}`)
	wantPosts(t, gateway, "Blocks=", ``)
}

func TestATableThatCannotBeReadFailsTheBatch(t *testing.T) {
	vars := environment(t, functiontest.Nowhere(t), functiontest.NewGateway(t), newQueue(t))
	got, log := functiontest.Invoke(t, vars, `{"Records":[`+insert+`]}`)
	if got != `{"batchItemFailures":[{"itemIdentifier":"100"}]}` || !strings.Contains(log, `"level":"WARN"`) {
		t.Errorf("answer %s, log %s", got, log)
	}
}
