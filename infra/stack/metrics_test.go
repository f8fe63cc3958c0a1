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
	w.shows(t,
		`edgestream_deliveries_total{function="PublishFunction"} `, `edgestream_records_total{function="PublishFunction"} `,
		`edgestream_latency_seconds_bucket{function="PublishFunction",le="+Inf"} `, `edgestream_audience_count{function="PublishFunction"} `,
		`aws_lambda_iterator_age_seconds_count{function_name="PublishFunction"} `, `aws_lambda_invocations_total{function_name="ConnectFunction"} `,
		`aws_sqs_approximate_number_of_messages_visible{queue_name="FailureQueue"} `)
	if strings.Contains(w.metrics(t), "local_open_web_sockets 0\n") {
		t.Error("no socket is open")
	}
}

// Readers, who comes back, and who is revoked, are counted by their functions.
func TestTheEdgeShowsWhatOtherFunctionsMeasure(t *testing.T) {
	t.Parallel()
	w := theStack(t)
	account := fresh()
	token := w.reading(t, account)
	w.listen(t, token, "/user", http.Header{"Last-Event-Id": {"of another server"}})
	w.dial(t, token, "stream=user&event_ids=true&last_event_id=garbage")
	w.shows(t, `edgestream_readers_total{function="SseFunction"} `, `edgestream_gaps_total{function="SseFunction"} `,
		`edgestream_replays_total{function="ReplayFunction"} `, `edgestream_gaps_total{function="ReplayFunction"} `)
	w.revoke(t, token)
	w.shows(t, `edgestream_closed_total{function="EnforceFunction"} `, `edgestream_latency_seconds_count{function="EnforceFunction"} `)
}

// shows waits until all of these stand in the metrics.
func (w *world) shows(t *testing.T, names ...string) {
	t.Helper()
	eventually(t, "the metrics have "+strings.Join(names, " and "), func() bool {
		text := w.metrics(t)
		for _, name := range names {
			if !strings.Contains(text, name) {
				return false
			}
		}
		return true
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
