package channeldb

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"go.uber.org/goleak"

	"edgestream/functions/internal/awscall"
	"edgestream/functions/internal/dynamo"
	"edgestream/functions/internal/stream"
	engine "edgestream/infra/local/dynamodb"
	"edgestream/infra/sdkhttp"
)

// Each schedule of a property makes dozens of calls: -rapid.checks=3000 tries more of them.
func TestMain(m *testing.M) {
	checks := "20"
	if os.Getenv("DYNAMODB_ENDPOINT") != "" {
		checks = "5" // its calls take ten times as long
	}
	if err := flag.Set("rapid.checks", checks); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

func config(client aws.HTTPClient) aws.Config {
	return aws.Config{
		Region: "us-east-1", HTTPClient: client,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
	}
}

// database is the DynamoDB of the tests: the one at DYNAMODB_ENDPOINT, else the embedded engine.
func database(t testing.TB) (aws.Config, string) {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	t.Cleanup(transport.CloseIdleConnections)
	cfg := config(sdkhttp.Client(transport))
	if endpoint := os.Getenv("DYNAMODB_ENDPOINT"); endpoint != "" {
		return cfg, endpoint
	}
	e := engine.New(engine.Options{})
	server := httptest.NewServer(e)
	t.Cleanup(func() { server.Close(); e.Close() })
	return cfg, server.URL
}

var tables atomic.Int64

// newTable creates a table with these key attributes, texts, and returns its name.
func newTable(t testing.TB, sdk *dynamodb.Client, keys ...string) string {
	t.Helper()
	name := fmt.Sprintf("c%d-%d", time.Now().UnixNano(), tables.Add(1))
	in := &dynamodb.CreateTableInput{TableName: &name, BillingMode: types.BillingModePayPerRequest}
	for i, key := range keys {
		in.AttributeDefinitions = append(in.AttributeDefinitions, types.AttributeDefinition{AttributeName: &key, AttributeType: "S"})
		in.KeySchema = append(in.KeySchema, types.KeySchemaElement{AttributeName: &key, KeyType: []types.KeyType{"HASH", "RANGE"}[i]})
	}
	if _, err := sdk.CreateTable(context.Background(), in); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = sdk.DeleteTable(context.Background(), &dynamodb.DeleteTableInput{TableName: &name}) })
	return name
}

// world is two tables, and what uses them.
type world struct {
	*Channels
	client               *awscall.Client
	sdk                  *dynamodb.Client
	connections, content string
}

func newWorld(t testing.TB) *world {
	cfg, endpoint := database(t)
	return newWorldAt(t, cfg, endpoint)
}

func newWorldAt(t testing.TB, cfg aws.Config, endpoint string) *world {
	t.Helper()
	w := &world{client: awscall.New(cfg, "dynamodb", endpoint), sdk: dynamodb.NewFromConfig(cfg, func(o *dynamodb.Options) { o.BaseEndpoint = &endpoint })}
	w.connections, w.content = newTable(t, w.sdk, "pk", "sk"), newTable(t, w.sdk, "owner", "id")
	rows := dynamo.NewConnections(w.client, w.connections, dynamo.Limits{Subscriptions: 100})
	w.Channels = NewChannels(rows, w.client, w.connections, w.content)
	return w
}

// opened is a connection of the app 4072 that has been open for a minute.
func (w *world) opened(t testing.TB, id string) stream.Session {
	t.Helper()
	s := stream.Session{App: "4072", Connection: stream.Connection{ID: id, ConnectedAt: time.Now().Add(-time.Minute).Truncate(time.Millisecond).UTC()}}
	if err := w.Open(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	return s
}

// at is a time in the connection's life.
func at(s stream.Session, ms int) time.Time {
	return s.ConnectedAt.Add(time.Second + time.Duration(ms)*time.Millisecond)
}

// textOf is the text of an attribute; empty if it is none.
func textOf(v types.AttributeValue) string {
	if s, ok := v.(*types.AttributeValueMemberS); ok {
		return s.Value
	}
	return ""
}

// channelIn is the channel in a mapping's key; empty if it is no such key.
func channelIn(key string) string {
	_, channel, _ := strings.Cut(key, "=#channel#")
	return channel
}
