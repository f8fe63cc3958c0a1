package route_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"edgestream/functions/internal/apigw"
	"edgestream/functions/internal/awscall"
	"edgestream/functions/internal/awsenv"
	"edgestream/functions/internal/dynamo"
	"edgestream/functions/internal/functiontest"
	"edgestream/functions/internal/greet"
	"edgestream/functions/internal/mastodon"
	"edgestream/functions/internal/route"
	"edgestream/functions/internal/stream"
	engine "edgestream/infra/local/dynamodb"
)

// socket is the three functions of a socket with their real adapters, on the DynamoDB at
// DYNAMODB_ENDPOINT or the embedded engine.
type socket struct {
	connect, message, disconnect route.Handler
	gateway                      *functiontest.Gateway
	streams                      mastodon.Connect
	streamMessages               mastodon.Messages
	connections                  *dynamo.Connections
	cfg                          aws.Config
	db                           *awscall.Client
	sdk                          *dynamodb.Client
	accountsTable, table         string
}

func newSocket(t *testing.T) *socket {
	t.Helper()
	s := &socket{gateway: functiontest.NewGateway(t)}
	s.cfg = aws.Config{
		Region: "us-east-1", HTTPClient: awsenv.NewTransport(),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
	}
	endpoint := dynamoDB(t)
	s.sdk = dynamodb.NewFromConfig(s.cfg, func(o *dynamodb.Options) { o.BaseEndpoint = &endpoint })
	s.accountsTable, s.table = s.create(t, "Accounts", "key"), s.create(t, "Connections", "pk", "sk")
	s.db = awscall.New(s.cfg, "dynamodb", endpoint)
	accounts := dynamo.NewAccounts(s.db, s.accountsTable)
	s.connections = dynamo.NewConnections(s.db, s.table, dynamo.Limits{Subscriptions: 12, Connections: 2})
	answers := greet.Greeter{Poster: apigw.NewClient(s.gateway.URL, s.cfg), Patience: time.Second}
	authoriser := mastodon.Authoriser{Lists: accounts, MaxTag: 500, MaxList: 100}
	recheck := mastodon.Recheck{Lists: accounts, Viewers: accounts, Mappings: s.connections}
	log := slog.New(slog.DiscardHandler)
	s.streams = mastodon.Connect{
		Tokens: accounts, Authoriser: authoriser, Connections: s.connections, Greeter: answers, Recheck: recheck,
	}
	s.streamMessages = mastodon.Messages{
		Sessions: s.connections, Subscriptions: s.connections, Authoriser: authoriser, Greeter: answers,
		MaxBytes: 128 << 10, Margin: route.Margin, Recheck: recheck,
	}
	s.connect, s.message = route.Connect(s.streams, nil, log), route.Message(s.streamMessages, nil, log)
	s.disconnect = route.Disconnect(s.connections, nil, log)
	return s
}

func dynamoDB(t *testing.T) string {
	if endpoint := os.Getenv("DYNAMODB_ENDPOINT"); endpoint != "" {
		return endpoint
	}
	e := engine.New(engine.Options{})
	server := httptest.NewServer(e)
	t.Cleanup(func() { server.CloseClientConnections(); server.Close(); e.Close() })
	return server.URL
}

func (s *socket) create(t *testing.T, name string, keys ...string) string {
	name = fmt.Sprintf("%s-%d", name, time.Now().UnixNano())
	in := &dynamodb.CreateTableInput{TableName: &name, BillingMode: types.BillingModePayPerRequest}
	for i, key := range keys {
		in.AttributeDefinitions = append(in.AttributeDefinitions, types.AttributeDefinition{AttributeName: &key, AttributeType: "S"})
		in.KeySchema = append(in.KeySchema, types.KeySchemaElement{AttributeName: &key, KeyType: []types.KeyType{"HASH", "RANGE"}[i]})
	}
	// A slow engine may have made the table by the time that the SDK asks again.
	var made *types.ResourceInUseException
	if _, err := s.sdk.CreateTable(t.Context(), in); err != nil && !errors.As(err, &made) {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = s.sdk.DeleteTable(context.Background(), &dynamodb.DeleteTableInput{TableName: &name}) })
	return name
}

