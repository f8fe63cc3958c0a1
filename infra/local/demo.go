package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"edgestream/infra/local/template"
)

// demoTable is the table that demo credentials go to, where a template has it: key (S).
const demoTable = "Accounts"

// demoTokens are the demo tokens and the accounts that they belong to.
var demoTokens = []struct{ token, account string }{{"alice", "1"}, {"bob", "2"}}

// The demo app, for clients that connect with an app key.
const (
	demoAppID     = "4072"
	demoAppKey    = "36b8e92a50487f79cbb3"
	demoAppSecret = "demo-secret"
)

// demoParameters are what a demonstration sets of a template that has them: a page to try it with.
var demoParameters = map[string]string{"Console": "on"}

// setDemoParameters adds those that nobody has set, and reports whether there were any.
func (r *runner) setDemoParameters(s *template.Stack) (added bool) {
	for name, value := range demoParameters {
		_, has := s.Parameters[name]
		if _, said := r.opts.parameters[name]; has && !said {
			r.opts.parameters[name] = value
			added = true
		}
	}
	return added
}

// loadDemo puts the demo rows in and reports whether the template has a place for them. Rows
// that are there already stay as they are.
func loadDemo(ctx context.Context, d *database, tables []template.Table) (bool, error) {
	for _, t := range tables {
		if t.LogicalID == demoTable {
			return true, putDemo(ctx, d, t.Name)
		}
	}
	return false, nil
}

func putDemo(ctx context.Context, d *database, table string) error {
	for _, row := range demoRows() {
		_, err := d.items.PutItem(ctx, &dynamodb.PutItemInput{TableName: &table, Item: row,
			ConditionExpression: aws.String("attribute_not_exists(#k)"), ExpressionAttributeNames: map[string]string{"#k": "key"}})
		var there *types.ConditionalCheckFailedException
		if err != nil && !errors.As(err, &there) {
			return fmt.Errorf("demo credentials in table %s: %w", table, err)
		}
	}
	return nil
}

func demoRows() []map[string]types.AttributeValue {
	rows := []map[string]types.AttributeValue{
		{"key": text("app#" + demoAppID), "appKey": text(demoAppKey), "secret": text(demoAppSecret), "enabled": yes(), "clientEvents": yes()},
		{"key": text("appkey#" + demoAppKey), "app": text(demoAppID)},
	}
	for _, t := range demoTokens {
		rows = append(rows,
			map[string]types.AttributeValue{"key": text("token#" + tokenHash(t.token)), "account": text(t.account), "scopes": texts("read", "write", "follow", "push")},
			map[string]types.AttributeValue{"key": text("account#" + t.account), "app": text(demoAppID)})
	}
	return rows
}

func tokenHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

func text(s string) types.AttributeValue     { return &types.AttributeValueMemberS{Value: s} }
func texts(s ...string) types.AttributeValue { return &types.AttributeValueMemberSS{Value: s} }
func yes() types.AttributeValue              { return &types.AttributeValueMemberBOOL{Value: true} }
