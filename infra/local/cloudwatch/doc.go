// Package cloudwatch keeps the metrics of functions on one machine. It takes them as CloudWatch does,
// from log lines in the embedded metric format, and shows them as Prometheus text and in a few words
// for a terminal. It knows the format, and no metric.
//
//   - A line is taken by the format's rules; one that CloudWatch would not take is an error, so that it
//     is seen before it is missed on AWS.
//   - Names are those of the line in Prometheus's spelling: the metric Latency in Milliseconds of the
//     namespace Edgestream is edgestream_latency_seconds, with a label for each dimension.
//   - A number counted (unit Count or None) adds to a counter. Numbers in a list, and those of any
//     other unit, are what was measured each time, and go into a histogram.
//   - Memory is that of the series, of which functions with few dimensions have few.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
// https://prometheus.io/docs/instrumenting/exposition_formats/
package cloudwatch
