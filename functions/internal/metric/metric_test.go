package metric

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

var at = time.UnixMilli(1_700_000_000_123)

func TestALineDeclaresItsMetrics(t *testing.T) {
	var out strings.Builder
	w := New(&out, "Edgestream", `pub"lish`)
	err := w.Write(at, Value{Name: "Deliveries", Unit: Count, Number: 12}, Value{Name: "Gone", Unit: Count}, Value{Name: "Latency", Unit: Milliseconds, Each: []int64{250, 0}})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"Deliveries":12,"Function":"pub\"lish","Latency":[250,0],"_aws":{"Timestamp":1700000000123,` +
		`"CloudWatchMetrics":[{"Namespace":"Edgestream","Dimensions":[["Function"]],` +
		`"Metrics":[{"Name":"Deliveries","Unit":"Count"},{"Name":"Latency","Unit":"Milliseconds"}]}]}}` + "\n"
	if out.String() != want {
		t.Errorf("got  %s\nwant %s", out.String(), want)
	}
}

func TestNothingMeasuredIsNothingWritten(t *testing.T) {
	var out strings.Builder
	if err := New(&out, "n", "f").Write(at, Value{Name: "Gone", Unit: Count}, Value{Name: "Latency", Each: []int64{}}); err != nil || out.Len() > 0 {
		t.Errorf("wrote %q, %v", out.String(), err)
	}
}

func TestALineHoldsAtMostAHundredMetrics(t *testing.T) {
	var values []Value
	for i := range 150 {
		values = append(values, Value{Name: fmt.Sprint("m", i), Unit: Count, Number: 1})
	}
	var out strings.Builder
	if err := New(&out, "n", "f").Write(at, values...); err != nil {
		t.Fatal(err)
	}
	var line struct {
		AWS metadata `json:"_aws"`
	}
	if err := json.Unmarshal([]byte(out.String()), &line); err != nil || len(line.AWS.Metrics[0].Metrics) != maxValues {
		t.Errorf("%d metrics, %v", len(line.AWS.Metrics[0].Metrics), err)
	}
}

func TestAMetricHasAtMostAHundredNumbers(t *testing.T) {
	var each []int64
	for i := range int64(250) {
		each = append(each, i)
	}
	var out strings.Builder
	if err := New(&out, "n", "f").Write(at, Value{Name: "a", Unit: Count, Each: each}); err != nil {
		t.Fatal(err)
	}
	var line struct{ A []int64 }
	if err := json.Unmarshal([]byte(out.String()), &line); err != nil || len(line.A) != maxValues || line.A[0] != 0 || line.A[99] < 245 {
		t.Errorf("%v, %v", line.A, err)
	}
}

type broken struct{}

var errBroken = errors.New("no standard output")

func (broken) Write([]byte) (int, error) { return 0, errBroken }

func TestAnOutputThatFailsIsSaid(t *testing.T) {
	if err := New(broken{}, "n", "f").Write(at, Value{Name: "a", Unit: Count, Number: 1}); !errors.Is(err, errBroken) {
		t.Errorf("got %v", err)
	}
}

func TestWhatCannotBeWrittenNowIsLogged(t *testing.T) {
	var out, log strings.Builder
	to := slog.New(slog.NewJSONHandler(&log, nil))
	New(&out, "n", "f").Now(to, Counted("a", 3), Counted("b", 0))
	if !strings.Contains(out.String(), `"a":3}`) || strings.Contains(out.String(), `"b"`) || log.Len() > 0 {
		t.Errorf("wrote %s, logged %s", out.String(), log.String())
	}
	New(broken{}, "n", "f").Now(to, Counted("a", 1))
	if !strings.Contains(log.String(), errBroken.Error()) {
		t.Errorf("logged %s", log.String())
	}
}
