package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"edgestream/functions/internal/awsenv"
	"edgestream/functions/internal/channeldb"
	"edgestream/functions/internal/dynamo"
	"edgestream/functions/internal/functiontest"
	"edgestream/functions/internal/hook"
	"edgestream/functions/internal/metric"
	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
	engine "edgestream/infra/local/dynamodb"
	"edgestream/infra/local/sqs"
)

func TestMain(m *testing.M) { functiontest.Main(m, main) }

func TestEveryMissingVariableIsNamed(t *testing.T) {
	log, status := functiontest.Start(t, nil)
	if status != 1 {
		t.Errorf("exit status %d", status)
	}
	for _, name := range []string{"CONNECTIONS_TABLE", "CONTENT_TABLE", "ACCOUNTS_TABLE", "HOOK_QUEUE_URL", "FAILURE_QUEUE_URL"} {
		if !strings.Contains(log, name) {
			t.Errorf("%s is not named in %s", name, log)
		}
	}
}

// receiver keeps what it is told, and answers with its status.
type receiver struct {
	url    string
	status int
	mu     sync.Mutex
	bodies []string
}

func newReceiver(t *testing.T, status int) *receiver {
	r := &receiver{status: status}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, in *http.Request) {
		body, _ := io.ReadAll(in.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		if pusher.Signed("hush", string(body), in.Header.Get("X-Pusher-Signature")) && in.Header.Get("X-Pusher-Key") == "key" {
			r.bodies = append(r.bodies, string(body))
		}
		w.WriteHeader(r.status)
	}))
	t.Cleanup(server.Close)
	r.url = server.URL + "/hook"
	return r
}

// world is what the function finds.
type world struct {
	vars  map[string]string
	table *dynamodb.Client
	sqs   *sqs.Service
}

const arn = "arn:aws:sqs:us-east-1:000000000000:"

func newWorld(t *testing.T, receivers ...*receiver) *world {
	e, q := engine.New(engine.Options{}), sqs.New(sqs.Options{})
	db, queues := httptest.NewServer(e), httptest.NewServer(q)
	t.Cleanup(func() { db.Close(); queues.Close(); e.Close() })
	w := &world{sqs: q, vars: functiontest.Credentials(), table: dynamodb.New(dynamodb.Options{Region: "us-east-1", BaseEndpoint: &db.URL,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		})})}
	for name, keys := range map[string][]string{"Connections": {"pk", "sk"}, "Content": {"owner", "id"}, "Accounts": {"key"}} {
		w.newTable(t, name, keys...)
		w.vars[strings.ToUpper(name)+"_TABLE"] = name
	}
	for name, variable := range map[string]string{"hooks": "HOOK_QUEUE_URL", "failures": "FAILURE_QUEUE_URL"} {
		if _, err := q.EnsureQueue(name, nil); err != nil {
			t.Fatal(err)
		}
		w.vars[variable] = queues.URL + "/000000000000/" + name
	}
	w.vars["AWS_ENDPOINT_URL_DYNAMODB"], w.vars["AWS_ENDPOINT_URL_SQS"], w.vars["AWS_SAM_LOCAL"] = db.URL, queues.URL, "true"
	for name, value := range w.vars {
		t.Setenv(name, value)
	}
	w.putApp(t, receivers)
	return w
}

func (w *world) newTable(t *testing.T, name string, keys ...string) {
	in := &dynamodb.CreateTableInput{TableName: &name, BillingMode: types.BillingModePayPerRequest}
	for i, key := range keys {
		in.AttributeDefinitions = append(in.AttributeDefinitions, types.AttributeDefinition{AttributeName: &key, AttributeType: "S"})
		in.KeySchema = append(in.KeySchema, types.KeySchemaElement{AttributeName: &key, KeyType: []types.KeyType{"HASH", "RANGE"}[i]})
	}
	if _, err := w.table.CreateTable(t.Context(), in); err != nil {
		t.Fatal(err)
	}
}

// putApp puts the app 4072, whose webhooks want everything.
func (w *world) putApp(t *testing.T, receivers []*receiver) {
	text := func(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
	hooks := &types.AttributeValueMemberL{}
	for _, r := range receivers {
		hooks.Value = append(hooks.Value, &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"url": text(r.url),
			"events": &types.AttributeValueMemberSS{Value: []string{hook.ChannelOccupied, hook.ChannelVacated, hook.MemberRemoved}}}})
	}
	_, err := w.table.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("Accounts"), Item: map[string]types.AttributeValue{
		"key": text("app#4072"), "appKey": text("key"), "secret": text("hush"), "enabled": &types.AttributeValueMemberBOOL{Value: true}, "webhooks": hooks}})
	if err != nil {
		t.Fatal(err)
	}
}

func channels() *channeldb.Channels {
	db := awsenv.DynamoDB(awsenv.Config())
	return channeldb.NewChannels(dynamo.NewConnections(db, "Connections", dynamo.Limits{Subscriptions: 10}), db, "Connections", "Content")
}

// subscribe subscribes a connection of the app.
func subscribe(t *testing.T, channel pusher.Channel) pusher.Session {
	t.Helper()
	c := stream.Connection{ID: "PJqB0fHsqRcCHlw=", ConnectedAt: time.Now().Truncate(time.Millisecond)}
	s := pusher.Session{Session: stream.Session{Connection: c, App: "4072"}}
	if err := channels().Open(t.Context(), s.Session); err != nil {
		t.Fatal(err)
	}
	if first, err := channels().Subscribe(t.Context(), s, channel, pusher.Subscriber{}, time.Now()); err != nil || !first {
		t.Fatal(first, err)
	}
	return s
}

