package main

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"edgestream/functions/internal/functiontest"
	"edgestream/functions/internal/publish"
	"edgestream/functions/internal/stream"
	"edgestream/infra/local/sqs"
)

// What more hear of than WIDE_LISTENERS goes to the queue, one part for each slice, and is posted to none.
func TestAWideChangeGoesToTheQueue(t *testing.T) {
	const status = `{"Records":[{"eventID":"e1","eventName":"INSERT","dynamodb":{"Keys":{"owner":{"S":"9"},"id":{"S":"status#7"}},"SequenceNumber":"100",` +
		`"NewImage":{"owner":{"S":"9"},"id":{"S":"status#7"},"kind":{"S":"status"},"payload":{"S":"{\"id\":\"7\",\"visibility\":\"public\",\"tags\":[{\"name\":\"cats\"}],\"account\":{\"id\":\"9\"}}"}}}}]}`
	for listeners, parts := range map[string]int{"2": stream.Slices, "3": 0, "0": 0} {
		t.Run(listeners, func(t *testing.T) {
			service := sqs.New(sqs.Options{})
			arn, err := service.EnsureQueue("deliver.fifo", map[string]string{"FifoQueue": "true", "DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"})
			if err != nil {
				t.Fatal(err)
			}
			server := httptest.NewServer(service)
			defer server.Close()
			gateway := functiontest.NewGateway(t)
			tables, _ := newTables(t)
			vars := environment(t, tables, gateway, newQueue(t))
			vars["DELIVER_QUEUE_URL"], vars["WIDE_LISTENERS"] = server.URL+"/000000000000/deliver.fifo", listeners
			ids := []string{"A=", "B=", "C="}
			for _, id := range ids {
				open(t, id, false, stream.Subscription{Stream: stream.Hashtag, Param: "cats"}, stream.Grant{Account: "1"})
			}
			for range 2 { // again, as after a failure
				if got, log := functiontest.Invoke(t, vars, status); got != `{"batchItemFailures":[]}` {
					t.Fatalf("answer %s, log %s", got, log)
				}
			}
			stored, err := service.Messages(arn)
			if err != nil || len(stored) != parts {
				t.Errorf("%d parts, want %d, %v", len(stored), parts, err)
			}
			for _, m := range stored {
				p, err := publish.ParsePart([]byte(m.Body))
				if err != nil || p.Event != "e1" || !strings.Contains(m.Body, "hashtag/cats") {
					t.Errorf("%s, %v", m.Body, err)
				}
			}
			posted := slices.ContainsFunc(ids, func(id string) bool { return len(gateway.Posts(id)) > 0 })
			if posted != (parts == 0) {
				t.Errorf("posted: %v", posted)
			}
		})
	}
}

func TestTheQueueIsNeededForWideChangesAlone(t *testing.T) {
	for listeners, needed := range map[string]bool{"": false, "0": false, "500": true} {
		log, _ := functiontest.Start(t, map[string]string{"WIDE_LISTENERS": listeners})
		if strings.Contains(log, "DELIVER_QUEUE_URL") != needed {
			t.Errorf("%q: %s", listeners, log)
		}
	}
}
