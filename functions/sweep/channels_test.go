package main

import (
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"edgestream/functions/internal/awsenv"
	"edgestream/functions/internal/channeldb"
	"edgestream/functions/internal/dynamo"
	"edgestream/functions/internal/functiontest"
	"edgestream/functions/internal/pusher"
	"edgestream/functions/internal/stream"
	"edgestream/functions/internal/sweep"
	"edgestream/infra/local/sqs"
)

// A member that has spoken is left alone, a silent one asked, and one that did not answer is closed
// and no member any more.
func TestMembersThatDoNotAnswerLeave(t *testing.T) {
	api, queues := &idle{}, sqs.New(sqs.Options{})
	server, q := httptest.NewServer(api), httptest.NewServer(queues)
	t.Cleanup(func() { server.Close(); q.Close() })
	if _, err := queues.EnsureQueue("hooks", nil); err != nil {
		t.Fatal(err)
	}
	vars := functiontest.Credentials()
	vars["AWS_ENDPOINT_URL_DYNAMODB"], vars["AWS_ENDPOINT_URL_SQS"] = newTable(t), q.URL
	vars["CONNECTIONS_TABLE"], vars["CONTENT_TABLE"], vars["ACCOUNTS_TABLE"] = "Connections", "Content", "Accounts"
	vars["CALLBACK_URL"], vars["HOOK_QUEUE_URL"], vars["PROTOCOLS"] = server.URL+"/prod", q.URL+"/000000000000/hooks", "both"
	for name, value := range vars {
		t.Setenv(name, value)
	}
	db := awsenv.DynamoDB(awsenv.Config())
	connections := dynamo.NewConnections(db, "Connections", dynamo.Limits{Subscriptions: 10})
	channels := channeldb.NewChannels(connections, db, "Connections", "Content")
	join := func(id string, ago time.Duration) stream.Connection {
		c := stream.Connection{ID: id, ConnectedAt: time.Now().Add(-ago).Truncate(time.Millisecond)}
		s := pusher.Session{Session: stream.Session{Connection: c, App: "4072"}}
		if err := channels.Open(t.Context(), s.Session); err != nil {
			t.Fatal(err)
		}
		if _, err := channels.Subscribe(t.Context(), s, pusher.Channel("presence-"+id), pusher.Subscriber{User: id}, c.ConnectedAt); err != nil {
			t.Fatal(err)
		}
		return c
	}
	join("speaks", time.Minute)
	join("silent", 2*time.Minute)
	asked := sweep.Pulse{Connection: join("vanished", 4*time.Minute)}
	if err := channeldb.NewPulses(db, "Connections").Move(t.Context(), asked, time.Now().Add(-10*time.Second), time.Now().Add(-time.Minute)); err != nil {
		t.Fatal(err)
	}
	if err := connections.Advance(t.Context(), sweep.Progress{Until: time.Now().Add(-time.Minute)}); err != nil {
		t.Fatal(err)
	}
	_, log := functiontest.Invoke(t, vars, `{"time":"`+time.Now().UTC().Format(time.RFC3339)+`"}`)
	slices.Sort(api.calls)
	want := []string{"DELETE /prod/@connections/vanished", `POST /prod/@connections/silent {"event":"pusher:ping","data":{}}`}
	if !slices.Equal(api.calls, want) || !strings.Contains(log, `"asked":1,"vanished":1`) {
		t.Errorf("called %q, log %s", api.calls, log)
	}
	for id, there := range map[string]bool{"speaks": true, "silent": true, "vanished": false} {
		if users, err := channels.Users(t.Context(), "4072", "presence-"+id); err != nil || len(users) == 1 != there {
			t.Errorf("%s: %v, %v", id, users, err)
		}
	}
	put, err := queues.ReceiveMessage(t.Context(), "arn:aws:sqs:us-east-1:000000000000:hooks", 10, 10*time.Second)
	if err != nil || len(put) != 1 || !strings.Contains(put[0].Body, `"vacated":"presence-vanished"`) {
		t.Errorf("put %s, %v", fmt.Sprint(put), err)
	}
}
