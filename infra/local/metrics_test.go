package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"edgestream/infra/local/cloudwatch"
	"edgestream/infra/local/lambda"
	"edgestream/infra/local/template"
)

func measured() *runner {
	r := &runner{log: newLogger("quiet", io.Discard), stack: &template.Stack{}}
	r.metrics = cloudwatch.New(r.gauges)
	return r
}

func get(h http.Handler, path string) string {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w.Body.String()
}

func TestTheEdgeServesWhatFunctionsMeasure(t *testing.T) {
	r := measured()
	edge := r.withMetrics(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) { io.WriteString(w, "the edge's "+req.URL.Path) }))
	r.functionLine(lambda.LogLine{Function: "F", Text: `{"a":3,"F":"f","_aws":{"Timestamp":1,"CloudWatchMetrics":[{"Namespace":"N","Dimensions":[["F"]],"Metrics":[{"Name":"a"}]}]}}`})
	r.functionLine(lambda.LogLine{Function: "F", Text: "no metrics"})
	r.invocation(lambda.Invocation{Function: "F", Duration: 20 * time.Millisecond})
	r.invocation(lambda.Invocation{Function: "F", FunctionError: "Unhandled"})
	r.iteratorAge("F", 3*time.Second)
	text := get(edge, "/metrics")
	for _, want := range []string{
		`n_a_total{f="f"} 3`, `aws_lambda_invocations_total{function_name="F"} 2`, `aws_lambda_errors_total{function_name="F"} 1`,
		`aws_lambda_duration_seconds_count{function_name="F"} 2`, `aws_lambda_iterator_age_seconds_sum{function_name="F"} 3`,
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("%s is not in\n%s", want, text)
		}
	}
	if got := get(edge, "/metrics/x"); got != "the edge's /metrics/x" {
		t.Errorf("another path is answered with %s", got)
	}
}

func TestATemplatesOwnMetricsPathIsItsOwn(t *testing.T) {
	r := measured()
	r.stack.Distributions = []template.Distribution{{Behaviors: []template.Behavior{{PathPattern: "/metrics"}}}}
	if got := get(r.withMetrics(http.NotFoundHandler()), "/metrics"); !strings.Contains(got, "404") {
		t.Error(got)
	}
}

func TestMetricsInVainAreSaid(t *testing.T) {
	var out strings.Builder
	r := measured()
	r.log = newLogger("text", &out)
	r.functionLine(lambda.LogLine{Function: "F", Text: `{"_aws":{"Timestamp":1,"CloudWatchMetrics":[{"Metrics":[]}]}}`})
	if !strings.Contains(out.String(), "in vain") {
		t.Error(out.String())
	}
}

func TestTheLiveLineStaysUnderTheLog(t *testing.T) {
	var out strings.Builder
	l := newLogger("text", &out)
	l.say("one")
	l.status("3 sockets")
	l.status("3 sockets") // as it was: nothing to write
	l.say("two")
	l.status("4 sockets")
	l.status("")
	l.say("three")
	got := strings.NewReplacer(clearLine, "<", "\n", "|").Replace(out.String())
	want := []string{"one|<3 sockets<", "two|3 sockets<4 sockets<", "three|"}
	for _, w := range want {
		if !strings.Contains(got, w) {
			t.Errorf("%q is not in %q", w, got)
		}
	}
	if strings.Count(got, "<") != 4 {
		t.Errorf("written %q", got)
	}
}

func TestTheLiveLineSaysWhatWasMeasuredLately(t *testing.T) {
	r := measured()
	r.metrics.Add(cloudwatch.Metric{Namespace: "N", Name: "Deliveries"}, 12)
	r.invocation(lambda.Invocation{Function: "F", Duration: time.Second})
	r.iteratorAge("F", 500*time.Millisecond)
	if got := r.status(); got != "Deliveries 12 · IteratorAge 0.50 s" {
		t.Errorf("%q", got)
	}
	for width, want := range map[int]string{0: "", 1: "…", 4: "abc…", 6: "abcdef", 80: "abcdef"} {
		if got := cut("abcdef", width); got != want {
			t.Errorf("%d columns: %q, want %q", width, got, want)
		}
	}
}

func TestThereIsNoLiveLineButOnATerminal(t *testing.T) {
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r := measured()
	r.opts.log = "text"
	for _, out := range []io.Writer{file, &strings.Builder{}} {
		r.live(t.Context(), out) // returns at once
	}
}
