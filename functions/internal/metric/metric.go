// Package metric writes CloudWatch metrics as log lines in the embedded metric format, which
// CloudWatch turns into metrics by itself: no call, no agent, no time spent in the invocation.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
package metric

import (
	"encoding/json"
	"io"
	"sync"
	"time"
)

// Units of the values, https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html.
const (
	Count        = "Count"
	Milliseconds = "Milliseconds"
)

// maxValues is how many metrics a line may declare.
const maxValues = 100

// Value is one measurement.
type Value struct {
	Name, Unit string
	Number     int64
}

// Writer writes the metrics of one function. It is safe for concurrent use.
type Writer struct {
	namespace, function string
	mu                  sync.Mutex
	out                 io.Writer
}

// New makes a Writer to out, which in a function is the standard output. The function's name is
// the metrics' one dimension, "Function".
func New(out io.Writer, namespace, function string) *Writer {
	return &Writer{namespace: namespace, function: function, out: out}
}

type metadata struct {
	Timestamp int64       `json:"Timestamp"`
	Metrics   []directive `json:"CloudWatchMetrics"`
}

type directive struct {
	Namespace  string       `json:"Namespace"`
	Dimensions [][]string   `json:"Dimensions"`
	Metrics    []definition `json:"Metrics"`
}

type definition struct {
	Name string `json:"Name"`
	Unit string `json:"Unit"`
}

// Write writes one line with the values, of which those that are zero are left out: a line costs
// by its length, and CloudWatch sums without them. At most 100 values are written; of nothing,
// nothing is.
func (w *Writer) Write(at time.Time, values ...Value) error {
	line := map[string]any{"Function": w.function}
	var metrics []definition
	for _, v := range values {
		if v.Number != 0 && len(metrics) < maxValues {
			metrics = append(metrics, definition{v.Name, v.Unit})
			line[v.Name] = v.Number
		}
	}
	if len(metrics) == 0 {
		return nil
	}
	line["_aws"] = metadata{at.UnixMilli(), []directive{{w.namespace, [][]string{{"Function"}}, metrics}}}
	text, err := json.Marshal(line)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	_, err = w.out.Write(append(text, '\n'))
	return err
}
