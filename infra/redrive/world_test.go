package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"edgestream/infra/local/dynamodb"
	"edgestream/infra/local/sqs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is an account with a table, its stream, queues, and a function that reads the stream.
type world struct {
	*account
	t      *testing.T
	queues *sqs.Service
	server *httptest.Server
	stream string

	mu      sync.Mutex
	events  [][]string // ids of the records of each invocation
	raw     []string
	answer  func(event string) (body string, failed bool)
	readers int // functions that read the stream
}

const failures = "Failures"

func newWorld(t *testing.T) *world {
	w := &world{t: t, readers: 1}
	engine := dynamodb.New(dynamodb.Options{})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2015-03-31/event-source-mappings/", w.mappings)
	mux.HandleFunc("POST /2015-03-31/functions/{name}/invocations", w.invoked)
	mux.HandleFunc("POST /{$}", func(rw http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.Header.Get("X-Amz-Target"), "AmazonSQS.") {
			w.queues.ServeHTTP(rw, r)
			return
		}
		engine.ServeHTTP(rw, r)
	})
	w.server = httptest.NewServer(mux)
	t.Cleanup(func() { w.server.Close(); engine.Close() })
	w.queues = sqs.New(sqs.Options{BaseURL: w.server.URL})
	for _, name := range []string{failures, "Tasks"} {
		if _, err := w.queues.EnsureQueue(name, nil); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL_SQS", "AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_DYNAMODB_STREAMS", "AWS_ENDPOINT_URL_LAMBDA"} {
		t.Setenv(name, "")
	}
	account, err := connect(t.Context(), options{endpoint: w.server.URL, queueURL: w.queues.URL("", failures)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(account.http.CloseIdleConnections)
	w.account = account
	w.createTable()
	return w
}

func (w *world) createTable() {
	var made struct {
		TableDescription struct{ LatestStreamArn string }
	}
	w.do(tableAPI, "CreateTable", map[string]any{
		"TableName": "Content", "BillingMode": "PAY_PER_REQUEST",
		"AttributeDefinitions": []map[string]string{{"AttributeName": "owner", "AttributeType": "S"}, {"AttributeName": "id", "AttributeType": "S"}},
		"KeySchema":            []map[string]string{{"AttributeName": "owner", "KeyType": "HASH"}, {"AttributeName": "id", "KeyType": "RANGE"}},
		"StreamSpecification":  map[string]any{"StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES"},
	}, &made)
	w.stream = made.TableDescription.LatestStreamArn
}

func (w *world) do(s api, operation string, in, out any) {
	w.t.Helper()
	if err := w.call(context.Background(), s, operation, in, out); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) mappings(rw http.ResponseWriter, r *http.Request) {
	name := map[string]string{w.stream: "Publish", "arn:aws:sqs:us-east-1:000000000000:Parts.fifo": "Deliver"}[r.URL.Query().Get("EventSourceArn")]
	if name == "" {
		w.t.Errorf("asked who reads %s", r.URL.Query())
	}
	list := strings.TrimSuffix(strings.Repeat(`{"FunctionArn":"arn:aws:lambda:us-east-1:000000000000:function:`+name+`"},`, w.readers), ",")
	fmt.Fprintf(rw, `{"EventSourceMappings":[%s]}`, list)
}

func (w *world) invoked(rw http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var event struct{ Records []record }
	if err := json.Unmarshal(body, &event); err != nil || !strings.Contains("Publish Deliver", last(r.PathValue("name"))) {
		w.t.Errorf("%s with %s: %v", r.PathValue("name"), body, err)
	}
	var ids []string
	for _, r := range event.Records {
		ids = append(ids, r.EventID)
	}
	w.mu.Lock()
	w.events, w.raw = append(w.events, ids), append(w.raw, string(body))
	answer := w.answer
	w.mu.Unlock()
	text, failed := `{"batchItemFailures":[]}`, false
	if answer != nil {
		text, failed = answer(string(body))
	}
	if failed {
		rw.Header().Set("X-Amz-Function-Error", "Unhandled")
	}
	fmt.Fprint(rw, text)
}

// put writes an item and delete removes one; both return what the stream says of it.
func (w *world) put(owner, id, payload string) json.RawMessage {
	w.t.Helper()
	w.do(tableAPI, "PutItem", map[string]any{"TableName": "Content", "Item": map[string]any{
		"owner": text(owner), "id": text(id), "kind": text("status"), "payload": text(payload), "home": map[string]any{"SS": []string{"2", "1"}}}}, &struct{}{})
	return w.newest()
}

func (w *world) remove(owner, id string) json.RawMessage {
	w.t.Helper()
	w.do(tableAPI, "DeleteItem", map[string]any{"TableName": "Content", "Key": map[string]any{"owner": text(owner), "id": text(id)}}, &struct{}{})
	return w.newest()
}

// newest is the last record of the stream, as Lambda would put it into an event.
func (w *world) newest() json.RawMessage {
	all := w.records()
	return all[len(all)-1].raw
}

func (w *world) records() (all []record) {
	w.t.Helper()
	var at struct{ ShardIterator string }
	w.do(streamsAPI, "GetShardIterator", map[string]any{"StreamArn": w.stream, "ShardId": w.shard(), "ShardIteratorType": "TRIM_HORIZON"}, &at)
	for {
		var page struct {
			Records           []json.RawMessage
			NextShardIterator string
		}
		w.do(streamsAPI, "GetRecords", map[string]any{"ShardIterator": at.ShardIterator}, &page)
		if at.ShardIterator = page.NextShardIterator; len(page.Records) == 0 {
			return all
		}
		for _, raw := range page.Records {
			r, ok := parseRecord(asEvent(raw, w.stream))
			if !ok {
				w.t.Fatalf("%s", raw)
			}
			all = append(all, r)
		}
	}
}

func (w *world) shard() string {
	var d struct {
		StreamDescription struct{ Shards []struct{ ShardId string } }
	}
	w.do(streamsAPI, "DescribeStream", map[string]any{"StreamArn": w.stream}, &d)
	return d.StreamDescription.Shards[0].ShardId
}

// report puts a message on the failure queue, as the functions do.
func (w *world) report(body, reason string) (id string) {
	w.t.Helper()
	m := sqs.Message{Body: body}
	if reason != "" {
		m.Attributes = map[string]sqs.Attribute{"reason": {DataType: "String", StringValue: &reason}}
	}
	id, err := w.queues.SendMessage(failures, m)
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

// redrive runs the command and returns what it printed.
func (w *world) redrive(flags ...string) string {
	w.t.Helper()
	return w.ends(nil, flags...)
}

// ends is redrive that ends with this error.
func (w *world) ends(want error, flags ...string) string {
	w.t.Helper()
	var out bytes.Buffer
	args := append([]string{"--queue-url", w.queues.URL("", failures), "--wait", "0"}, flags...)
	if err := run(w.t.Context(), args, &out, &out); err != want {
		w.t.Fatalf("%v\n%s", err, &out)
	}
	return out.String()
}

// left are the bodies on the queue, all of which must be there for who comes next.
func (w *world) left(queue string) (bodies []string) {
	w.t.Helper()
	stored, err := w.queues.Messages(queue)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, m := range stored {
		if m.InFlight {
			w.t.Errorf("message %s is still hidden", m.ID)
		}
		bodies = append(bodies, m.Body)
	}
	return bodies
}

// has fails the test unless the text has all the words.
func has(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("%q is not in:\n%s", word, text)
		}
	}
}
