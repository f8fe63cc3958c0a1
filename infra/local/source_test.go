package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/coder/websocket"

	"edgestream/infra/local/eventsource"
	"edgestream/infra/local/template"
)

// patience is how long anything that must happen may take, on a machine with much else to do.
const patience = 90 * time.Second

const deployed = "../../template.yaml"

func TestOnlyARecordWithAMapPassesTheFilter(t *testing.T) {
	stack, err := template.Load(deployed, template.Options{Parameters: map[string]string{
		sourceParameter: "arn:aws:dynamodb:us-east-1:123456789012:table/orders/stream/x"}})
	if err != nil {
		t.Fatal(err)
	}
	var patterns []*eventsource.Pattern
	for _, m := range stack.Streams {
		for _, text := range m.Filters {
			p, err := eventsource.ParsePattern(text)
			if err != nil {
				t.Fatal(err)
			}
			if m.LogicalID == "PublishSource" {
				patterns = append(patterns, p)
			}
		}
	}
	const note, status = `"edgestream":{"M":{"kind":{"S":"notification"},"owner":{"S":"1"}}}`, `"edgestream":{"M":{"kind":{"S":"status"}}}`
	for _, tt := range []struct {
		before, after string
		want          bool
	}{
		{"none", `"order":{"M":{}}`, false}, {`"order":{"M":{}}`, "none", false}, {`"n":{"N":"1"}`, `"n":{"N":"2"}`, false},
		{"none", `"edgestream":{"S":"kind"}`, false}, {"none", `"edgestream":{"NULL":true}`, false},
		{"none", `"kind":{"S":"status"},"owner":{"S":"1"}`, false}, {"none", `"other":{"M":{"kind":{"S":"status"}}}`, false},
		{"none", note, true}, {`"n":{"N":"1"}`, note, true}, {note, note, true}, {note, status, true},
		{status, "none", true}, {status, `"n":{"N":"1"}`, true}, {status, `"edgestream":{"S":"off"}`, true},
		// A removal that nobody is told of.
		{note, "none", false}, {note, `"n":{"N":"1"}`, false},
		// What is to be reported.
		{"none", `"edgestream":{"M":{"owner":{"S":"1"}}}`, true}, {"none", `"edgestream":{"M":{"kind":{"N":"1"}}}`, true},
		{"none", `"edgestream":{"M":{"kind":{"BOOL":true},"owner":{"S":"1"}}}`, true},
		{`"edgestream":{"M":{"owner":{"S":"1"}}}`, "none", true},
	} {
		images := `"Keys":{"orderId":{"S":"7"}}`
		for name, image := range map[string]string{"OldImage": tt.before, "NewImage": tt.after} {
			if image != "none" {
				images += `,"` + name + `":{"orderId":{"S":"7"},` + image + `}`
			}
		}
		got := false
		for _, p := range patterns {
			got = got || p.Match([]byte(`{"eventName":"MODIFY","dynamodb":{`+images+`}}`))
		}
		if got != tt.want {
			t.Errorf("%s, then %s: %v", tt.before, tt.after, got)
		}
	}
}

func TestASourceTableIsNamedOnce(t *testing.T) {
	for args, want := range map[string]string{
		"--source-table x":       "3 to 255 characters",
		"--source-table Content": "is the template's own",
		"--source-table orders --parameter SourceStreamArn=": "leave one out",
		"--source-table orders/x":                            "3 to 255 characters",
		"--source-table :orderId":                            "want NAME or NAME:KEY",
		"--source-table orders:":                             "want NAME or NAME:KEY",
		"--source-table orders:a:b":                          "with one key",
		"--source-table or":                                  "3 to 255 characters",
		"--source-table orders:orderId":                      "",
		"--parameter SourceStreamArn=arn:aws:dynamodb:us-east-1:123456789012:table/Content/stream/2026-01-01T00:00:00.000": "is the template's own",
		"--parameter SourceStreamArn=arn:aws:dynamodb:us-east-1:123456789012:table/orders/stream/2026-01-01T00:00:00.000":  "",
	} {
		o, err := parseOptions(append(strings.Fields(args), "--template", deployed), io.Discard)
		if err == nil {
			_, err = (&runner{opts: o}).loadStack()
		}
		if (err == nil) != (want == "") || !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%s: %v, want %q", args, err, want)
		}
	}
}

// shop is a runner with a table of orders that is not the template's.
type shop struct {
	*runner
	t      *testing.T
	table  string
	out    buffer
	socket *websocket.Conn
}

