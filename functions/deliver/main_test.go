package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"edgestream/functions/internal/awsenv"
	"edgestream/functions/internal/dynamo"
	"edgestream/functions/internal/functiontest"
	"edgestream/functions/internal/publish"
	"edgestream/functions/internal/sqs"
	"edgestream/functions/internal/stream"
	engine "edgestream/infra/local/dynamodb"
	local "edgestream/infra/local/sqs"
)

func TestMain(m *testing.M) { functiontest.Main(m, main) }

func TestEveryMissingVariableIsNamed(t *testing.T) {
	always := []string{"CONNECTIONS_TABLE", "HISTORY_TABLE", "ACCOUNTS_TABLE", "CALLBACK_URL", "GREET_FUNCTION", "FAILURE_QUEUE_URL", "DELIVER_QUEUE_URL"}
	for protocols, pushers := range map[string]bool{"mastodon": false, "both": true, "pusher": true} {
		log, status := functiontest.Start(t, map[string]string{"PROTOCOLS": protocols})
		if status != 1 {
			t.Errorf("exit status %d", status)
		}
		for _, name := range append(always, "CONTENT_TABLE", "HOOK_QUEUE_URL") {
			if needed := pushers || slices.Contains(always, name); strings.Contains(log, name) != needed {
				t.Errorf("%s: %s is named: %v, in %s", protocols, name, !needed, log)
			}
		}
	}
}

// stack is what the function finds.
type stack struct {
	vars    map[string]string
	gateway *functiontest.Gateway
	queues  *local.Service
	parts   *sqs.Parts
}

const arn = "arn:aws:sqs:us-east-1:000000000000:"

func newStack(t *testing.T) *stack {
	e, q := engine.New(engine.Options{}), local.New(local.Options{})
	db, queues := httptest.NewServer(e), httptest.NewServer(q)
	t.Cleanup(func() { db.Close(); queues.Close(); e.Close() })
	w := &stack{vars: functiontest.Credentials(), gateway: functiontest.NewGateway(t), queues: q}
	client := dynamodb.New(dynamodb.Options{Region: "us-east-1", BaseEndpoint: &db.URL,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		})})
	for name, keys := range map[string][]string{"Connections": {"pk", "sk"}, "History": {"pk", "sk"}, "Accounts": {"key"}, "Content": {"owner", "id"}} {
		newTable(t, client, name, keys...)
		w.vars[strings.ToUpper(name)+"_TABLE"] = name
	}
	fifo := map[string]string{"FifoQueue": "true"}
	for name, attributes := range map[string]map[string]string{"deliver.fifo": fifo, "failures": nil, "hooks": nil} {
		if _, err := q.EnsureQueue(name, attributes); err != nil {
			t.Fatal(err)
		}
	}
	url := queues.URL + "/000000000000/"
	w.vars["DELIVER_QUEUE_URL"], w.vars["FAILURE_QUEUE_URL"], w.vars["HOOK_QUEUE_URL"] = url+"deliver.fifo", url+"failures", url+"hooks"
	w.vars["AWS_ENDPOINT_URL_DYNAMODB"], w.vars["AWS_ENDPOINT_URL_SQS"] = db.URL, queues.URL
	w.vars["CALLBACK_URL"], w.vars["GREET_FUNCTION"], w.vars["AWS_ENDPOINT_URL_LAMBDA"] = w.gateway.URL, "greet", functiontest.Nowhere(t)
	for name, value := range w.vars {
		t.Setenv(name, value)
	}
	w.parts = sqs.NewParts(w.vars["DELIVER_QUEUE_URL"], awsenv.Config())
	return w
}

func newTable(t *testing.T, client *dynamodb.Client, name string, keys ...string) {
	in := &dynamodb.CreateTableInput{TableName: &name, BillingMode: types.BillingModePayPerRequest}
	for i, key := range keys {
		in.AttributeDefinitions = append(in.AttributeDefinitions, types.AttributeDefinition{AttributeName: &key, AttributeType: "S"})
		in.KeySchema = append(in.KeySchema, types.KeySchemaElement{AttributeName: &key, KeyType: []types.KeyType{"HASH", "RANGE"}[i]})
	}
	if _, err := client.CreateTable(t.Context(), in); err != nil {
		t.Fatal(err)
	}
}

func connections() *dynamo.Connections {
	return dynamo.NewConnections(awsenv.DynamoDB(awsenv.Config()), "Connections", dynamo.Limits{})
}

// listen opens so many connections that listen to a hashtag, and returns its segment.
func listen(t *testing.T, n int) stream.Segment {
	t.Helper()
	cats := stream.Subscription{Stream: stream.Hashtag, Param: "cats"}
	for i := range n {
		c := stream.Connection{ID: fmt.Sprintf("C%02d=", i), ConnectedAt: time.Now()}
		if err := connections().Open(t.Context(), stream.Session{Connection: c, Grant: stream.Grant{Account: "1", Scopes: stream.Scopes{"read"}}}, []stream.Subscription{cats}); err != nil {
			t.Fatal(err)
		}
	}
	topic := stream.HashtagTopic("cats")
	found, err := connections().CutFrom(1).Listeners(t.Context(), []stream.Topic{topic})
	if err != nil || len(found[topic].Wide) != 1 {
		t.Fatalf("%+v, %v", found, err)
	}
	return found[topic].Wide[0]
}

