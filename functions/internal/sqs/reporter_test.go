package sqs

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const queue = "http://sqs.test/123456789012/failures"

// report reports to a queue that remembers what it was sent.
func report(t *testing.T, record []byte, reason string) message {
	t.Helper()
	var got message
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if target := r.Header.Get("X-Amz-Target"); target != "AmazonSQS.SendMessage" || r.RequestURI != "/" {
			t.Errorf("%s %s", target, r.RequestURI)
		}
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			t.Error(err)
		}
		_, _ = w.Write([]byte(`{"MessageId":"1"}`))
	}))
	defer server.Close()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	t.Setenv("AWS_ENDPOINT_URL_SQS", server.URL)
	r := NewReporter(queue, aws.Config{
		Region: "eu-west-1", HTTPClient: &http.Client{Transport: transport},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "A", SecretAccessKey: "S"}, nil
		}),
	})
	if err := r.Report(t.Context(), record, reason); err != nil {
		t.Fatal(err)
	}
	size := len(got.Body)
	for name, a := range got.Attributes {
		size += len(name) + len(a.Type) + len(a.Value)
	}
	if size > maxMessage || got.QueueURL != queue {
		t.Errorf("message of %d bytes to %s", size, got.QueueURL)
	}
	return got
}

func TestARecordIsReportedWholeWithItsReason(t *testing.T) {
	record := []byte(`{"eventID":"1","dynamodb":{"NewImage":{"payload":{"S":"<ü&\u0007>"}}}}`)
	got := report(t, record, "attribute kind is N, not S")
	if got.Body != string(record) || got.Attributes["reason"] != (attribute{"String", "attribute kind is N, not S"}) || len(got.Attributes) != 1 {
		t.Errorf("%+v", got)
	}
}

func TestTwoLargeImagesFit(t *testing.T) {
	image := strings.Repeat("x", 400<<10)
	record := []byte(`{"OldImage":"` + image + `","NewImage":"` + image + `"}`)
	if got := report(t, record, "x"); got.Body != string(record) {
		t.Errorf("%d bytes of %d", len(got.Body), len(record))
	}
}

func TestARecordOverTheLimitIsCutVisiblyAndKeepsItsKeys(t *testing.T) {
	const limit = 10_000
	for name, filling := range map[string]string{"plain": "x", "escaped": `\u0000\"`, "wide": "日本"} {
		t.Run(name, func(t *testing.T) {
			image := strings.Repeat(filling, 2*limit)
			got, cut := fit([]byte(`{"eventID":"7","dynamodb":{"Keys":{"owner":{"S":"1"}},"SequenceNumber":"42","NewImage":{"payload":{"S":"`+image+`"}}}}`), limit)
			var body struct {
				Cut    string
				Record struct {
					EventID  string
					DynamoDB struct {
						Keys           json.RawMessage
						SequenceNumber string
						NewImage       json.RawMessage
					}
				}
			}
			if err := json.Unmarshal([]byte(got), &body); err != nil {
				t.Fatal(err)
			}
			d := body.Record.DynamoDB
			if body.Record.EventID != "7" || d.SequenceNumber != "42" || string(d.Keys) != `{"owner":{"S":"1"}}` || d.NewImage != nil {
				t.Errorf("%+v", body.Record)
			}
			if !cut || len(got) > limit || len(body.Cut) < limit/8 {
				t.Errorf("cut %v, %d bytes, %d of them kept", cut, len(got), len(body.Cut))
			}
		})
	}
}

func TestACutIsSaidInAnAttribute(t *testing.T) {
	got := report(t, bytes.Repeat([]byte("]"), maxMessage+1), "x")
	if got.Attributes["cut"].Value != "1048577 bytes" {
		t.Errorf("%v", got.Attributes)
	}
}

func TestWhatIsNoRecordIsReportedToo(t *testing.T) {
	for name, record := range map[string][]byte{
		"empty": nil, "not JSON": []byte("}{"), "not UTF-8": {'a', 0xff, 'b'}, "control characters": {0, 1, 31, 'x'},
	} {
		t.Run(name, func(t *testing.T) {
			got := report(t, record, "")
			if got.Body == "" || !utf8.ValidString(got.Body) || got.Attributes["reason"].Value != "unknown" {
				t.Errorf("%.40q %v", got.Body, got.Attributes)
			}
		})
	}
}

func TestAnyRecordFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		record := []byte(strings.Repeat(rapid.String().Draw(t, "text"), rapid.IntRange(0, 50).Draw(t, "times")))
		if rapid.Bool().Draw(t, "as keys") {
			record, _ = json.Marshal(map[string]string{"key": string(record)})
		}
		limit := rapid.IntRange(200, 2000).Draw(t, "limit")
		if got, _ := fit(record, limit); len(got) > limit || got == "" || !utf8.ValidString(got) {
			t.Fatalf("%d bytes, limit %d", len(got), limit)
		}
	})
}

func TestTheQueuesOwnHostIsCalledByDefault(t *testing.T) {
	t.Setenv("AWS_ENDPOINT_URL_SQS", "")
	t.Setenv("AWS_ENDPOINT_URL", "")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	defer server.Close()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	r := NewReporter(server.URL+"/1/q", aws.Config{Region: "x", HTTPClient: &http.Client{Transport: transport},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return aws.Credentials{}, nil })})
	if err := r.Report(t.Context(), []byte("x"), "y"); err == nil || !strings.Contains(err.Error(), "403") {
		t.Error(err)
	}
}
