// Package metric writes CloudWatch metrics as log lines in the embedded metric format, which
// CloudWatch turns into metrics by itself: no call, no agent, no time spent in the invocation.
//
// # What it costs
//
// A metric is $0.30 a month (us-east-1; the first ten of an account are free) for each name and
// dimension, counted by the hours in which it was written: what is zero is left out, so troubles
// cost where there are some. There is one dimension, the function; never an account, a stream or a
// connection, each of which would be a metric of its own. A line is ingested as a log, $0.50 per GB:
// one of 400 bytes for each batch is $0.20 per million batches.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
package metric

import (
	"encoding/json"
	"io"
	"log/slog"
	"sync"
	"time"
)

// Units of the values, https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html.
const (
	Count        = "Count"
	Milliseconds = "Milliseconds"
)

// maxValues is how many metrics a line may declare, and how many numbers one of them may have.
const maxValues = 100

// Value is one measurement, or several of the same.
type Value struct {
	Name, Unit string
	Number     int64
	// Each is what was measured several times, instead of Number: CloudWatch then knows percentiles,
	// and a sum and a count too. Of more than 100 every so-manieth is written.
	Each []int64
}

// written is what stands in the line: a number, a list of them, or nil for nothing measured.
func (v Value) written() any {
	switch n := len(v.Each); {
	case n > maxValues:
		thin := make([]int64, maxValues)
		for i := range thin {
			thin[i] = v.Each[i*n/maxValues]
		}
		return thin
	case n > 0:
		return v.Each
	case v.Number != 0:
		return v.Number
	}
	return nil
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
		if number := v.written(); number != nil && len(metrics) < maxValues {
			metrics = append(metrics, definition{v.Name, v.Unit})
			line[v.Name] = number
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

// Counted is a number of things.
func Counted(name string, n int) Value { return Value{Name: name, Unit: Count, Number: int64(n)} }

// Now writes a line of the present time. What cannot be written is logged: it holds up nothing.
func (w *Writer) Now(log *slog.Logger, values ...Value) {
	if err := w.Write(time.Now(), values...); err != nil {
		log.Error("metrics not written", "reason", err.Error())
	}
}
