package main

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// service answers calls with one of these after the other: a status and a body.
func service(t *testing.T, answers ...[2]string) (a *account, calls *int) {
	t.Helper()
	calls = new(int)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if want := "AWS4-HMAC-SHA256 Credential=local/"; !strings.HasPrefix(r.Header.Get("Authorization"), want) || !strings.Contains(r.Header.Get("Authorization"), "/eu-west-3/sqs/aws4_request") {
			t.Errorf("signed %q", r.Header.Get("Authorization"))
		}
		answer := answers[min(*calls, len(answers)-1)]
		*calls++
		if answer[0] != "" {
			w.Header().Set("X-Amzn-ErrorType", answer[0])
			w.WriteHeader(http.StatusBadRequest)
		}
		_, _ = io.WriteString(w, answer[1])
	}))
	t.Cleanup(server.Close)
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_REGION", "AWS_ENDPOINT_URL_SQS"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", "/nowhere")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
	a, err := connect(t.Context(), options{endpoint: server.URL + "/", queueURL: "https://sqs.eu-west-3.amazonaws.com/1/q"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.http.CloseIdleConnections)
	return a, calls
}

func TestAnAnswerMayBeEmpty(t *testing.T) {
	a, _ := service(t, [2]string{"", ""})
	if err := a.delete(t.Context(), "q", letter{}); err != nil {
		t.Error(err)
	}
}

func TestACallThatMeetsTooManyIsMadeAgain(t *testing.T) {
	a, calls := service(t, [2]string{"ThrottlingException:http://x", "{}"}, [2]string{"", `{"Messages":[]}`})
	if _, err := a.receive(t.Context(), "q", 1, 0); err != nil || *calls != 3 {
		t.Errorf("%v after %d calls", err, *calls)
	}
}

func TestARefusalIsSaidAtOnce(t *testing.T) {
	a, calls := service(t, [2]string{"", `{}`}, [2]string{"x", `{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"no such queue"}`})
	_, _ = a.urlOf(t.Context(), "arn:aws:sqs:eu-west-3:1:q")
	_, err := a.urlOf(t.Context(), "arn:aws:sqs:eu-west-3:1:q")
	var r *refusal
	if !errors.As(err, &r) || r.kind != "QueueDoesNotExist" || !strings.Contains(err.Error(), "GetQueueUrl: QueueDoesNotExist (400): no such queue") || *calls != 2 {
		t.Errorf("%v after %d calls", err, *calls)
	}
	if _, err := a.urlOf(t.Context(), "queue"); err == nil {
		t.Error("a name that is no ARN is taken")
	}
}

func TestServicesAreFoundOnAWS(t *testing.T) {
	for _, name := range []string{"SQS", "DYNAMODB", "DYNAMODB_STREAMS", "LAMBDA"} {
		t.Setenv("AWS_ENDPOINT_URL_"+name, "")
	}
	t.Setenv("AWS_ENDPOINT_URL", "")
	for want, of := range map[string]api{
		"https://sqs.eu-west-1.amazonaws.com": sqsAPI, "https://dynamodb.eu-west-1.amazonaws.com": tableAPI,
		"https://streams.dynamodb.eu-west-1.amazonaws.com": streamsAPI, "https://lambda.eu-west-1.amazonaws.com": lambdaAPI,
	} {
		if got := (&account{region: "eu-west-1"}).url(of); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	for queue, want := range map[string]string{
		"http://127.0.0.1:3001/123456789012/q": "http://127.0.0.1:3001", "http://localhost:4566/1/q": "http://localhost:4566", "http://[::1]:9/1/q": "http://[::1]:9",
		"https://sqs.eu-west-1.amazonaws.com/1/q": "https://lambda.eu-west-1.amazonaws.com", "https://10.0.0.1/1/q": "https://lambda.eu-west-1.amazonaws.com",
	} {
		if got := (&account{region: "eu-west-1", machine: machineOf(queue)}).url(lambdaAPI); got != want {
			t.Errorf("with the queue %s Lambda is at %s, want %s", queue, got, want)
		}
	}
	t.Setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://tables")
	if got := (&account{endpoint: "http://all"}).url(tableAPI); got != "http://tables" {
		t.Errorf("%s", got)
	}
}
