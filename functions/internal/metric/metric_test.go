package metric

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

var at = time.UnixMilli(1_700_000_000_123)

func TestALineDeclaresItsMetrics(t *testing.T) {
	var out strings.Builder
	w := New(&out, "Edgestream", `pub"lish`)
	err := w.Write(at, Value{"Deliveries", Count, 12}, Value{"Gone", Count, 0}, Value{"Latency", Milliseconds, 250})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"Deliveries":12,"Function":"pub\"lish","Latency":250,"_aws":{"Timestamp":1700000000123,` +
		`"CloudWatchMetrics":[{"Namespace":"Edgestream","Dimensions":[["Function"]],` +
		`"Metrics":[{"Name":"Deliveries","Unit":"Count"},{"Name":"Latency","Unit":"Milliseconds"}]}]}}` + "\n"
	if out.String() != want {
		t.Errorf("got  %s\nwant %s", out.String(), want)
	}
}

func TestNothingMeasuredIsNothingWritten(t *testing.T) {
	var out strings.Builder
	if err := New(&out, "n", "f").Write(at, Value{"Gone", Count, 0}); err != nil || out.Len() > 0 {
		t.Errorf("wrote %q, %v", out.String(), err)
	}
}

func TestALineHoldsAtMostAHundredMetrics(t *testing.T) {
	var values []Value
	for i := range 150 {
		values = append(values, Value{fmt.Sprint("m", i), Count, 1})
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

type broken struct{}

var errBroken = errors.New("no standard output")

func (broken) Write([]byte) (int, error) { return 0, errBroken }

func TestAnOutputThatFailsIsSaid(t *testing.T) {
	if err := New(broken{}, "n", "f").Write(at, Value{"a", Count, 1}); !errors.Is(err, errBroken) {
		t.Errorf("got %v", err)
	}
}
