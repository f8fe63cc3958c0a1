package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func TestTheRecorderDemandsSignaturesAndSortsByKey(t *testing.T) {
	database := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(w, r.Body)
	}))
	defer database.Close()
	address, _ := url.Parse(database.URL)
	r, err := startRecorder(address)
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	r.expect("KEY1", testCase{Answers: map[string]int{"b=": 410}})
	r.expect("KEY2", testCase{})
	for _, k := range []struct {
		key, service, path, target, body string
		status                           int
	}{
		{"", "execute-api", "/prod/@connections/a%3D", "", "x", 403},
		{"KEY1", "execute-api", "/@connections/a%3D", "", "x", 403},
		{"KEY1", "execute-api", "/prod/@connections/a%3D", "", "hello", 200},
		{"KEY1", "execute-api", "/prod/@connections/b%3D", "", "gone", 410},
		{"KEY1", "execute-api", "/prod/@connections/b%3D", "", "gone", 410},
		{"KEY2", "lambda", "/2015-03-31/functions/G/invocations", "", `{"a":1}`, 202},
		{"KEY2", "sqs", "/", "AmazonSQS.SendMessage", `{"QueueUrl":"https://sqs/1/Q","MessageBody":"m"}`, 200},
		{"KEY2", "sqs", "/", "AmazonSQS.SendMessage", `nonsense`, 400},
		{"KEY2", "sqs", "/", "AmazonSQS.SendMessageBatch", `{"QueueUrl":"https://sqs/1/R","Entries":[{"MessageBody":"1","DelaySeconds":3},{"MessageBody":"2"}]}`, 200},
		{"KEY2", "sqs", "/", "AmazonSQS.SendMessageBatch", `{"QueueUrl":"https://sqs/1/F","Entries":[{"Id":"7","MessageBody":"1","MessageGroupId":"g"}]}`, 200},
		{"KEY2", "sqs", "/", "AmazonSQS.ChangeMessageVisibilityBatch", `{"QueueUrl":"https://sqs/1/F","Entries":[{"Id":"0","ReceiptHandle":"r","VisibilityTimeout":2}]}`, 200},
		{"KEY2", "sqs", "/", "AmazonSQS.DeleteMessage", `{"QueueUrl":"https://sqs/1/F"}`, 400},
		{"KEY2", "dynamodb", "/", "DynamoDB_20120810.BatchWriteItem", `{"RequestItems":{"T":[]}}`, 200},
		{"KEY2", "dynamodb", "/", "DynamoDB_20120810.Query", `{"TableName":"T","IndexName":"i"}`, 200},
		{"KEY2", "s3", "/", "", "", 400},
	} {
		res, body := ask(t, r, "POST", k.key, k.service, k.path, k.target, k.body)
		if res.StatusCode != k.status {
			t.Errorf("%s %s %s: %s, want %d", k.key, k.service, k.path, res.Status, k.status)
		}
		if strings.Contains(k.body, `"Id":"7"`) && !strings.Contains(body, `"Successful":[{"Id":"7"}]`) {
			t.Errorf("%s answers %s", k.target, body)
		}
	}
	one, _ := r.take("KEY1")
	two, used := r.take("KEY2")
	if got, want := fmt.Sprint(one), "[{post a= hello  0} {post b= gone  0}]"; got != want {
		t.Errorf("KEY1 made the calls %s, want %s", got, want)
	}
	if got, want := fmt.Sprint(two), "[{invoke G map[a:1]  0} {send Q m  0} {send R 1  3} {send R 2  0} {send F 1 g 0} {hide F map[receipt:r seconds:2]  0}]"; got != want {
		t.Errorf("KEY2 made the calls %s, want %s", got, want)
	}
	if got, want := fmt.Sprint(used), "map[dynamodb:BatchWriteItem T:true dynamodb:Query T/index/i:true lambda:InvokeFunction G:true sqs:ChangeMessageVisibility F:true sqs:SendMessage F:true sqs:SendMessage Q:true sqs:SendMessage R:true]"; got != want {
		t.Errorf("KEY2 used %s, want %s", got, want)
	}
}

func TestTheRecorderTellsOfConnections(t *testing.T) {
	r, err := startRecorder(&url.URL{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	r.expect("KEY", testCase{Answers: map[string]int{"gone=": 410}, Active: map[string]string{"active=": "2100-01-01T00:00:00.5Z"}})
	for _, k := range []struct {
		key, id, want string
		status        int
	}{
		{"", "quiet=", "", 200}, // it warms a connection
		{"KEY", "quiet=", longAgo, 200},
		{"KEY", "active=", "2100-01-01T00:00:00.5Z", 200},
		{"KEY", "gone=", "", 410},
	} {
		res, body := ask(t, r, "GET", k.key, "execute-api", "/prod/@connections/"+url.PathEscape(k.id), "", "")
		var told struct{ ConnectedAt, LastActiveAt string }
		_ = json.Unmarshal([]byte(body), &told)
		if res.StatusCode != k.status || told.LastActiveAt != k.want || (told.ConnectedAt == "") != (k.want == "") {
			t.Errorf("%s: %s %s", k.id, res.Status, body)
		}
		if k.status == 410 && res.Header.Get("X-Amzn-ErrorType") != "GoneException" {
			t.Errorf("%s is %q", k.id, res.Header.Get("X-Amzn-ErrorType"))
		}
	}
	calls, used := r.take("KEY")
	if len(calls) > 0 || fmt.Sprint(used) != "map[execute-api:ManageConnections GET:true]" {
		t.Errorf("called %v, used %v", calls, used)
	}
}

// ask makes a request as a client of AWS would, signed with the key if there is one.
func ask(t *testing.T, r *recorder, method, key, service, path, target, body string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, fmt.Sprintf("http://127.0.0.1:%d%s", r.port(), path), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if key != "" {
		req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+key+"/20260101/us-east-1/"+service+"/aws4_request, SignedHeaders=host;x-amz-date, Signature="+strings.Repeat("0", 64))
	}
	req.Header.Set("X-Amz-Date", "20260101T000000Z")
	req.Header.Set("X-Amz-Target", target)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(answer)
}
