package stack_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestTheEdgeShowsWhatThePublisherMeasures(t *testing.T) {
	t.Parallel()
	w := theStack(t)
	account, token, _ := w.member(t)
	s := w.dial(t, token, "stream=user")
	w.content(t, note(account, "measured", account))
	s.expect(frame("", "measured", "user"))
	eventually(t, "the metrics have the delivery", func() bool {
		text := w.metrics(t)
		for _, name := range []string{
			`edgestream_deliveries_total{function="PublishFunction"} `, `edgestream_records_total{function="PublishFunction"} `,
			`edgestream_latency_seconds_bucket{function="PublishFunction",le="+Inf"} `, `edgestream_audience_count{function="PublishFunction"} `,
			`aws_lambda_iterator_age_seconds_count{function_name="PublishFunction"} `, `aws_lambda_invocations_total{function_name="ConnectFunction"} `,
			`aws_sqs_approximate_number_of_messages_visible{queue_name="FailureQueue"} `,
		} {
			if !strings.Contains(text, name) {
				return false
			}
		}
		return !strings.Contains(text, "local_open_web_sockets 0\n")
	})
}

func (w *world) metrics(t *testing.T) string {
	t.Helper()
	answer, err := w.http.Get(w.Edge + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%d, %v", answer.StatusCode, err)
	}
	return string(text)
}