// put writes a row of the Accounts table.
func (s *socket) put(t *testing.T, key string, row map[string]types.AttributeValue) {
	t.Helper()
	row["key"] = &types.AttributeValueMemberS{Value: key}
	if _, err := s.sdk.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &s.accountsTable, Item: row}); err != nil {
		t.Fatal(err)
	}
}

// account writes a token that may read all of account 1, and the lists 12 (its own) and 99.
func (s *socket) account(t *testing.T, token string) {
	hash := sha256.Sum256([]byte(token))
	one := &types.AttributeValueMemberS{Value: "1"}
	s.put(t, "token#"+hex.EncodeToString(hash[:]), map[string]types.AttributeValue{
		"account": one, "scopes": &types.AttributeValueMemberSS{Value: []string{"read"}},
	})
	s.put(t, "list#12", map[string]types.AttributeValue{"account": one})
	s.put(t, "list#99", map[string]types.AttributeValue{"account": &types.AttributeValueMemberS{Value: "2"}})
}

// of is an event of the connection, ms milliseconds after it was made.
func (s *socket) of(connectedAt time.Time, ms int) (e route.Event) {
	e.RequestContext.ConnectionID = conn.ID
	e.RequestContext.ConnectedAt = connectedAt.UnixMilli()
	e.RequestContext.RequestTimeEpoch = connectedAt.UnixMilli() + int64(ms)
	return e
}

// status handles the event and fails on anything but the status.
func status(t *testing.T, h route.Handler, e route.Event, want int) {
	t.Helper()
	if res, err := h(context.Background(), e); err != nil || res.StatusCode != want || res.Body != "" {
		t.Errorf("%+v %v, want %d", res, err, want)
	}
}

func (s *socket) open(t *testing.T, at time.Time, query map[string]string) {
	t.Helper()
	s.account(t, "s3cret")
	e := s.of(at, 0)
	e.Headers = map[string]string{"Authorization": "Bearer s3cret"}
	e.QueryStringParameters = query
	status(t, s.connect, e, 200)
}

func (s *socket) send(t *testing.T, at time.Time, ms int, body string) {
	t.Helper()
	e := s.of(at, ms)
	e.Body = body
	status(t, s.message, e, 200)
}

// hears are the keys of what the connection listens to under the topics.
func (s *socket) hears(t *testing.T, topics ...stream.Topic) string {
	t.Helper()
	found, err := s.connections.Listeners(context.Background(), topics)
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, audience := range found {
		for _, l := range audience.Listeners {
			keys = append(keys, l.Subscription.Key())
		}
	}
	slices.Sort(keys)
	return strings.Join(keys, " ")
}

func TestASocketFromUpgradeToClose(t *testing.T) {
	s, at := newSocket(t), time.Now().Add(-time.Second)
	status(t, s.connect, s.of(at, 0), 401)
	s.open(t, at, map[string]string{"stream": "list", "list": "99"})
	s.send(t, at, 10, `{"type":"subscribe","stream":"list","list":"12"}`)
	s.send(t, at, 20, `{"type":"subscribe","stream":"hashtag:local","tag":"#Café"}`)
	s.send(t, at, 30, `{"type":"subscribe","stream":"user"}`)
	s.send(t, at, 40, `{"type":"subscribe","stream":"public:local:media"}`)
	s.send(t, at, 50, `{"type":"subscribe","stream":"nothing"}`)
	s.send(t, at, 60, `{"type":"unsubscribe","stream":"user"}`)
	all := []stream.Topic{stream.ListTopic("12"), stream.HashtagTopic("cafe"), stream.PublicTopic(), stream.AccountTopic("1")}
	if got := s.hears(t, all...); got != "hashtag:local#cafe list#12 public:local:media" {
		t.Errorf("hears %q", got)
	}
	want := `{"error":"Not authorized to stream this list","status":401}` + "\n" + `{"error":"Unknown stream type","status":400}`
	if got := strings.Join(s.gateway.Posts(conn.ID), "\n"); got != want {
		t.Errorf("posted\n%s\nwant\n%s", got, want)
	}
	status(t, s.disconnect, s.of(at, 70), 200)
	status(t, s.disconnect, s.of(at, 80), 200)
	s.send(t, at, 90, `{"type":"subscribe","stream":"user"}`)
	if got := s.hears(t, all...); got != "" {
		t.Errorf("after the close it hears %q", got)
	}
}

