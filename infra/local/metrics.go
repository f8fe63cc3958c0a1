package main

import (
	"net/http"
	"time"

	"edgestream/infra/local/cloudwatch"
	"edgestream/infra/local/lambda"
)

// metricsPath is where the edge's address answers with metrics, unless the template has a behaviour
// for that path. https://prometheus.io/docs/instrumenting/exposition_formats/
const metricsPath = "/metrics"

// What AWS itself measures of functions and queues, under AWS's names:
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html and
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html.
const (
	lambdaNamespace = "AWS/Lambda"
	sqsNamespace    = "AWS/SQS"
)

func lambdaMetric(name, unit, function string) cloudwatch.Metric {
	return cloudwatch.Metric{Namespace: lambdaNamespace, Name: name, Unit: unit, Dimensions: map[string]string{"FunctionName": function}}
}

// functionLine takes the metrics of a function's line, and logs it.
func (r *runner) functionLine(line lambda.LogLine) {
	if err := r.metrics.Line(line.Text); err != nil {
		r.log.operator().Warn("a function wrote metrics in vain", "function", line.Function, "error", err)
	}
	r.log.functionLine(line)
}

func (r *runner) invocation(i lambda.Invocation) {
	r.metrics.Add(lambdaMetric("Invocations", "Count", i.Function), 1)
	if i.FunctionError != "" {
		r.metrics.Add(lambdaMetric("Errors", "Count", i.Function), 1)
	}
	r.metrics.Observe(lambdaMetric("Duration", "Milliseconds", i.Function), float64(i.Duration.Microseconds())/1000)
	r.log.invocation(i)
}

// iteratorAge takes how old the last record of a batch was when its function was invoked.
func (r *runner) iteratorAge(function string, age time.Duration) {
	r.metrics.Observe(lambdaMetric("IteratorAge", "Milliseconds", function), float64(age.Milliseconds()))
}

// gauges are what is looked at when it is asked for.
func (r *runner) gauges() (all []cloudwatch.Gauge) {
	for _, q := range r.stack.Queues {
		stored, err := r.queues.Messages(q.Name)
		if err != nil {
			continue
		}
		visible := 0
		for _, m := range stored {
			if !m.InFlight {
				visible++
			}
		}
		of := cloudwatch.Metric{Namespace: sqsNamespace, Name: "ApproximateNumberOfMessagesVisible", Unit: "Count", Dimensions: map[string]string{"QueueName": q.Name}}
		all = append(all, cloudwatch.Gauge{Metric: of, Value: float64(visible)})
	}
	if r.sockets != nil {
		of := cloudwatch.Metric{Namespace: "Local", Name: "OpenWebSockets", Unit: "Count"}
		all = append(all, cloudwatch.Gauge{Metric: of, Value: float64(r.sockets.Connections())})
	}
	return all
}

// withMetrics serves metrics beside what the edge serves.
func (r *runner) withMetrics(next http.Handler) http.Handler {
	for _, d := range r.stack.Distributions {
		for _, b := range d.Behaviors {
			if b.PathPattern == metricsPath {
				return next
			}
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path == metricsPath {
			r.metrics.ServeHTTP(w, req)
			return
		}
		next.ServeHTTP(w, req)
	})
}
