package cloudwatch

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

const line = `{"Deliveries":12,"Function":"publish","Latency":[250,20,1500],"Audience":[1,400],"_aws":{"Timestamp":1700000000123,` +
	`"CloudWatchMetrics":[{"Namespace":"Edgestream","Dimensions":[["Function"]],"Metrics":[{"Name":"Deliveries","Unit":"Count"},` +
	`{"Name":"Latency","Unit":"Milliseconds"},{"Name":"Audience","Unit":"Count"}]}]}}`

func scrape(t *testing.T, s *Store) string {
	t.Helper()
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if got := w.Header().Get("Content-Type"); w.Code != http.StatusOK || got != "text/plain; version=0.0.4; charset=utf-8" {
		t.Errorf("%d %s", w.Code, got)
	}
	return w.Body.String()
}

// TestTheTextIsAsRecorded holds all of it. UPDATE_GOLDEN=1 records it anew, for a reviewer to read.
func TestTheTextIsAsRecorded(t *testing.T) {
	s := New(func() []Gauge {
		queue := func(name string) Metric {
			return Metric{"AWS/SQS", "ApproximateNumberOfMessagesVisible", "Count", map[string]string{"QueueName": name}}
		}
		return []Gauge{{queue("A"), 3}, {queue("B"), 0}}
	})
	for range 2 {
		if err := s.Line(line + "\n"); err != nil {
			t.Fatal(err)
		}
	}
	s.Add(Metric{"AWS/Lambda", "Errors", "Count", map[string]string{"FunctionName": "a\"\\\nb"}}, 1)
	s.Add(Metric{"AWS/Lambda", "Errors", "Count", map[string]string{"FunctionName": "A"}}, 2.5)
	s.Observe(Metric{"AWS/Lambda", "Duration", "Milliseconds", nil}, 30)
	got := scrape(t, s)
	const golden = "testdata/metrics.txt"
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Error(diff)
	}
}

func TestOtherLinesAreNoMetrics(t *testing.T) {
	s := New(nil)
	for _, text := range []string{"", "hello", `{"level":"INFO"}`, `START "CloudWatchMetrics"`} {
		if err := s.Line(text); err != nil || IsLine(text) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if got := scrape(t, s); got != "" {
		t.Errorf("%q", got)
	}
}

func TestALineThatCloudWatchWouldNotTakeIsAnError(t *testing.T) {
	for name, change := range map[string][2]string{
		"not JSON":               {`{"Deliveries"`, `{Deliveries`},
		"no timestamp":           {`"Timestamp":1700000000123,`, ``},
		"no namespace":           {`"Namespace":"Edgestream",`, ``},
		"a metric that is text":  {`"Deliveries":12`, `"Deliveries":"12"`},
		"a metric that is null":  {`"Deliveries":12`, `"Deliveries":null`},
		"a metric that lacks":    {`"Deliveries":12`, `"Delivered":12`},
		"a list with a text":     {`[1,400]`, `[1,"400"]`},
		"too many values":        {`[1,400]`, `[1` + strings.Repeat(",1", 100) + `]`},
		"a dimension that lacks": {`"Function":"publish",`, ``},
		"a dimension of numbers": {`"Function":"publish"`, `"Function":7`},
		"too many dimensions":    {`[["Function"]]`, `[["Function"` + strings.Repeat(`,"Function"`, 30) + `]]`},
	} {
		s := New(nil)
		text := strings.Replace(line, change[0], change[1], 1)
		if err := s.Line(text); !errors.Is(err, ErrLine) || text == line {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNamesAreSpelledForPrometheus(t *testing.T) {
	for name, want := range map[string]string{
		"IteratorAge": "iterator_age", "AWS/Lambda": "aws_lambda", "HTTPCode5xx": "http_code5xx", "a b-c": "a_b_c", "9x": "_x", "TooLarge": "too_large", "ü": "_",
	} {
		if got := spelled(name); got != want {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
	}
}

func TestRecentForgetsAfterAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(nil)
		all := func(string, string) bool { return true }
		for range 3 {
			if err := s.Line(line); err != nil {
				t.Fatal(err)
			}
			time.Sleep(Window / 2)
		}
		want := []string{"Audience 400", "Deliveries 24", "Latency 0.25 s (1.50)"}
		if diff := cmp.Diff(want, s.Recent(all)); diff != "" {
			t.Error(diff)
		}
		if got := s.Recent(func(_, name string) bool { return name == "Latency" }); len(got) != 1 {
			t.Errorf("%q", got)
		}
		time.Sleep(2 * Window)
		if got := s.Recent(all); len(got) != 0 {
			t.Errorf("still %q", got)
		}
		for range 10 * maxKept {
			s.Add(Metric{Namespace: "n", Name: "m"}, 1)
		}
		if l := s.recent[[2]string{"n", "m"}]; len(l.values) != maxKept {
			t.Errorf("%d values are kept", len(l.values))
		}
	})
}

func TestMetricsAreOnlyRead(t *testing.T) {
	w := httptest.NewRecorder()
	New(nil).ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/metrics", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Error(w.Code)
	}
}

func FuzzLine(f *testing.F) {
	f.Add(line)
	f.Add(`{"CloudWatchMetrics":1,"_aws":{"Timestamp":1,"CloudWatchMetrics":[{"Namespace":"/","Metrics":[{}]}]},"":[]}`)
	f.Fuzz(func(t *testing.T, text string) {
		s := New(nil)
		if err := s.Line(text); err != nil && !errors.Is(err, ErrLine) {
			t.Error(err)
		}
		for l := range strings.Lines(s.text()) {
			if !strings.HasPrefix(l, "# ") && !strings.Contains(l, " ") {
				t.Errorf("odd line %q", l)
			}
		}
	})
}
