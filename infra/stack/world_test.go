package stack_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"edgestream/infra/stack"
)

// world is a running stack with an application's clients.
type world struct {
	*stack.Stack
	db      *dynamodb.Client
	sockets *apigatewaymanagementapi.Client
	http    *http.Client
}

func credentials(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
}

// patient tries again at once. The SDK lets go of a request's body when the answer begins, and
// where that comes before the body's end is seen, net/http drops the connection with the answer.
func patient() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts, o.MaxBackoff = 5, 10*time.Millisecond })
}

func start(p *stack.Program, flags ...string) (*world, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	s, err := p.Start(ctx, flags...)
	if err != nil {
		return nil, err
	}
	return newWorld(s, s.DynamoDB), nil
}

func newWorld(s *stack.Stack, database string) *world {
	w := &world{Stack: s, http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32}}}
	w.db = databaseClient(w.http, database)
	w.sockets = apigatewaymanagementapi.New(apigatewaymanagementapi.Options{Region: "us-east-1", BaseEndpoint: &s.Callback,
		HTTPClient: w.http, Credentials: aws.CredentialsProviderFunc(credentials), Retryer: patient()})
	return w
}

func databaseClient(c *http.Client, url string) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{Region: "us-east-1", BaseEndpoint: &url, HTTPClient: c,
		Credentials: aws.CredentialsProviderFunc(credentials), Retryer: patient()})
}

func (w *world) end() error {
	w.http.CloseIdleConnections()
	return w.Stop()
}

// row is an item in plain Go values.
type row map[string]any

// set is a set of strings.
type set []string

// attribute is the value as DynamoDB has it.
func attribute(v any) types.AttributeValue {
	switch v := v.(type) {
	case types.AttributeValue:
		return v
	case string:
		return &types.AttributeValueMemberS{Value: v}
	case bool:
		return &types.AttributeValueMemberBOOL{Value: v}
	case nil:
		return &types.AttributeValueMemberNULL{Value: true}
	case set:
		return &types.AttributeValueMemberSS{Value: v}
	case []any:
		list := &types.AttributeValueMemberL{}
		for _, e := range v {
			list.Value = append(list.Value, attribute(e))
		}
		return list
	case row:
		return &types.AttributeValueMemberM{Value: v.item()}
	case []byte:
		return &types.AttributeValueMemberB{Value: v}
	}
	return &types.AttributeValueMemberN{Value: fmt.Sprint(v)}
}

func (r row) item() map[string]types.AttributeValue {
	item := map[string]types.AttributeValue{}
	for name, v := range r {
		item[name] = attribute(v)
	}
	return item
}

func (w *world) put(t *testing.T, table string, item row) {
	t.Helper()
	if _, err := w.db.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &table, Item: item.item()}); err != nil {
		t.Fatal(err)
	}
}

func (w *world) content(t *testing.T, items ...row) {
	t.Helper()
	for _, item := range items {
		w.put(t, "Content", item)
	}
}

func (w *world) remove(t *testing.T, owner, id string) {
	t.Helper()
	key := row{"owner": owner, "id": id}.item()
	if _, err := w.db.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: aws.String("Content"), Key: key}); err != nil {
		t.Fatal(err)
	}
}

// scan is all rows of a table.
func (w *world) scan(t *testing.T, table string) (items []map[string]types.AttributeValue) {
	t.Helper()
	pages := dynamodb.NewScanPaginator(w.db, &dynamodb.ScanInput{TableName: &table, ConsistentRead: aws.Bool(true)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		items = append(items, page.Items...)
	}
	return items
}

var ids atomic.Int64

// fresh is an id that no other test has.
func fresh() string { return fmt.Sprint(70000 + ids.Add(1)) }

func hash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// token gives the account a token with these scopes.
func (w *world) token(t *testing.T, account string, scopes ...string) string {
	t.Helper()
	token := "token-" + fresh()
	w.put(t, "Accounts", row{"key": "token#" + hash(token), "account": account, "scopes": set(scopes)})
	return token
}

// member is an account of its own with a token that may read, and a list.
func (w *world) member(t *testing.T) (account, token, list string) {
	t.Helper()
	account, list = fresh(), fresh()
	w.put(t, "Accounts", row{"key": "list#" + list, "account": account})
	return account, w.token(t, account, "read"), list
}

// connections are the ids of the account's open connections, as Connections knows them.
func (w *world) connections(t *testing.T, account string) (open []string) {
	t.Helper()
	got, err := w.db.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String("Connections"), ConsistentRead: aws.Bool(true),
		Key: row{"pk": "account#" + account, "sk": "account"}.item()})
	if err != nil {
		t.Fatal(err)
	}
	for name := range got.Item {
		if id, ok := strings.CutPrefix(name, "@"); ok {
			open = append(open, id)
		}
	}
	return open
}

// post sends a frame straight to a connection.
func (w *world) post(t *testing.T, connection, frame string) {
	t.Helper()
	in := &apigatewaymanagementapi.PostToConnectionInput{ConnectionId: &connection, Data: []byte(frame)}
	if _, err := w.sockets.PostToConnection(t.Context(), in); err != nil {
		t.Fatal(err)
	}
}

// handled waits until n messages of the connection have been handled.
func (w *world) handled(t *testing.T, connection string, n int) {
	t.Helper()
	eventually(t, fmt.Sprintf("%d messages of the connection are handled", n), func() bool {
		count := 0
		for _, i := range w.Invocations() {
			if i.Connection == connection && i.Function == "SubscribeFunction" {
				count++
			}
		}
		return count >= n
	})
}

// published waits until everything that was written to Content so far has been published: the
// stream has one reader, so a batch that begins after another is seen begins when that has ended.
func (w *world) published(t *testing.T) {
	t.Helper()
	account := fresh()
	witness := w.dial(t, w.token(t, account, "read"), "stream=user")
	defer witness.conn.CloseNow()
	for _, event := range []string{"first", "second"} {
		w.content(t, note(account, event, account))
		witness.expect(frame("", event, "user"))
	}
}

// note is a broadcast to the user stream of an account.
func note(owner, event, account string) row {
	return row{"owner": owner, "id": "broadcast#" + fresh(), "kind": "broadcast", "event": event, "payload": "",
		"topics": []any{row{"stream": "user", "account": account}}}
}

// eventually polls until the condition holds.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for tick := time.NewTicker(5 * time.Millisecond); !condition(); {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal(errors.New("it never came to this: " + what))
		}
	}
}

// has reports whether the table has an item with this key.
func (w *world) has(t *testing.T, table string, key row) bool {
	t.Helper()
	got, err := w.db.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: &table, Key: key.item(), ConsistentRead: aws.Bool(true)})
	if err != nil {
		t.Fatal(err)
	}
	return len(got.Item) > 0
}

// text is the string in an attribute, or an empty one.
func text(v types.AttributeValue) *string {
	if s, ok := v.(*types.AttributeValueMemberS); ok {
		return &s.Value
	}
	return new(string)
}