// event is the event of a queue with these tasks.
func event(t *testing.T, tasks ...string) string {
	t.Helper()
	var e events.SQSEvent
	for i, task := range tasks {
		e.Records = append(e.Records, events.SQSMessage{MessageId: fmt.Sprint("m", i), Body: task, EventSource: "aws:sqs"})
	}
	text, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// received are the bodies of the messages in a queue.
func (w *world) received(t *testing.T, queue string, wait time.Duration) (bodies []string) {
	t.Helper()
	got, err := w.sqs.ReceiveMessage(t.Context(), arn+queue, 10, wait)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range got {
		bodies = append(bodies, m.Body)
	}
	return bodies
}

func task(t hook.Task) string {
	t.App, t.At = "4072", time.Now().UnixMilli()
	return t.Text()
}

func TestABatchGoesThroughTheFunction(t *testing.T) {
	works, fails := newReceiver(t, http.StatusOK), newReceiver(t, http.StatusInternalServerError)
	w := newWorld(t, works, fails)
	s := subscribe(t, "here")
	got, log := functiontest.Invoke(t, w.vars, event(t,
		task(hook.Task{Events: []hook.Event{{Name: hook.ChannelOccupied, Channel: "there"}}}), task(hook.Task{Vacated: "here"}), "poison"))
	if got != `{"batchItemFailures":[]}` || !strings.Contains(log, `"CloudWatchMetrics"`) || strings.Contains(log, "hush") || strings.Contains(log, "/hook\"") {
		t.Errorf("answer %s, log %s", got, log)
	}
	if len(works.bodies) != 1 || !strings.HasSuffix(works.bodies[0], `,"events":[{"name":"channel_occupied","channel":"there"}]}`) {
		t.Errorf("received %q", works.bodies)
	}
	if back := w.received(t, "hooks", 10*time.Second); len(back) != 1 || !strings.Contains(back[0], fails.url) || !strings.Contains(back[0], `"tries":1`) {
		t.Errorf("put back %q", back)
	}
	if bad := w.received(t, "failures", 0); len(bad) != 1 || bad[0] != "poison" {
		t.Errorf("reported %q", bad)
	}
	if empty, err := channels().Unsubscribe(t.Context(), s, "here", time.Now()); err != nil || !empty {
		t.Fatal(empty, err)
	}
	functiontest.Invoke(t, w.vars, event(t, task(hook.Task{Vacated: "here"}), task(hook.Task{Vacated: "here"})))
	if len(works.bodies) != 2 || strings.Count(works.bodies[1], `{"name":"channel_vacated","channel":"here"}`) != 1 {
		t.Errorf("received %q", works.bodies)
	}
}

func TestATableThatCannotBeReadHasTheMessageComeAgain(t *testing.T) {
	w := newWorld(t)
	w.vars["AWS_ENDPOINT_URL_DYNAMODB"] = functiontest.Nowhere(t)
	got, log := functiontest.Invoke(t, w.vars, event(t, task(hook.Task{Vacated: "x"})))
	if got != `{"batchItemFailures":[{"itemIdentifier":"m0"}]}` || !strings.Contains(log, `"level":"ERROR"`) {
		t.Errorf("answer %s, log %s", got, log)
	}
}

// On AWS a receiver on the function's own machine is none.
func TestOnAWSTheOwnMachineIsNotReached(t *testing.T) {
	r := newReceiver(t, http.StatusOK)
	w := newWorld(t, r)
	delete(w.vars, "AWS_SAM_LOCAL")
	functiontest.Invoke(t, w.vars, event(t, task(hook.Task{Events: []hook.Event{{Name: hook.ChannelOccupied, Channel: "x"}}})))
	if bad := w.received(t, "failures", 0); len(r.bodies) != 0 || len(bad) != 1 || !strings.Contains(bad[0], `"channel":"x"`) {
		t.Errorf("received %q, reported %q", r.bodies, bad)
	}
}

func TestThereIsTimeLeftToAnswer(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	var left time.Duration
	notify := func(ctx context.Context, _ []hook.Message) []string {
		deadline, _ := ctx.Deadline()
		left = time.Until(deadline)
		return nil
	}
	if _, err := handler(notify)(ctx, events.SQSEvent{}); err != nil || left > time.Hour-margin || left < time.Hour-time.Minute {
		t.Errorf("%v are left, %v", left, err)
	}
}

type closedPipe struct{}

func (closedPipe) Write([]byte) (int, error) { return 0, errors.New("closed pipe") }

func TestATallyBecomesOneLineOfMetrics(t *testing.T) {
	var out, log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	tally := hook.Tally{Looks: 1, Posts: 2, Events: 3, Failed: 4, Repeated: 5, Dropped: 6, Rested: 7, Poison: 8}
	observer{metric.New(&out, "Edgestream", "notify"), logger}.observe(tally)
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{"Looks": 1, "Posts": 2, "Events": 3, "Failed": 4, "Repeated": 5, "Dropped": 6, "Rested": 7, "Poison": 8} {
		if line[name] != want {
			t.Errorf("%s is %v, want %v", name, line[name], want)
		}
	}
	observer{metric.New(closedPipe{}, "n", "f"), logger}.observe(tally)
	if !strings.Contains(log.String(), "closed pipe") {
		t.Errorf("logged %q", log.String())
	}
}