// buffer is what a runner writes, to be read at any time.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// openShop runs the deployed template on the embedded engine or the one at DYNAMODB_ENDPOINT, before
// there is a table of orders, unless it has it made with this key.
func openShop(t *testing.T, key string) *shop {
	s := newShop(t)
	s.open("--source-table", s.table+key)
	return s
}

func newShop(t *testing.T) *shop {
	return &shop{t: t, table: fmt.Sprintf("orders-%d", time.Now().UnixNano())}
}

func (s *shop) open(flags ...string) {
	s.t.Helper()
	args := append([]string{"--listen", "127.0.0.1:0", "--api", "127.0.0.1:0", "--dynamodb-listen", "127.0.0.1:0", "--template", deployed,
		"--log", "json", "--stream-poll", "25ms"}, flags...)
	if endpoint := os.Getenv("DYNAMODB_ENDPOINT"); endpoint != "" {
		args = append(args, "--dynamodb", endpoint)
	}
	opts, err := parseOptions(args, io.Discard)
	if err != nil {
		s.t.Fatal(err)
	}
	s.runner = newRunner(opts, &s.out)
	ctx, cancel := context.WithCancel(s.t.Context())
	s.t.Cleanup(func() { cancel(); s.close() })
	if err := s.start(ctx); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		_, _ = s.database.items.DeleteTable(context.Background(), &dynamodb.DeleteTableInput{TableName: &s.table})
	})
}

// stock makes the table, as an application has it, and returns its stream's ARN.
func (s *shop) stock(database *database) (streamARN string) {
	s.t.Helper()
	made, err := database.items.CreateTable(s.t.Context(), &dynamodb.CreateTableInput{
		TableName: &s.table, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("orderId"), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("orderId"), KeyType: types.KeyTypeHash}},
		StreamSpecification:  &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewTypeNewAndOldImages}})
	if err != nil {
		s.t.Fatal(err)
	}
	return aws.ToString(made.TableDescription.LatestStreamArn)
}

type object = map[string]any

func (s *shop) put(id string, attributes object) {
	s.t.Helper()
	attributes["orderId"] = id
	item, err := attributevalue.MarshalMap(attributes)
	if err == nil {
		_, err = s.database.items.PutItem(s.t.Context(), &dynamodb.PutItemInput{TableName: &s.table, Item: item})
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *shop) remove(id string) {
	s.t.Helper()
	_, err := s.database.items.DeleteItem(s.t.Context(), &dynamodb.DeleteItemInput{TableName: &s.table,
		Key: map[string]types.AttributeValue{"orderId": text(id)}})
	if err != nil {
		s.t.Fatal(err)
	}
}

// listen has alice listen to her stream.
func (s *shop) listen() {
	s.t.Helper()
	url := "ws" + strings.TrimPrefix(s.edge.url(), "http") + "/api/v1/streaming?access_token=alice&stream=user"
	conn, _, err := websocket.Dial(s.t.Context(), url, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.CloseNow() })
	s.socket = conn
}

func (s *shop) hears(event, payload string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	_, frame, err := s.socket.Read(ctx)
	if err != nil {
		s.t.Fatalf("%s %s: %v", event, payload, err)
	}
	var got struct {
		Stream         []string
		Event, Payload string
	}
	if err := json.Unmarshal(frame, &got); err != nil || got.Event != event || got.Payload != payload {
		s.t.Fatalf("heard %s %v, want %s %s", frame, err, event, payload)
	}
}

// given is how many records the publisher was given so far.
func (s *shop) given() (records int) {
	for line := range strings.Lines(s.out.String()) {
		var i invoked
		if json.Unmarshal([]byte(line), &i) == nil && i.Function == "PublishFunction" && i.Request != "" {
			records += i.Records
		}
	}
	return records
}

func (s *shop) eventually(what string, is func() bool) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	for tick := time.NewTicker(10 * time.Millisecond); !is(); {
		select {
		case <-tick.C:
		case <-ctx.Done():
			s.t.Fatal(errors.New("it never came to this: " + what))
		}
	}
}

