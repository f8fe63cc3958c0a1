package contract

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"go.uber.org/goleak"

	"edgestream/infra/local/dynamodb"
	"edgestream/infra/sdkhttp"
)

func TestMain(m *testing.M) {
	if os.Getenv("DYNAMODB_ENDPOINT") == "" {
		fmt.Println("DYNAMODB_ENDPOINT is not set: DynamoDB Local is left out, the embedded engine alone is tested")
	}
	goleak.VerifyTestMain(m)
}

// subject is one implementation under test.
type subject struct {
	name    string
	db      *sdk.Client
	streams *dynamodbstreams.Client
}

const localName = "DynamoDB Local"

// deviates reports whether a case is left out on DynamoDB Local because that differs from AWS, as
// why says.
func (s subject) deviates(why string) bool { return why != "" && s.name == localName }

// onAWS runs a test on the embedded engine alone: DynamoDB Local differs from AWS, as why says.
func onAWS(t *testing.T, why string, test func(t *testing.T, s subject)) {
	t.Log("not on DynamoDB Local: " + why)
	embedded(t, test)
}

// each runs a test on every implementation there is.
func each(t *testing.T, test func(t *testing.T, s subject)) {
	embedded(t, test)
	if url := os.Getenv("DYNAMODB_ENDPOINT"); url != "" {
		t.Run("local", func(t *testing.T) { test(t, newSubject(t, localName, url)) })
	}
}

func embedded(t *testing.T, test func(t *testing.T, s subject)) {
	t.Run("embedded", func(t *testing.T) {
		engine := dynamodb.New(dynamodb.Options{})
		server := httptest.NewServer(engine)
		t.Cleanup(func() { server.Close(); engine.Close() })
		test(t, newSubject(t, "embedded", server.URL))
	})
}

func newSubject(t *testing.T, name, url string) subject {
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	cfg := aws.Config{
		Region:       "us-east-1",
		HTTPClient:   sdkhttp.Client(transport),
		BaseEndpoint: aws.String(url),
		Credentials:  aws.CredentialsProviderFunc(anybody),
		Retryer:      func() aws.Retryer { return aws.NopRetryer{} },
	}
	return subject{name, sdk.NewFromConfig(cfg), dynamodbstreams.NewFromConfig(cfg)}
}

// anybody signs as nobody in particular: no subject verifies signatures.
func anybody(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "local", SecretAccessKey: "local"}, nil
}

var tableCount atomic.Int64

// createTable makes a table with a fresh name, partition key p (S) and, unless
// change takes it away, sort key s (N). It is deleted when the test ends.
func (s subject) createTable(t *testing.T, change ...func(*sdk.CreateTableInput)) string {
	t.Helper()
	in := tableInput(fmt.Sprintf("Contract-%d-%d", os.Getpid(), tableCount.Add(1)))
	for _, c := range change {
		c(in)
	}
	if _, err := s.db.CreateTable(t.Context(), in); err != nil {
		t.Fatalf("CreateTable: %v", err)
	}
	t.Cleanup(func() { s.dropTable(*in.TableName) })
	return *in.TableName
}

func (s subject) dropTable(name string) {
	s.db.DeleteTable(context.Background(), &sdk.DeleteTableInput{TableName: &name}) // the test may have deleted it
}

func tableInput(name string) *sdk.CreateTableInput {
	return &sdk.CreateTableInput{
		TableName:            &name,
		AttributeDefinitions: definitions("p:S", "s:N"),
		KeySchema:            keys("p", "s"),
		BillingMode:          types.BillingModePayPerRequest,
	}
}

// definitions makes attribute definitions from "name:type".
func definitions(specs ...string) []types.AttributeDefinition {
	var list []types.AttributeDefinition
	for _, spec := range specs {
		name, kind, _ := strings.Cut(spec, ":")
		list = append(list, types.AttributeDefinition{AttributeName: &name, AttributeType: types.ScalarAttributeType(kind)})
	}
	return list
}

// keys makes a key schema from the names of partition and sort key.
func keys(names ...string) []types.KeySchemaElement {
	list := []types.KeySchemaElement{{AttributeName: &names[0], KeyType: types.KeyTypeHash}}
	if len(names) > 1 {
		list = append(list, types.KeySchemaElement{AttributeName: &names[1], KeyType: types.KeyTypeRange})
	}
	return list
}

func withStream(view types.StreamViewType) func(*sdk.CreateTableInput) {
	return func(in *sdk.CreateTableInput) {
		in.StreamSpecification = &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: view}
	}
}

// withIndexes adds Local (p, g: includes x) and Global (g: keys only).
func withIndexes(in *sdk.CreateTableInput) {
	in.AttributeDefinitions = append(in.AttributeDefinitions, definitions("g:S")...)
	in.LocalSecondaryIndexes = []types.LocalSecondaryIndex{{IndexName: aws.String("Local"), KeySchema: keys("p", "g"),
		Projection: &types.Projection{ProjectionType: types.ProjectionTypeInclude, NonKeyAttributes: []string{"x"}}}}
	in.GlobalSecondaryIndexes = []types.GlobalSecondaryIndex{{IndexName: aws.String("Global"), KeySchema: keys("g"),
		Projection: &types.Projection{ProjectionType: types.ProjectionTypeKeysOnly}}}
}

// put stores items, given as JSON.
func (s subject) put(t *testing.T, table string, items ...string) {
	t.Helper()
	for _, item := range items {
		if _, err := s.db.PutItem(t.Context(), &sdk.PutItemInput{TableName: &table, Item: parse(t, item)}); err != nil {
			t.Fatalf("PutItem %s: %v", item, err)
		}
	}
}

// get reads an item, as JSON; "" if there is none.
func (s subject) get(t *testing.T, table, key string) string {
	t.Helper()
	out, err := s.db.GetItem(t.Context(), &sdk.GetItemInput{TableName: &table, Key: parse(t, key), ConsistentRead: aws.Bool(true)})
	if err != nil {
		t.Fatalf("GetItem %s: %v", key, err)
	}
	return text(out.Item)
}
