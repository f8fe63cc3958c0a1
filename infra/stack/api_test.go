package stack_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// call sends a signed request to one of the runner's AWS APIs.
func (w *world) call(t *testing.T, service, path, target string, body []byte) (int, []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.API+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	if target != "" {
		r.Header.Set("X-Amz-Target", target)
	}
	sum := sha256.Sum256(body)
	keys := aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}
	if err := v4.NewSigner().SignHTTP(t.Context(), keys, r, hex.EncodeToString(sum[:]), service, "us-east-1", time.Now()); err != nil {
		t.Fatal(err)
	}
	response, err := w.http.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, answer
}

// invoke runs a function by Lambda's Invoke API, under the ARN that !GetAtt of the template answers.
func (w *world) invoke(t *testing.T, function string, event any) string {
	t.Helper()
	status, answer := w.call(t, "lambda", "/2015-03-31/functions/arn:aws:lambda:us-east-1:123456789012:function:"+function+"/invocations", "", []byte(encode(event)))
	if status != http.StatusOK {
		t.Fatalf("%s: %d %s", function, status, answer)
	}
	return string(answer)
}

// report is a message of the failure queue.
type report struct {
	MessageID         string `json:"MessageId"`
	Body              string
	MessageAttributes map[string]struct{ StringValue string }
}

// sqs is an operation on the failure queue.
func (w *world) sqs(t *testing.T, operation string, in map[string]any, out any) {
	t.Helper()
	status, answer := w.call(t, "sqs", "/", "AmazonSQS."+operation, []byte(encode(in)))
	if status != http.StatusOK {
		t.Fatalf("%s: %d %s", operation, status, answer)
	}
	if err := json.Unmarshal(answer, out); err != nil {
		t.Fatal(err)
	}
}

// reports receives from the failure queue until it has n messages that are wanted.
func (w *world) reports(t *testing.T, n int, wanted func(report) bool) (all []report) {
	t.Helper()
	var queues struct {
		QueueURLs []string `json:"QueueUrls"`
	}
	w.sqs(t, "ListQueues", map[string]any{"QueueNamePrefix": "FailureQueue"}, &queues)
	if len(queues.QueueURLs) != 1 {
		t.Fatalf("queues %v", queues.QueueURLs)
	}
	eventually(t, "the queue has the reports", func() bool {
		var got struct{ Messages []report }
		w.sqs(t, "ReceiveMessage", map[string]any{"QueueUrl": queues.QueueURLs[0], "MaxNumberOfMessages": 10,
			"MessageAttributeNames": []string{"All"}, "VisibilityTimeout": 600}, &got)
		for _, m := range got.Messages {
			if wanted(m) {
				all = append(all, m)
			}
		}
		return len(all) >= n
	})
	return all
}