// TestOrdersReachAClientAndOnlyThoseThatSaySo is the whole: the deployed template, its functions, a
// table that it does not know, on either engine.
func TestOrdersReachAClientAndOnlyThoseThatSaySo(t *testing.T) {
	s := openShop(t, "")
	s.eventually("it says what it waits for", func() bool { return strings.Contains(s.out.String(), "waits for the table "+s.table) })
	s.listen()
	s.stock(s.database)
	for n := range 30 {
		s.put(fmt.Sprint("quiet", n), object{"order": object{"total": n}})
	}
	note := object{"kind": "notification", "owner": "1", "payloadFrom": "order"}
	s.put("o1", object{"order": object{"id": "o1", "total": 12.5}, "edgestream": note})
	s.hears("notification", `{"id":"o1","total":12.5}`)
	s.put("o1", object{"order": object{"id": "o1", "total": 12.5}, "edgestream": note, "packed": true})

	s.put("bad", object{"order": object{}, "edgestream": object{"kind": "_roster", "owner": "1"}})
	s.put("worse", object{"edgestream": note})
	status := object{"kind": "status", "owner": 2, "home": []string{"1"}, "payloadFrom": "body"}
	s.put("o2", object{"body": `{"content":"one"}`, "edgestream": status})
	s.hears("update", `{"content":"one"}`)
	s.put("o2", object{"body": `{"content":"two"}`, "edgestream": status})
	s.hears("status.update", `{"content":"two"}`)
	s.put("o2", object{"body": `{"content":"two"}`})
	s.hears("delete", "o2")
	s.put("o2", object{"body": `{"content":"two"}`, "edgestream": status})
	s.hears("update", `{"content":"two"}`)
	s.remove("o2")
	s.hears("delete", "o2")
	s.remove("quiet1")

	const said = 9 // o1 twice, bad, worse, o2 five times
	s.eventually("all were given to the function", func() bool { return s.given() >= said })
	s.put("last", object{"order": object{}, "edgestream": note})
	s.hears("notification", "{}")
	s.eventually("the last was given to the function", func() bool { return s.given() >= said+1 })
	if got := s.given(); got != said+1 {
		t.Errorf("the function was given %d records, of which %d say something", got, said+1)
	}
	if !slices.ContainsFunc(s.allMappings(t.Context()), func(m eventSourceMapping) bool {
		return m.UUID == "PublishSource" && strings.Contains(m.EventSourceArn, s.table) && !strings.HasSuffix(m.EventSourceArn, template.StreamLabel)
	}) {
		t.Error("the stream is not listed")
	}
	s.reports("_roster", `{"S":"bad"}`, "payloadFrom", `{"S":"worse"}`)
}

// reports wants one report for each order that does not fit, whole.
func (s *shop) reports(parts ...string) {
	s.t.Helper()
	stored, err := s.queues.Messages("FailureQueue")
	if err != nil || len(stored) != 2 {
		s.t.Fatalf("reports %v, %v", stored, err)
	}
	all := string(stored[0].Body) + string(stored[1].Body)
	for _, part := range append(parts, s.table) {
		if !strings.Contains(all, part) {
			s.t.Errorf("%s is in no report: %s", part, all)
		}
	}
}

func TestATableOfOrdersIsMadeIfItsKeyIsSaid(t *testing.T) {
	s := openShop(t, ":orderId")
	s.listen()
	s.put("o1", object{"edgestream": object{"kind": "merge", "owner": "1"}})
	s.hears("notifications_merged", "1")
}

// The parameter is the stream's ARN, as for sam deploy. The embedded engine, where the table can only be
// made afterwards, goes by its name.
func TestATableOfOrdersIsNamedByItsStream(t *testing.T) {
	s := newShop(t)
	endpoint, arn := os.Getenv("DYNAMODB_ENDPOINT"), "arn:aws:dynamodb:us-east-1:123456789012:table/"+s.table+"/stream/2026-01-01T00:00:00.000"
	if endpoint != "" {
		arn = s.stock(newDatabase(endpoint, "us-east-1"))
	}
	s.open("--parameter", sourceParameter+"="+arn)
	s.listen()
	if endpoint == "" {
		s.stock(s.database)
	}
	s.put("quiet", object{"order": object{}})
	s.put("o1", object{"edgestream": object{"kind": "merge", "owner": "1"}})
	s.hears("notifications_merged", "1")
	described, err := newDatabase(s.api.url(), "us-east-1").streamOf(t.Context(), s.table)
	if err != nil || !strings.Contains(described, s.table) {
		t.Errorf("where Lambda and SQS answer DynamoDB says %q, %v", described, err)
	}
	s.lists("/2015-03-31/event-source-mappings/", s.table)
	s.lists("/2015-03-31/event-source-mappings", s.table) // as the AWS CLI asks
}

// lists fails the test unless a call of Lambda's is answered with something of that name.
func (s *shop) lists(path, name string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.api.url()+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/lambda/aws4_request, SignedHeaders=host;x-amz-date, Signature="+strings.Repeat("0", 64))
	r.Header.Set("X-Amz-Date", time.Now().UTC().Format("20060102T150405Z"))
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	if text, err := io.ReadAll(answer.Body); err != nil || answer.StatusCode != http.StatusOK || !strings.Contains(string(text), name) {
		s.t.Errorf("%s: %d %s %v", path, answer.StatusCode, text, err)
	}
}
