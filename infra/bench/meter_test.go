package main

import (
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func newTable(t *testing.T, m *meter, name string) {
	t.Helper()
	_, err := client(m.direct.URL).CreateTable(t.Context(), &dynamodb.CreateTableInput{TableName: &name, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("key"), AttributeType: "S"}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("key"), KeyType: "HASH"}}})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAMeterTellsTablesAndKindsApart(t *testing.T) {
	m := newMeter()
	defer m.close()
	for _, name := range []string{"Accounts", "History"} {
		newTable(t, m, name)
	}
	db := client(m.metered.URL)
	tricky := item{"key": text("a"), "text": text(`"ConsumedCapacity":{"CapacityUnits":7} com.amazonaws#ConditionalCheckFailedException"`)}
	if err := putItem(t.Context(), db, "Accounts", tricky); err != nil {
		t.Fatal(err)
	}
	_, err := db.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("Accounts"), Item: item{"key": text("a")},
		ConditionExpression: aws.String("attribute_not_exists(#k)"), ExpressionAttributeNames: map[string]string{"#k": "key"}})
	if failed := (*types.ConditionalCheckFailedException)(nil); !errors.As(err, &failed) {
		t.Fatal(err)
	}
	before := m.usage()
	if _, err := db.BatchGetItem(t.Context(), &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{
		"Accounts": {Keys: []map[string]types.AttributeValue{{"key": text("a")}, {"key": text("b")}}}}}); err != nil {
		t.Fatal(err)
	}
	for _, consistent := range []bool{false, true} {
		if _, err := db.Query(t.Context(), &dynamodb.QueryInput{TableName: aws.String("History"), ConsistentRead: &consistent,
			KeyConditionExpression: aws.String("#k = :k"), ExpressionAttributeNames: map[string]string{"#k": "key"},
			ExpressionAttributeValues: item{":k": text("a")}}); err != nil {
			t.Fatal(err)
		}
	}
	if got := before.of(anything); got != (amount{2, 2}) {
		t.Errorf("writes: %+v", got)
	}
	spent := m.usage().since(before)
	if got := spent.of(readsAccounts); got != (amount{1, 1}) {
		t.Errorf("reads of Accounts: %+v", got)
	}
	if got := spent.of(onlyPolls); got != (amount{1, 0.5}) {
		t.Errorf("polls: %+v", got)
	}
	if read, write := spent.split(allButPolls); read != 2 || write != 0 {
		t.Errorf("%v read units, %v write units but for polls", read, write)
	}
}

// What the application writes and what creates tables is not counted.
func TestAMeterCountsOnlyWhatGoesThroughIt(t *testing.T) {
	m := newMeter()
	defer m.close()
	newTable(t, m, "Content")
	if err := putItem(t.Context(), client(m.direct.URL), "Content", item{"key": text("a")}); err != nil {
		t.Fatal(err)
	}
	if _, err := client(m.metered.URL).ListTables(t.Context(), &dynamodb.ListTablesInput{}); err != nil {
		t.Fatal(err)
	}
	if got := m.usage(); len(got) != 0 {
		t.Errorf("%+v", got)
	}
}
