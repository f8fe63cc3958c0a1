package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"edgestream/functions/internal/apigw"
	"edgestream/functions/internal/awsenv"
	"edgestream/functions/internal/channeldb"
	"edgestream/functions/internal/dynamo"
	"edgestream/functions/internal/functiontest"
	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
)

func TestWithoutPusherItsVariablesAreNotNeeded(t *testing.T) {
	for protocols, needed := range map[string]bool{"": false, "mastodon": false, "both": true, "pusher": true} {
		log, _ := functiontest.Start(t, map[string]string{"PROTOCOLS": protocols})
		for _, name := range []string{"CONTENT_TABLE", "HOOK_QUEUE_URL"} {
			if strings.Contains(log, name) != needed {
				t.Errorf("%q: %s in %s", protocols, name, log)
			}
		}
	}
}

// record is one of an item of app 4072's channel, as the stream has it.
func record(sequence, channel, image string) string {
	key := `"owner":{"S":"app#4072#` + channel + `"},"id":{"S":"x"}`
	return `{"eventID":"e` + sequence + `","eventName":"INSERT","dynamodb":{"Keys":{` + key + `},"SequenceNumber":"` + sequence +
		`","NewImage":{` + strings.ReplaceAll(key, `"x"`, `"_roster"`) + `,` + image + `}}}`
}

func put(t *testing.T, client *dynamodb.Client, table string, item map[string]types.AttributeValue) {
	t.Helper()
	if _, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &table, Item: item}); err != nil {
		t.Fatal(err)
	}
}

func s(text string) types.AttributeValue { return &types.AttributeValueMemberS{Value: text} }

// apps begins app 4072, which wants to hear of members, and opens its connections.
func apps(t *testing.T, client *dynamodb.Client, ids ...string) (*channeldb.Channels, []pusher.Session) {
	put(t, client, "Accounts", map[string]types.AttributeValue{
		"key": s("app#4072"), "appKey": s("k"), "secret": s("x"), "enabled": &types.AttributeValueMemberBOOL{Value: true},
		"webhooks": &types.AttributeValueMemberL{Value: []types.AttributeValue{&types.AttributeValueMemberM{Value: map[string]types.AttributeValue{
			"url": s("https://example.com/"), "events": &types.AttributeValueMemberSS{Value: []string{"member_added", "member_removed"}}}}}},
	})
	put(t, client, "Accounts", map[string]types.AttributeValue{"key": s("account#1"), "app": s("4072")})
	db := awsenv.DynamoDB(awsenv.Config())
	channels := channeldb.NewChannels(dynamo.NewConnections(db, "Connections", dynamo.Limits{}), db, "Connections", "Content")
	var sessions []pusher.Session
	for _, id := range ids {
		session := stream.Session{Connection: stream.Connection{ID: id, ConnectedAt: time.Now().Truncate(time.Millisecond)}, App: "4072"}
		if err := channels.Open(t.Context(), session); err != nil {
			t.Fatal(err)
		}
		sessions = append(sessions, pusher.Session{Session: session})
	}
	return channels, sessions
}

// TestAChannelGoesThroughTheFunction: who joins is told, is found by the next batch, and leaves when it
// is gone.
func TestAChannelGoesThroughTheFunction(t *testing.T) {
	gateway, q := functiontest.NewGateway(t), newQueue(t)
	tables, client := newTables(t)
	vars := environment(t, tables, gateway, q)
	vars["PROTOCOLS"], vars["CONTENT_TABLE"], vars["HOOK_QUEUE_URL"] = "both", "Content", q.url
	channels, sessions := apps(t, client, "Here=", "Items=")
	as := pusher.Subscriber{User: "7", Info: `{"n":1}`}
	for _, channel := range []pusher.Channel{"presence-x", "private-items_1"} {
		if _, err := channels.Subscribe(t.Context(), sessions[map[bool]int{true: 0, false: 1}[channel.Presence()]], channel, as, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	join := record("100", "presence-x", `"kind":{"S":"_roster"},"members":{"M":{"7":{"M":{"i":{"S":"{\"n\":1}"},"c":{"M":{"`+
		stream.ConnectionKey(sessions[0].Connection)+`":{"N":"5"}}}}}}}`)
	item := `{"eventID":"i","eventName":"INSERT","dynamodb":{"Keys":{"owner":{"S":"1"},"id":{"S":"item#9"}},"SequenceNumber":"101",` +
		`"NewImage":{"owner":{"S":"1"},"id":{"S":"item#9"},"kind":{"S":"item"},"payload":{"S":"{\"id\":9}"}}}}`
	event := func(sequence string) string {
		return record(sequence, "presence-x", `"kind":{"S":"event"},"payload":{"S":"{\"name\":\"a\",\"data\":\"x`+sequence+`\"}"}`)
	}
	for _, batch := range []string{join + "," + event("102") + "," + item, event("103")} {
		if got, log := functiontest.Invoke(t, vars, `{"Records":[`+batch+`]}`); got != `{"batchItemFailures":[]}` {
			t.Fatalf("answer %s, log %s", got, log)
		}
	}
	want := []string{
		`{"event":"pusher_internal:subscription_succeeded","channel":"presence-x","data":"{\"presence\":{\"ids\":[\"7\"],\"hash\":{\"7\":{\"n\":1}},\"count\":1}}"}`,
		`{"event":"a","channel":"presence-x","data":"x102"}`, `{"event":"a","channel":"presence-x","data":"x103"}`,
	}
	if got := gateway.Posts("Here="); !slices.Equal(got, want) {
		t.Errorf("posted %q", got)
	}
	wantPosts(t, gateway, "Items=", `\{"event":"create","channel":"private-items_1","data":"\{\\"id\\":9\}"\}`)
	if len(q.sent) != 1 || !strings.Contains(q.sent[0], "member_added") {
		t.Errorf("queued %q", q.sent)
	}
	if n, err := channels.Subscriptions(t.Context(), "4072", "presence-x"); err != nil || n != 1 {
		t.Errorf("%d subscriptions, %v", n, err)
	}
}

func TestAConnectionOfAnAppThatIsGoneLeaves(t *testing.T) {
	gateway, q := functiontest.NewGateway(t), newQueue(t)
	tables, client := newTables(t)
	vars := environment(t, tables, gateway, q)
	vars["PROTOCOLS"], vars["CONTENT_TABLE"], vars["HOOK_QUEUE_URL"] = "pusher", "Content", q.url
	channels, sessions := apps(t, client, "Gone=")
	if _, err := channels.Subscribe(t.Context(), sessions[0], "room", pusher.Subscriber{}, time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if err := apigw.NewClient(gateway.URL, awsenv.Config()).Disconnect(t.Context(), "Gone="); err != nil {
		t.Fatal(err)
	}
	event := record("100", "room", `"kind":{"S":"event"},"payload":{"M":{"name":{"S":"a"},"data":{"S":"x"}}}`)
	if got, log := functiontest.Invoke(t, vars, `{"Records":[`+event+`]}`); got != `{"batchItemFailures":[]}` {
		t.Fatalf("answer %s, log %s", got, log)
	}
	if len(q.sent) != 1 || !strings.Contains(q.sent[0], `\"vacated\":\"room\"`) {
		t.Errorf("queued %q", q.sent)
	}
	left, err := client.Query(t.Context(), &dynamodb.QueryInput{TableName: aws.String("Connections"), KeyConditionExpression: aws.String("pk = :pk"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":pk": s("topic#channel/4072/room")}})
	if err != nil || left.Count != 0 {
		t.Errorf("left %v, %v", left, err)
	}
}