func TestNoBodyMakesAFrameThatAMastodonServerWouldNotSend(t *testing.T) {
	s, at := newSocket(t), time.Now().Add(-time.Second)
	s.open(t, at, nil)
	deep := strings.Repeat("[", 60_000)
	for i, body := range []string{
		"", "\x00", "null", "[]", "0", `"`, deep, `{"type":"subscribe","stream":` + deep + strings.Repeat("]", 60_000) + "}",
		`{"type":{"a":1}}`, `{"type":"subscribe","stream":{},"tag":[],"list":false}`, `{"type":"subscribe","stream":["hashtag"],"tag":1e999}`,
		`{"type":"subscribe","stream":"hashtag","tag":"` + strings.Repeat("猫", 10_000) + `"}`,
		`{"type":"subscribe","stream":"hashtag","tag":"\ud83c\u0000"}`, `{"type":"subscribe","stream":"list","list":"../../etc"}`,
		`{"type":"unsubscribe","stream":"hashtag","tag":"` + strings.Repeat("\ufdfa", 2_000) + `"}`, `{"type":"unsubscribe","stream":[]}`,
		strings.Repeat(" ", 128<<10), strings.Repeat(" ", 128<<10+1),
	} {
		s.send(t, at, i, body)
	}
	for _, frame := range s.gateway.Posts(conn.ID) {
		if !strings.HasPrefix(frame, `{"error":"`) || strings.Contains(frame, `"status":500`) {
			t.Errorf("posted %s", frame)
		}
	}
	if got := len(s.gateway.Posts(conn.ID)); got != 5 {
		t.Errorf("%d answers: %v", got, s.gateway.Posts(conn.ID))
	}
}

func TestFramesOfOneSocketHandledSideBySideEndAsTheyWereSent(t *testing.T) {
	s, at := newSocket(t), time.Now().Add(-time.Second)
	s.open(t, at, map[string]string{"stream": "user"})
	bodies := []string{
		`{"type":"%s","stream":"user"}`, `{"type":"%s","stream":"public"}`,
		`{"type":"%s","stream":"hashtag","tag":"Cats"}`, `{"type":"%s","stream":"list","list":"12"}`,
	}
	topics := []stream.Topic{stream.AccountTopic("1"), stream.PublicTopic(), stream.HashtagTopic("cats"), stream.ListTopic("12")}
	for round := range 5 {
		seed := uint64(time.Now().UnixNano())
		draw := rand.New(rand.NewPCG(seed, 0))
		sent := make([]string, 24)
		last := map[int]string{}
		for i := range sent {
			of, kind := draw.IntN(len(bodies)), []string{"subscribe", "unsubscribe"}[draw.IntN(2)]
			sent[i], last[of] = fmt.Sprintf(bodies[of], kind), kind
		}
		var wg sync.WaitGroup
		for _, i := range draw.Perm(len(sent)) {
			wg.Go(func() { s.send(t, at, 100*round+i+1, sent[i]) })
		}
		wg.Wait()
		for of, kind := range last {
			if heard := s.hears(t, topics[of]) != ""; heard != (kind == "subscribe") {
				t.Errorf("seed %d: %s was last, heard: %v", seed, fmt.Sprintf(bodies[of], kind), heard)
			}
		}
	}
	if got := s.gateway.Posts(conn.ID); len(got) > 0 {
		t.Errorf("posted %v", got)
	}
}
