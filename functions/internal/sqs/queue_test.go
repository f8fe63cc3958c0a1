package sqs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"edgestream/functions/internal/hook"
)

// sink is a queue that keeps the requests it was sent, and answers with one of answers after the other.
type sink struct {
	requests []batchRequest
	answers  []string
}

func (s *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var q batchRequest
	body, _ := io.ReadAll(r.Body)
	if r.Header.Get("X-Amz-Target") != "AmazonSQS.SendMessageBatch" || json.Unmarshal(body, &q) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.requests = append(s.requests, q)
	answer := `{"Successful":[]}`
	if len(s.answers) > 0 {
		answer, s.answers = s.answers[0], s.answers[1:]
	}
	_, _ = io.WriteString(w, answer)
}

func newQueue(t *testing.T, s *sink) *Queue {
	server := httptest.NewServer(s)
	transport := &http.Transport{}
	t.Cleanup(func() { server.Close(); transport.CloseIdleConnections() })
	t.Setenv("AWS_ENDPOINT_URL_SQS", server.URL)
	return NewQueue(queue, aws.Config{Region: "eu-west-1", HTTPClient: &http.Client{Transport: transport},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "A", SecretAccessKey: "S"}, nil
		})})
}

func tasks(n int, data string) (all []hook.Task) {
	for i := range n {
		all = append(all, hook.Task{App: "1", At: int64(i), Events: []hook.Event{{Name: hook.ClientEvent, Channel: "c", Data: &data}}})
	}
	return all
}

func TestTasksArePutTenAtATimeInTheirOrder(t *testing.T) {
	s := &sink{}
	if err := newQueue(t, s).Put(t.Context(), 3*time.Second+time.Millisecond, tasks(23, "x")...); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, r := range s.requests {
		for _, e := range r.Entries {
			if got, err := hook.ParseTask(e.Body); err != nil || got.At != int64(n) || e.Delay != 3 {
				t.Errorf("%d: %+v, delay %d, %v", n, got, e.Delay, err)
			}
			n++
		}
	}
	if n != 23 || len(s.requests) != 3 || s.requests[0].QueueURL != queue {
		t.Errorf("%d tasks in %d requests", n, len(s.requests))
	}
}

func TestARequestHoldsNoMoreThanAMessage(t *testing.T) {
	s := &sink{}
	if err := newQueue(t, s).Put(t.Context(), time.Hour, tasks(5, strings.Repeat("x", 400<<10))...); err != nil {
		t.Fatal(err)
	}
	if len(s.requests) != 3 || s.requests[0].Entries[0].Delay != 900 {
		t.Errorf("%d requests, delay %d", len(s.requests), s.requests[0].Entries[0].Delay)
	}
}

func TestNothingIsPutForNothing(t *testing.T) {
	s := &sink{}
	if err := newQueue(t, s).Put(t.Context(), 0); err != nil || len(s.requests) != 0 {
		t.Errorf("%d requests, %v", len(s.requests), err)
	}
}

func TestWhatFailedAloneIsPutAgainAlone(t *testing.T) {
	s := &sink{answers: []string{`{"Failed":[{"Id":"1","Code":"InternalError","SenderFault":false}]}`}}
	if err := newQueue(t, s).Put(t.Context(), 0, tasks(3, "x")...); err != nil {
		t.Fatal(err)
	}
	if len(s.requests) != 2 || len(s.requests[1].Entries) != 1 || s.requests[1].Entries[0].ID != "1" {
		t.Errorf("%+v", s.requests)
	}
}

func TestWhatIsNotTakenIsAnError(t *testing.T) {
	const failed = `{"Failed":[{"Id":"0","Code":"Why","SenderFault":%t}]}`
	for name, tt := range map[string]struct {
		answers  []string
		requests int
	}{
		"the sender's fault": {[]string{fmt.Sprintf(failed, true)}, 1},
		"again and again":    {[]string{fmt.Sprintf(failed, false), fmt.Sprintf(failed, false), fmt.Sprintf(failed, false)}, putTries},
	} {
		t.Run(name, func(t *testing.T) {
			s := &sink{answers: tt.answers}
			err := newQueue(t, s).Put(t.Context(), 0, tasks(2, "x")...)
			if !errors.Is(err, ErrEntry) || !strings.Contains(err.Error(), "Why") || len(s.requests) != tt.requests {
				t.Errorf("%v after %d requests", err, len(s.requests))
			}
		})
	}
	s := &sink{answers: []string{`<html>`}}
	if err := newQueue(t, s).Put(t.Context(), 0, tasks(1, "x")...); err == nil {
		t.Error("no error")
	}
}

// A client event may hold any text, a message may not.
func TestEveryTextSurvives(t *testing.T) {
	const text = "\x00\x1f\uFFFD\uFFFE\uFFFF𝄞<&>\u2028\"\\ufffe"
	s := &sink{}
	if err := newQueue(t, s).Put(t.Context(), 0, tasks(1, text)...); err != nil {
		t.Fatal(err)
	}
	body := s.requests[0].Entries[0].Body
	got, err := hook.ParseTask(body)
	if err != nil || *got.Events[0].Data != text || printable(body, -1) != body {
		t.Errorf("%q, %v", body, err)
	}
}
