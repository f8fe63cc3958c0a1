package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// item is a row of a table.
type item = map[string]types.AttributeValue

func text(s string) types.AttributeValue     { return &types.AttributeValueMemberS{Value: s} }
func texts(s ...string) types.AttributeValue { return &types.AttributeValueMemberSS{Value: s} }
func number(n int64) types.AttributeValue    { return &types.AttributeValueMemberN{Value: fmt.Sprint(n)} }
func list(v ...types.AttributeValue) types.AttributeValue {
	return &types.AttributeValueMemberL{Value: v}
}
func mapOf(m item) types.AttributeValue { return &types.AttributeValueMemberM{Value: m} }

// hash is the form in which Accounts holds a token.
func hash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

func client(endpoint string) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{Region: "us-east-1", BaseEndpoint: &endpoint, Credentials: aws.CredentialsProviderFunc(credentials)})
}

func credentials(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "local", SecretAccessKey: "local"}, nil
}

func putItem(ctx context.Context, db *dynamodb.Client, table string, row item) error {
	_, err := db.PutItem(ctx, &dynamodb.PutItemInput{TableName: &table, Item: row})
	return err
}

// statusItem is a public status of about a kilobyte.
func statusItem(i int) item { return statusOf(i, 1000, "") }

// statusOf is one whose payload has so many bytes, at least 400, and mentions this account, if any.
func statusOf(i, bytes int, mentioned string) item {
	if mentioned != "" {
		mentioned = fmt.Sprintf(`{"id":%q,"acct":"someone@example.com"}`, mentioned)
	}
	format := `{"id":"%d","visibility":"public","created_at":"2026-01-01T00:00:00.000Z","language":"en","content":"<p>%s</p>",` +
		`"account":{"id":"1","acct":"alice"},"mentions":[%s],"tags":[],"media_attachments":[]}`
	words := strings.Repeat("Edgestream ", bytes/11+1)
	short := fmt.Sprintf(format, i, "", mentioned)
	return item{"owner": text("1"), "id": text(fmt.Sprintf("status#%d", i)), "kind": text("status"),
		"payload": text(fmt.Sprintf(format, i, words[:max(0, bytes-len(short))], mentioned))}
}

func notificationItem(account string, i int) item {
	return item{"owner": text(account), "id": text(fmt.Sprintf("notification#%d", i)), "kind": text("notification"),
		"payload": text(fmt.Sprintf(`{"id":"%d","type":"follow","account":{"id":"1","acct":"alice"}}`, i))}
}
