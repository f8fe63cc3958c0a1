package dynamo

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"go.uber.org/goleak"

	"edgestream/functions/internal/awscall"
	engine "edgestream/infra/local/dynamodb"
	"edgestream/infra/sdkhttp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// config is for the DynamoDB of the tests: the one at DYNAMODB_ENDPOINT, else the embedded engine.
func config(t testing.TB) (aws.Config, string) {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	t.Cleanup(transport.CloseIdleConnections)
	cfg := aws.Config{
		Region: "us-east-1", HTTPClient: sdkhttp.Client(transport),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
	}
	if endpoint := os.Getenv("DYNAMODB_ENDPOINT"); endpoint != "" {
		return cfg, endpoint
	}
	e := engine.New(engine.Options{})
	server := httptest.NewServer(e)
	t.Cleanup(func() { server.Close(); e.Close() })
	return cfg, server.URL
}

var tables atomic.Int64

// newTable creates a table with these key attributes, texts, and returns a client and its name.
func newTable(t testing.TB, keys ...string) (*awscall.Client, *dynamodb.Client, string) {
	t.Helper()
	cfg, endpoint := config(t)
	sdk := dynamodb.NewFromConfig(cfg, func(o *dynamodb.Options) { o.BaseEndpoint = &endpoint })
	name := fmt.Sprintf("t%d-%d", time.Now().UnixNano(), tables.Add(1))
	in := &dynamodb.CreateTableInput{TableName: &name, BillingMode: types.BillingModePayPerRequest}
	for i, key := range keys {
		in.AttributeDefinitions = append(in.AttributeDefinitions, types.AttributeDefinition{AttributeName: &key, AttributeType: "S"})
		in.KeySchema = append(in.KeySchema, types.KeySchemaElement{AttributeName: &key, KeyType: []types.KeyType{"HASH", "RANGE"}[i]})
	}
	if _, err := sdk.CreateTable(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = sdk.DeleteTable(context.Background(), &dynamodb.DeleteTableInput{TableName: &name}) })
	return awscall.New(cfg, "dynamodb", endpoint), sdk, name
}

// refusing is an address where nothing listens.
func refusing(t *testing.T) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return "http://" + ln.Addr().String()
}
