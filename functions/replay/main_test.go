package main

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"edgestream/functions/internal/awsenv"
	"edgestream/functions/internal/dynamo"
	"edgestream/functions/internal/functiontest"
	"edgestream/functions/internal/history"
	"edgestream/functions/internal/stream"
	engine "edgestream/infra/local/dynamodb"
)

func TestMain(m *testing.M) { functiontest.Main(m, main) }

func TestEveryMissingVariableIsNamed(t *testing.T) {
	log, status := functiontest.Start(t, nil)
	if status != 1 {
		t.Errorf("exit status %d", status)
	}
	for _, name := range []string{"CALLBACK_URL", "ACCOUNTS_TABLE", "CONNECTIONS_TABLE", "HISTORY_TABLE", "AWS_LAMBDA_FUNCTION_NAME"} {
		if !strings.Contains(log, name) {
			t.Errorf("%s is not named in %s", name, log)
		}
	}
}

// newTables starts DynamoDB with empty tables and returns its address.
func newTables(t *testing.T) string {
	e := engine.New(engine.Options{})
	server := httptest.NewServer(e)
	t.Cleanup(func() { server.Close(); e.Close() })
	client := dynamodb.New(dynamodb.Options{Region: "us-east-1", BaseEndpoint: &server.URL,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		})})
	pk, sk, at := aws.String("pk"), aws.String("sk"), aws.String("at")
	table := dynamodb.CreateTableInput{
		TableName: aws.String("Connections"), BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: pk, AttributeType: types.ScalarAttributeTypeS}, {AttributeName: sk, AttributeType: types.ScalarAttributeTypeS},
		},
		KeySchema: []types.KeySchemaElement{{AttributeName: pk, KeyType: types.KeyTypeHash}, {AttributeName: sk, KeyType: types.KeyTypeRange}},
	}
	create(t, client, table)
	table.TableName = aws.String("History")
	table.AttributeDefinitions = append(table.AttributeDefinitions, types.AttributeDefinition{AttributeName: at, AttributeType: types.ScalarAttributeTypeN})
	table.LocalSecondaryIndexes = []types.LocalSecondaryIndex{{
		IndexName:  aws.String("place"),
		KeySchema:  []types.KeySchemaElement{{AttributeName: pk, KeyType: types.KeyTypeHash}, {AttributeName: at, KeyType: types.KeyTypeRange}},
		Projection: &types.Projection{ProjectionType: types.ProjectionTypeAll},
	}}
	create(t, client, table)
	return server.URL
}

func create(t *testing.T, client *dynamodb.Client, table dynamodb.CreateTableInput) {
	t.Helper()
	if _, err := client.CreateTable(t.Context(), &table); err != nil {
		t.Fatal(err)
	}
}

func TestASubscriptionIsServedFromHistoryAndGoesLive(t *testing.T) {
	gateway, vars := functiontest.NewGateway(t), functiontest.Credentials()
	vars["CALLBACK_URL"], vars["AWS_ENDPOINT_URL_DYNAMODB"], vars["AWS_LAMBDA_FUNCTION_NAME"] = gateway.URL, newTables(t), "replay"
	vars["ACCOUNTS_TABLE"], vars["CONNECTIONS_TABLE"], vars["HISTORY_TABLE"] = "Accounts", "Connections", "History"
	for name, value := range vars {
		t.Setenv(name, value)
	}
	db := awsenv.DynamoDB(awsenv.Config())
	connections := dynamo.NewConnections(db, "Connections", dynamo.Limits{Subscriptions: 1, Connections: 1})
	session := stream.Session{
		Connection: stream.Connection{ID: "PJqB0fHsqRcCHlw=", ConnectedAt: time.Now().Truncate(time.Millisecond)},
		Grant:      stream.Grant{Account: "1", Scopes: stream.Scopes{"read"}, TokenHash: "hash-of-a-token-0123"}, EventIDs: true,
	}
	bound := history.Bound{Subscription: stream.Subscription{Stream: stream.User}, Account: "1"}
	if err := connections.Open(t.Context(), session, []stream.Subscription{bound.Subscription}); err != nil {
		t.Fatal(err)
	}
	logs := dynamo.NewHistory(db, "History")
	from := bound.PositionID(history.Position{After: time.Now().Add(-history.Lateness)})
	stored, errs := history.NewWriter(logs, history.WriterConfig{}).Append(t.Context(), []history.Entry{{
		Topic: stream.AccountTopic("1"), Record: "r", Owner: "2", Sequence: "1",
		Messages: []stream.Message{{Topic: stream.AccountTopic("1"), Streams: []stream.Name{stream.User}, Event: "delete", Payload: []byte("9")}},
	}})
	if errs[0] != nil {
		t.Fatal(errs[0])
	}
	event, err := json.Marshal(stream.Replay{
		Connection: session.Connection, Account: "1", Subscription: bound.Subscription,
		Made: session.ConnectedAt, From: from, Asked: time.Now(),
	})
	if err != nil {
		t.Fatal(err)
	}
	answer, log := functiontest.Invoke(t, vars, string(event))
	want := []string{
		`{"stream":["user"],"event":"edgestream.position","payload":"` + from + `","id":"` + from + `"}`,
		`{"stream":["user"],"event":"delete","payload":"9","id":"` + bound.EventID(stored[0], 0) + `"}`,
	}
	if got := gateway.Posts(session.ID); !slices.Equal(got, want) || answer != "null" || !strings.Contains(log, `"Replays":1,`) || strings.Count(log, "\n") > 1 {
		t.Errorf("posted %v, want %v, answer %s, log %s", got, want, answer, log)
	}
	found, err := connections.Listeners(t.Context(), []stream.Topic{stream.AccountTopic("1")})
	if l := found[stream.AccountTopic("1")].Listeners; err != nil || len(l) != 1 || l[0].Replaying {
		t.Errorf("%+v %v", l, err)
	}
}
