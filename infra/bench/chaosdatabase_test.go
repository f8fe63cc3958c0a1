package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// What is asked while the database stalls is answered when that is over, and it comes back from a
// restart at the same address.
func TestADatabaseStallsAndComesBack(t *testing.T) {
	d, err := newDatabase(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	behind := client(d.proxy.URL)
	over := make(chan struct{})
	go func() {
		defer close(over)
		d.stall(t.Context(), 500*time.Millisecond)
	}()
	longest := time.Duration(0)
	for ended := false; !ended; {
		select {
		case <-over:
			ended = true
		default:
		}
		began := time.Now()
		if _, err := behind.ListTables(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		longest = max(longest, time.Since(began))
	}
	if longest < 100*time.Millisecond {
		t.Errorf("nothing was held: the longest answer took %v", longest)
	}
	if err := d.restart(t.Context(), time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if _, err := behind.ListTables(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

// A DynamoDB Local is killed with its connections, and comes back at the same address with its tables.
func TestADynamoDBLocalComesBackWithItsTables(t *testing.T) {
	homes, _ := filepath.Glob("../../.cache/dynamodb-*")
	if _, err := exec.LookPath("java"); err != nil || len(homes) == 0 {
		t.Skip("./infra/test go-dynamodb-local fetches it; needs Java")
	}
	d, err := newDatabase(t.Context(), "", homes[0])
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	_, err = d.db.CreateTable(t.Context(), &dynamodb.CreateTableInput{TableName: aws.String("Content"), BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("owner"), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("owner"), KeyType: types.KeyTypeHash}}})
	if err == nil {
		err = putItem(t.Context(), d.db, "Content", item{"owner": text("1")})
	}
	if err != nil {
		t.Fatal(err)
	}
	first := d.local.process.Process.Pid
	if err := d.restart(t.Context(), time.Millisecond); err != nil {
		t.Fatal(err)
	}
	got, err := client(d.proxy.URL).GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String("Content"), Key: item{"owner": text("1")}})
	if err != nil || len(got.Item) != 1 || d.local.process.Process.Pid == first {
		t.Errorf("%v, %v", got, err)
	}
}

func TestADynamoDBLocalThatIsNotThereIsSaid(t *testing.T) {
	if _, err := newDatabase(t.Context(), "", t.TempDir()); err == nil || !strings.Contains(err.Error(), "there is no DynamoDB Local in ") || !strings.Contains(err.Error(), "./infra/test go-dynamodb-local ") {
		t.Error(err)
	}
	if err := (chaosFlags{duration: 1, settle: 1, rate: 1, clients: 1, dynamodb: "http://x", local: "y"}).check(); err == nil {
		t.Error("two databases are taken")
	}
}

func TestAFunctionToSpareIsOneThatThereIs(t *testing.T) {
	f := chaosFlags{root: "../..", spare: []string{"Deliver", "Publish"}}
	if err := f.checkSpared(); err != nil {
		t.Error(err)
	}
	f.spare = append(f.spare, "DeliverFunction")
	if err := f.checkSpared(); err == nil || !strings.Contains(err.Error(), "-spare DeliverFunction: there is no such function, but: Connect, ") {
		t.Error(err)
	}
}
