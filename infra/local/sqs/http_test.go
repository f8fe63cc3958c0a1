package sqs

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const authorization = "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/sqs/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=0123"

// post sends a request as SDKs do.
func post(h http.Handler, action, body string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1:9324/", strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("X-Amz-Target", "AmazonSQS."+action)
	r.Header.Set("X-Amz-Date", "20260101T000000Z")
	r.Header.Set("Authorization", authorization)
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// ask posts and decodes an answer that must succeed.
func ask[Out any](t *testing.T, h http.Handler, action, body string) (out Out) {
	t.Helper()
	w := post(h, action, body)
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != contentType || len(w.Header().Get("x-amzn-RequestId")) != 36 {
		t.Fatalf("%s: %d %v %s", action, w.Code, w.Header(), w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

const queueURL = "http://127.0.0.1:9324/000000000000/q"

func TestAMessageGoesThroughTheProtocol(t *testing.T) {
	s := New(Options{})
	if got := post(s, "CreateQueue", `{"QueueName":"q","Attributes":{"VisibilityTimeout":"60"}}`).Body.String(); got != `{"QueueUrl":"`+queueURL+`"}` {
		t.Fatal(got)
	}
	sent := ask[sendOutput](t, s, "SendMessage", `{"QueueUrl":"`+queueURL+`","MessageBody":"hé","MessageAttributes":{"a":{"DataType":"String","StringValue":"v"},"b.c":{"DataType":"Binary","BinaryValue":"AQ=="}},
		"MessageSystemAttributes":{"AWSTraceHeader":{"DataType":"String","StringValue":"Root=1"}}}`)
	if sent.MD5OfMessageBody != digest("hé") || len(sent.MD5OfMessageAttributes) != 32 || len(sent.MD5OfMessageSystemAttributes) != 32 || sent.SequenceNumber != "" {
		t.Errorf("%+v", sent)
	}
	got := ask[receiveOutput](t, s, "ReceiveMessage", `{"QueueUrl":"`+queueURL+`","MaxNumberOfMessages":10,"WaitTimeSeconds":20,"MessageSystemAttributeNames":["AWSTraceHeader"],"AttributeNames":["SenderId"],"MessageAttributeNames":["b.*"]}`)
	m := got.Messages[0]
	if m.MessageId != sent.MessageId || m.Body != "hé" || m.MD5OfBody != digest("hé") {
		t.Errorf("%+v", m)
	}
	if diff := cmp.Diff(map[string]string{"AWSTraceHeader": "Root=1", "SenderId": "000000000000"}, m.Attributes); diff != "" {
		t.Error(diff)
	}
	only := map[string]Attribute{"b.c": {DataType: "Binary", BinaryValue: []byte{1}}}
	if diff := cmp.Diff(only, m.MessageAttributes); diff != "" || m.MD5OfMessageAttributes != attributesDigest(only) {
		t.Errorf("%s %s", diff, m.MD5OfMessageAttributes)
	}
	handle, _ := json.Marshal(m.ReceiptHandle)
	body := `{"QueueUrl":"` + queueURL + `","ReceiptHandle":` + string(handle) + `,"VisibilityTimeout":5}`
	for _, action := range []string{"ChangeMessageVisibility", "DeleteMessage", "DeleteMessage"} { // deleting again is no error
		if w := post(s, action, body); w.Code != 200 || w.Body.String() != "{}" {
			t.Errorf("%s: %d %s", action, w.Code, w.Body)
		}
	}
	if w := post(s, "ReceiveMessage", `{"QueueUrl":"`+queueURL+`"}`); w.Body.String() != "{}" {
		t.Errorf("an empty queue answers %s", w.Body)
	}
}

func TestQueuesAreListedAndDescribed(t *testing.T) {
	s := New(Options{BaseURL: "http://sqs.local:1/"})
	for _, name := range []string{"b", "a", "ab"} {
		ask[any](t, s, "CreateQueue", `{"QueueName":"`+name+`"}`)
	}
	if got := post(s, "ListQueues", `{"QueueNamePrefix":"a"}`).Body.String(); got != `{"QueueUrls":["http://sqs.local:1/000000000000/a","http://sqs.local:1/000000000000/ab"]}` {
		t.Error(got)
	}
	page := ask[listQueuesOutput](t, s, "ListQueues", `{"MaxResults":2}`)
	rest := ask[listQueuesOutput](t, s, "ListQueues", fmt.Sprintf(`{"MaxResults":2,"NextToken":%q}`, page.NextToken))
	if len(page.QueueUrls) != 2 || len(rest.QueueUrls) != 1 || rest.NextToken != "" {
		t.Errorf("%+v %+v", page, rest)
	}
	if got := post(s, "GetQueueUrl", `{"QueueName":"b"}`).Body.String(); got != `{"QueueUrl":"http://sqs.local:1/000000000000/b"}` {
		t.Error(got)
	}
	ask[any](t, s, "SendMessage", `{"QueueUrl":"/000000000000/b","MessageBody":"x"}`)
	ask[any](t, s, "SendMessage", `{"QueueUrl":"/000000000000/b","MessageBody":"x","DelaySeconds":900}`)
	ask[any](t, s, "ReceiveMessage", `{"QueueUrl":"/000000000000/b"}`)
	ask[any](t, s, "SendMessage", `{"QueueUrl":"/000000000000/b","MessageBody":"x"}`)
	ask[any](t, s, "SetQueueAttributes", `{"QueueUrl":"/000000000000/b","Attributes":{"DelaySeconds":"3","RedrivePolicy":"{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:a\",\"maxReceiveCount\":3}"}}`)
	got := ask[attributesOutput](t, s, "GetQueueAttributes", `{"QueueUrl":"/000000000000/b","AttributeNames":["All"]}`).Attributes
	delete(got, "CreatedTimestamp")
	delete(got, "LastModifiedTimestamp")
	want := map[string]string{
		"ApproximateNumberOfMessages": "1", "ApproximateNumberOfMessagesNotVisible": "1", "ApproximateNumberOfMessagesDelayed": "1",
		"DelaySeconds": "3", "MaximumMessageSize": "1048576", "MessageRetentionPeriod": "345600", "QueueArn": "arn:aws:sqs:us-east-1:000000000000:b",
		"ReceiveMessageWaitTimeSeconds": "0", "VisibilityTimeout": "30",
		"RedrivePolicy": `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:a","maxReceiveCount":3}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := post(s, "GetQueueAttributes", `{"QueueUrl":"/000000000000/b","AttributeNames":["DelaySeconds","Policy"]}`).Body.String(); got != `{"Attributes":{"DelaySeconds":"3"}}` {
		t.Error(got)
	}
	ask[any](t, s, "PurgeQueue", `{"QueueUrl":"/000000000000/b"}`)
	if left, _ := s.Messages("b"); len(left) != 0 {
		t.Errorf("%v left after a purge", left)
	}
	ask[any](t, s, "DeleteQueue", `{"QueueUrl":"/000000000000/b"}`)
	if w := post(s, "GetQueueUrl", `{"QueueName":"b"}`); w.Code != 400 {
		t.Error("the queue is still there")
	}
}

func TestBatchesAnswerEachEntry(t *testing.T) {
	s := New(Options{})
	ask[any](t, s, "CreateQueue", `{"QueueName":"q"}`)
	out := ask[batchOutput](t, s, "SendMessageBatch", `{"QueueUrl":"`+queueURL+`","Entries":[{"Id":"a","MessageBody":"1"},{"Id":"b","MessageBody":""},{"Id":"c","MessageBody":"3"}]}`)
	if len(out.Successful) != 2 || len(out.Failed) != 1 || out.Failed[0].Id != "b" || !out.Failed[0].SenderFault || out.Failed[0].Code != "MissingParameter" {
		t.Errorf("%+v", out)
	}
	got := ask[receiveOutput](t, s, "ReceiveMessage", `{"QueueUrl":"`+queueURL+`","MaxNumberOfMessages":10}`).Messages
	entries, _ := json.Marshal([]map[string]any{
		{"Id": "1", "ReceiptHandle": got[0].ReceiptHandle, "VisibilityTimeout": 0},
		{"Id": "2", "ReceiptHandle": "x", "VisibilityTimeout": 0},
		{"Id": "3", "ReceiptHandle": got[1].ReceiptHandle, "VisibilityTimeout": 0},
	})
	for _, action := range []string{"ChangeMessageVisibilityBatch", "DeleteMessageBatch"} {
		out := ask[batchOutput](t, s, action, `{"QueueUrl":"`+queueURL+`","Entries":`+string(entries)+`}`)
		if len(out.Successful) != 2 || len(out.Failed) != 1 || out.Failed[0].Id != "2" || out.Failed[0].Code != "ReceiptHandleIsInvalid" {
			t.Errorf("%s: %+v", action, out)
		}
	}
	if left, _ := s.Messages("q"); len(left) != 0 {
		t.Errorf("%v left", left)
	}
}

func TestErrorsHaveAWSsTypes(t *testing.T) {
	const q = `"QueueUrl":"` + queueURL + `"`
	eleven := strings.TrimSuffix(strings.Repeat(`{"Id":"a","MessageBody":"x"},`, 11), ",")
	half := strings.Repeat("x", maxMessage/2+1)
	for name, tt := range map[string]struct {
		action, body string
		kind, code   string
	}{
		"no such queue":         {"SendMessage", `{"QueueUrl":"http://h/000000000000/nope","MessageBody":"x"}`, "com.amazonaws.sqs#QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"},
		"a URL of one part":     {"PurgeQueue", `{"QueueUrl":"http://h"}`, "com.amazonaws.sqs#QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"},
		"no URL":                {"ReceiveMessage", `{}`, "com.amazon.coral.service#MissingRequiredParameterException", "MissingParameter"},
		"not JSON":              {"ReceiveMessage", `{`, "com.amazon.coral.service#SerializationException", "MalformedInput"},
		"a wrong JSON type":     {"ReceiveMessage", `{"QueueUrl":5}`, "com.amazon.coral.service#SerializationException", "MalformedInput"},
		"an unknown action":     {"StartMessageMoveTask", `{}`, "com.amazonaws.sqs#UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation"},
		"other attributes":      {"CreateQueue", `{"QueueName":"q","Attributes":{"DelaySeconds":"1"}}`, "com.amazonaws.sqs#QueueNameExists", "QueueAlreadyExists"},
		"a queue without name":  {"CreateQueue", `{}`, "com.amazon.coral.service#MissingRequiredParameterException", "MissingParameter"},
		"a hostile name":        {"CreateQueue", `{"QueueName":"../q"}`, "com.amazon.coral.service#InvalidParameterValueException", "InvalidParameterValue"},
		"a long name":           {"CreateQueue", `{"QueueName":"` + strings.Repeat("q", 81) + `"}`, "com.amazon.coral.service#InvalidParameterValueException", "InvalidParameterValue"},
		"FIFO without suffix":   {"CreateQueue", `{"QueueName":"x","Attributes":{"FifoQueue":"true"}}`, "com.amazon.coral.service#InvalidParameterValueException", "InvalidParameterValue"},
		"suffix without FIFO":   {"CreateQueue", `{"QueueName":"x.fifo"}`, "com.amazon.coral.service#InvalidParameterValueException", "InvalidParameterValue"},
		"an attribute too high": {"CreateQueue", `{"QueueName":"x","Attributes":{"DelaySeconds":"901"}}`, "com.amazonaws.sqs#InvalidAttributeValue", "InvalidAttributeValue"},
		"FIFO's on standard":    {"CreateQueue", `{"QueueName":"x","Attributes":{"ContentBasedDeduplication":"true"}}`, "com.amazonaws.sqs#InvalidAttributeValue", "InvalidAttributeValue"},
		"an unknown attribute":  {"SetQueueAttributes", `{` + q + `,"Attributes":{"Colour":"red"}}`, "com.amazonaws.sqs#InvalidAttributeName", "InvalidAttributeName"},
		"no attributes":         {"SetQueueAttributes", `{` + q + `}`, "com.amazon.coral.service#MissingRequiredParameterException", "MissingParameter"},
		"asking for unknown":    {"GetQueueAttributes", `{` + q + `,"AttributeNames":["Colour"]}`, "com.amazonaws.sqs#InvalidAttributeName", "InvalidAttributeName"},
		"a redrive to nowhere":  {"SetQueueAttributes", `{` + q + `,"Attributes":{"RedrivePolicy":"{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:no\",\"maxReceiveCount\":1}"}}`, "com.amazon.coral.service#InvalidParameterValueException", "InvalidParameterValue"},
		"a redrive without end": {"SetQueueAttributes", `{` + q + `,"Attributes":{"RedrivePolicy":"{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:q\",\"maxReceiveCount\":0}"}}`, "com.amazon.coral.service#InvalidParameterValueException", "InvalidParameterValue"},
		"eleven messages":       {"ReceiveMessage", `{` + q + `,"MaxNumberOfMessages":11}`, "com.amazon.coral.service#InvalidParameterValueException", "InvalidParameterValue"},
		"a receipt again":       {"ReceiveMessage", `{` + q + `,"ReceiveRequestAttemptId":"1"}`, "com.amazonaws.sqs#UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation"},
		"a long wait":           {"ReceiveMessage", `{` + q + `,"WaitTimeSeconds":21}`, "com.amazon.coral.service#InvalidParameterValueException", "InvalidParameterValue"},
		"a long timeout":        {"ReceiveMessage", `{` + q + `,"VisibilityTimeout":43201}`, "com.amazon.coral.service#InvalidParameterValueException", "InvalidParameterValue"},
		"no handle":             {"DeleteMessage", `{` + q + `}`, "com.amazon.coral.service#MissingRequiredParameterException", "MissingParameter"},
		"a wrong handle":        {"DeleteMessage", `{` + q + `,"ReceiptHandle":"AAAA"}`, "com.amazonaws.sqs#ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid"},
		"another queue's":       {"DeleteMessage", `{` + q + `,"ReceiptHandle":"YS9iLzE="}`, "com.amazonaws.sqs#ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid"},
		"a message that's gone": {"ChangeMessageVisibility", `{` + q + `,"ReceiptHandle":"cS9iLzE=","VisibilityTimeout":1}`, "com.amazon.coral.service#InvalidParameterValueException", "InvalidParameterValue"},
		"no timeout":            {"ChangeMessageVisibility", `{` + q + `,"ReceiptHandle":"cS9iLzE="}`, "com.amazon.coral.service#MissingRequiredParameterException", "MissingParameter"},
		"an empty batch":        {"SendMessageBatch", `{` + q + `,"Entries":[]}`, "com.amazonaws.sqs#EmptyBatchRequest", "AWS.SimpleQueueService.EmptyBatchRequest"},
		"a batch of eleven":     {"SendMessageBatch", `{` + q + `,"Entries":[` + eleven + `]}`, "com.amazonaws.sqs#TooManyEntriesInBatchRequest", "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"},
		"an id twice":           {"DeleteMessageBatch", `{` + q + `,"Entries":[{"Id":"a"},{"Id":"a"}]}`, "com.amazonaws.sqs#BatchEntryIdsNotDistinct", "AWS.SimpleQueueService.BatchEntryIdsNotDistinct"},
		"a hostile id":          {"DeleteMessageBatch", `{` + q + `,"Entries":[{"Id":"a b"}]}`, "com.amazonaws.sqs#InvalidBatchEntryId", "AWS.SimpleQueueService.InvalidBatchEntryId"},
		"a batch too long":      {"SendMessageBatch", `{` + q + `,"Entries":[{"Id":"a","MessageBody":"` + half + `"},{"Id":"b","MessageBody":"` + half + `"}]}`, "com.amazonaws.sqs#BatchRequestTooLong", "AWS.SimpleQueueService.BatchRequestTooLong"},
		"a request too long":    {"SendMessage", `{"MessageBody":"` + strings.Repeat("x", maxRequest) + `"}`, "com.amazon.coral.service#InvalidParameterValueException", "InvalidParameterValue"},
		"another owner":         {"GetQueueUrl", `{"QueueName":"q","QueueOwnerAWSAccountId":"999999999999"}`, "com.amazonaws.sqs#QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"},
		"a page of 0":           {"ListQueues", `{"MaxResults":0}`, "com.amazon.coral.service#InvalidParameterValueException", "InvalidParameterValue"},
	} {
		t.Run(name, func(t *testing.T) {
			s := New(Options{})
			ask[any](t, s, "CreateQueue", `{"QueueName":"q"}`)
			checkError(t, post(s, tt.action, tt.body), http.StatusBadRequest, tt.kind, tt.code)
		})
	}
}

func checkError(t *testing.T, w *httptest.ResponseRecorder, status int, kind, code string) {
	t.Helper()
	var e struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
	if w.Code != status || e.Type != kind || e.Message == "" || w.Header().Get("x-amzn-query-error") != code+";Sender" || w.Header().Get("Content-Type") != contentType {
		t.Errorf("%d %s %v, want %d %s %s", w.Code, w.Body, w.Header(), status, kind, code)
	}
}

func TestRequestsOfAnotherFormAreRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		change     func(*http.Request)
		status     int
		kind, code string
	}{
		"a GET": {func(r *http.Request) { r.Method = http.MethodGet }, 400, "com.amazonaws.sqs#UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation"},
		"the query protocol": {func(r *http.Request) {
			r.Header.Del("X-Amz-Target")
			r.Body = io.NopCloser(strings.NewReader("Action=ListQueues&Version=2012-11-05"))
		}, 400, "com.amazonaws.sqs#UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation"},
		"another service": {func(r *http.Request) { r.Header.Set("X-Amz-Target", "DynamoDB_20120810.ListTables") }, 400, "com.amazonaws.sqs#UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation"},
		"no signature":    {func(r *http.Request) { r.Header.Del("Authorization") }, 403, "com.amazon.coral.service#MissingAuthenticationTokenException", "MissingAuthenticationToken"},
		"a bearer token":  {func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }, 403, "com.amazon.coral.service#IncompleteSignatureException", "IncompleteSignature"},
		"another's signed": {func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(authorization, "/sqs/", "/s3/", 1))
		}, 403, "com.amazon.coral.service#IncompleteSignatureException", "IncompleteSignature"},
	} {
		t.Run(name, func(t *testing.T) {
			checkError(t, post(New(Options{}), "ListQueues", "{}", tt.change), tt.status, tt.kind, tt.code)
		})
	}
}

// FuzzRequest sends any body to any action: the answer is a success or an
// error of the protocol, never a fault of the service.
func FuzzRequest(f *testing.F) {
	f.Add("SendMessage", `{"QueueUrl":"/000000000000/q","MessageBody":"x","MessageAttributes":{"a":{"DataType":"Number","StringValue":"1"}}}`)
	f.Add("SendMessageBatch", `{"QueueUrl":"q.fifo","Entries":[{"Id":"a","MessageBody":"x","MessageGroupId":"g"}]}`)
	f.Add("CreateQueue", `{"QueueName":"x","Attributes":{"RedrivePolicy":"{\"maxReceiveCount\":\"1\"}"}}`)
	f.Add("ReceiveMessage", `{"QueueUrl":"q","VisibilityTimeout":0,"AttributeNames":["All"]}`)
	f.Add("DeleteMessage", `{"QueueUrl":"q","ReceiptHandle":"cS9iLzE="}`)
	f.Add("ListQueues", `{"NextToken":"q"}`)
	f.Fuzz(func(t *testing.T, action, body string) {
		if strings.Contains(strings.ToLower(body), "wait") {
			return // no long polls
		}
		s := New(Options{})
		for name, attributes := range map[string]map[string]string{"q": nil, "q.fifo": fifo} {
			if _, err := s.EnsureQueue(name, attributes); err != nil {
				t.Fatal(err)
			}
		}
		w := post(s, action, body)
		if w.Code != http.StatusOK && w.Code != http.StatusBadRequest || !json.Valid(w.Body.Bytes()) {
			t.Fatalf("%s %s: %d %s", action, body, w.Code, w.Body)
		}
	})
}