// send opens an event on all slices of a segment, and puts its parts on the queue.
func (w *stack) send(t *testing.T, segment stream.Segment, event string) {
	t.Helper()
	payload := `{"event":"` + event + `"}`
	var parts []publish.Part
	var all []int
	for slice := range stream.Slices {
		all = append(all, slice)
		parts = append(parts, publish.Part{Segment: segment, Slice: slice, Event: event, Owner: "1", Sequence: event, At: time.Now(),
			Said: []publish.Said{{Topics: []string{"hashtag/cats"}, Streams: []stream.Name{stream.Hashtag}, Event: "update", Payload: &payload}}})
	}
	if err := connections().Slices().Open(t.Context(), segment, event, all); err != nil {
		t.Fatal(err)
	}
	for i, err := range w.parts.Send(t.Context(), parts) {
		if err != nil {
			t.Fatal(i, err)
		}
	}
}

// receive is the event of what Lambda would receive next, and how many messages that are.
func (w *stack) receive(t *testing.T) (event string, n int) {
	t.Helper()
	got, err := w.queues.ReceiveMessage(t.Context(), arn+"deliver.fifo", 10, 0)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(events.SQSEvent{Records: got})
	if err != nil {
		t.Fatal(err)
	}
	return string(text), len(got)
}

func TestPartsGoThroughTheFunctionOnce(t *testing.T) {
	w := newStack(t)
	const listeners = 30
	segment := listen(t, listeners)
	for _, event := range []string{"e1", "e2"} {
		w.send(t, segment, event)
	}
	var first string
	for {
		event, n := w.receive(t)
		if n == 0 {
			break
		}
		first = event
		if got, log := functiontest.Invoke(t, w.vars, event); got != `{"batchItemFailures":[]}` || strings.Contains(log, `"level":"WARN"`) || !strings.Contains(log, `"CloudWatchMetrics"`) && strings.Contains(log, `"deliveries":1`) {
			t.Fatalf("answer %s, log %s", got, log)
		}
	}
	if got, log := functiontest.Invoke(t, w.vars, first); got != `{"batchItemFailures":[]}` {
		t.Errorf("again: answer %s, log %s", got, log)
	}
	for i := range listeners {
		posts := w.gateway.Posts(fmt.Sprintf("C%02d=", i))
		want := `{"stream":["hashtag","cats"],"event":"update","payload":"{\"event\":\"e1\"}"} ` + `{"stream":["hashtag","cats"],"event":"update","payload":"{\"event\":\"e2\"}"}`
		if got := strings.Join(posts, " "); got != want {
			t.Errorf("connection %d was posted %s", i, got)
		}
	}
	found, err := connections().CutFrom(1000).Listeners(t.Context(), []stream.Topic{stream.HashtagTopic("cats")})
	if got := found[stream.HashtagTopic("cats")]; err != nil || len(got.Wide) != 0 || len(got.Listeners) != listeners {
		t.Errorf("it is still wide: %v, %d listeners, %v", got.Wide, len(got.Listeners), err)
	}
}

func TestWhatIsNoPartGoesToTheFailureQueue(t *testing.T) {
	w := newStack(t)
	if _, err := w.queues.SendMessage(arn+"deliver.fifo", local.Message{Body: "no part", GroupID: "g", DeduplicationID: "1"}); err != nil {
		t.Fatal(err)
	}
	event, _ := w.receive(t)
	got, log := functiontest.Invoke(t, w.vars, event)
	stored, err := w.queues.Messages("failures")
	if got != `{"batchItemFailures":[]}` || err != nil || len(stored) != 1 || stored[0].Body != "no part" || !strings.Contains(log, `"level":"WARN"`) || !strings.Contains(log, `"Poison":1`) {
		t.Errorf("answer %s, %v in the failure queue, log %s", got, stored, log)
	}
}

// A table that cannot be read leaves everything on the queue, and soon to be received again.
func TestATableThatCannotBeReadHasPartsComeAgain(t *testing.T) {
	w := newStack(t)
	w.send(t, listen(t, 2), "e1")
	w.vars["AWS_ENDPOINT_URL_DYNAMODB"] = functiontest.Nowhere(t)
	event, n := w.receive(t)
	got, log := functiontest.Invoke(t, w.vars, event)
	if strings.Count(got, "itemIdentifier") != n || n != 10 || !strings.Contains(log, `"level":"WARN"`) {
		t.Errorf("answer %s, log %s", got, log)
	}
	back, err := w.queues.ReceiveMessage(t.Context(), arn+"deliver.fifo", 10, 20*time.Second)
	for range 10 { // the other six first
		if err != nil || len(back) > 0 && back[0].Attributes["ApproximateReceiveCount"] == "2" {
			break
		}
		back, err = w.queues.ReceiveMessage(t.Context(), arn+"deliver.fifo", 10, 20*time.Second)
	}
	if err != nil || len(back) == 0 || back[0].Attributes["ApproximateReceiveCount"] != "2" {
		t.Errorf("%d messages came back, %v", len(back), err)
	}
}
