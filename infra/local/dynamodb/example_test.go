package dynamodb_test

import (
	"context"
	"fmt"
	"net/http/httptest"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"edgestream/infra/local/dynamodb"
)

// The engine is an http.Handler; an SDK reaches it through its base endpoint.
func ExampleEngine() {
	engine := dynamodb.New(dynamodb.Options{})
	defer engine.Close()
	server := httptest.NewServer(engine)
	defer server.Close()

	db := sdk.New(sdk.Options{
		Region:       "us-east-1",
		BaseEndpoint: &server.URL,
		HTTPClient:   server.Client(),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "any", SecretAccessKey: "any"}, nil
		}),
	})
	ctx, table := context.Background(), aws.String("Greetings")
	_, err := db.CreateTable(ctx, &sdk.CreateTableInput{
		TableName:            table,
		BillingMode:          types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	key := map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: "hello"}}
	out, err := db.UpdateItem(ctx, &sdk.UpdateItemInput{
		TableName: table, Key: key, ReturnValues: types.ReturnValueUpdatedNew,
		UpdateExpression:          aws.String("ADD seen :one"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":one": &types.AttributeValueMemberN{Value: "1"}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("seen", out.Attributes["seen"].(*types.AttributeValueMemberN).Value)
	// Output: seen 1
}
