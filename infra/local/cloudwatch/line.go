package cloudwatch

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// The format's limits.
const (
	maxMetrics    = 100
	maxValues     = 100
	maxDimensions = 30
)

// ErrLine is a line that declares metrics and breaks the format: CloudWatch would leave it a log line.
var ErrLine = errors.New("metrics that CloudWatch would not take")

// IsLine reports whether a log line declares metrics.
func IsLine(text string) bool {
	return strings.HasPrefix(strings.TrimSpace(text), "{") && strings.Contains(text, `"CloudWatchMetrics"`)
}

// Line takes the metrics of a log line, if it declares some. The error wraps ErrLine.
func (s *Store) Line(text string) error {
	if !IsLine(text) {
		return nil
	}
	var root map[string]json.RawMessage
	var metadata struct {
		Timestamp         *int64
		CloudWatchMetrics []directive
	}
	err := json.Unmarshal([]byte(text), &root)
	if err == nil {
		err = json.Unmarshal(root["_aws"], &metadata)
	}
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrLine, err)
	case metadata.Timestamp == nil:
		return fmt.Errorf("%w: no Timestamp", ErrLine)
	}
	for _, d := range metadata.CloudWatchMetrics {
		if err := s.take(d, root); err != nil {
			return fmt.Errorf("%w: %w", ErrLine, err)
		}
	}
	return nil
}

// directive says what of the line is a metric.
type directive struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []struct{ Name, Unit string }
}

func (s *Store) take(d directive, root map[string]json.RawMessage) error {
	if d.Namespace == "" || len(d.Metrics) > maxMetrics {
		return fmt.Errorf("namespace %q with %d metrics; want a name, and %d at most", d.Namespace, len(d.Metrics), maxMetrics)
	}
	if len(d.Dimensions) == 0 {
		d.Dimensions = [][]string{nil}
	}
	for _, names := range d.Dimensions {
		dimensions, err := dimensionsOf(names, root)
		if err != nil {
			return err
		}
		for _, m := range d.Metrics {
			values, list, err := valuesOf(root[m.Name])
			if err != nil {
				return fmt.Errorf("metric %q: %w", m.Name, err)
			}
			s.put(Metric{d.Namespace, m.Name, m.Unit, dimensions}, list, values)
		}
	}
	return nil
}

func dimensionsOf(names []string, root map[string]json.RawMessage) (map[string]string, error) {
	if len(names) > maxDimensions {
		return nil, fmt.Errorf("%d dimensions, of at most %d", len(names), maxDimensions)
	}
	dimensions := map[string]string{}
	for _, name := range names {
		var value *string
		if err := json.Unmarshal(root[name], &value); err != nil || value == nil {
			return nil, fmt.Errorf("the dimension %q is no text in the line", name)
		}
		dimensions[name] = *value
	}
	return dimensions, nil
}

// valuesOf reads a number, or a list of them.
func valuesOf(raw json.RawMessage) (values []float64, list bool, err error) {
	if list = len(raw) > 0 && raw[0] == '['; list {
		err = json.Unmarshal(raw, &values)
	} else {
		values = make([]float64, 1)
		err = json.Unmarshal(raw, &values[0])
	}
	if err == nil && (len(values) > maxValues || string(raw) == "null") {
		err = fmt.Errorf("%d values, of 1 to %d", len(values), maxValues)
	}
	return values, list, err
}
