package template

import (
	"encoding/json"
)

// events reads a function's Events.
// https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-eventsource.html
func (o *object) events(s *Stack, f Function) {
	events := o.child("Events")
	if events == nil {
		return
	}
	for _, e := range events.all {
		if event := events.child(e.name); event != nil {
			event.event(s, f, f.LogicalID+e.name)
			event.close()
		}
	}
}

func (o *object) event(s *Stack, f Function, id string) {
	typ := o.oneOf("Type", "", "DynamoDB", "SQS", "Schedule", "ScheduleV2")
	p := o.child("Properties")
	if p == nil {
		o.failf(o.at, "the event has no Properties")
		return
	}
	switch typ {
	case "DynamoDB":
		s.Streams = append(s.Streams, p.streamMapping("Stream", f.Name, id))
	case "SQS":
		s.QueueMappings = append(s.QueueMappings, p.queueMapping("Queue", f.Name, id))
	case "Schedule":
		s.Schedules = append(s.Schedules, p.schedule(f, id, "Schedule"))
	case "ScheduleV2":
		s.Schedules = append(s.Schedules, p.schedule(f, id, "ScheduleExpression"))
	}
	p.close()
}

// streamMapping reads a mapping whose source is the property called source. Its bounds are those of
// https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
func (o *object) streamMapping(source, function, id string) StreamMapping {
	o.ignore("KmsKeyArn", "MetricsConfig", "Tags")
	m := StreamMapping{
		LogicalID: id, Function: function, StreamARN: o.required(source),
		Enabled:                    o.flag("Enabled", true),
		BatchSize:                  o.integer("BatchSize", 100, 1, 10000),
		BatchingWindowSeconds:      o.integer("MaximumBatchingWindowInSeconds", 0, 0, 300),
		ParallelizationFactor:      o.integer("ParallelizationFactor", 1, 1, 10),
		StartingPosition:           o.oneOf("StartingPosition", "", "TRIM_HORIZON", "LATEST"),
		Filters:                    o.filters(),
		MaximumRetryAttempts:       o.integer("MaximumRetryAttempts", -1, -1, 10000),
		MaximumRecordAgeSeconds:    o.recordAge(),
		BisectBatchOnFunctionError: o.flag("BisectBatchOnFunctionError", false),
		ReportBatchItemFailures:    o.reportsItems(),
	}
	if d := o.child("DestinationConfig"); d != nil {
		m.OnFailureARN = d.destination("OnFailure")
		d.close()
	}
	m.Table = o.r.owner(tableType, "StreamArn", m.StreamARN)
	return m
}

// recordAge is -1 or 60 to 604800: nothing between.
func (o *object) recordAge() int {
	const key = "MaximumRecordAgeInSeconds"
	age := o.integer(key, -1, -1, 604800)
	if age != -1 && age < 60 {
		o.failf(o.at, "%s must be -1 or 60 to 604800, not %d", key, age)
	}
	return age
}

func (o *object) queueMapping(source, function, id string) QueueMapping {
	o.ignore("KmsKeyArn", "MetricsConfig", "Tags")
	m := QueueMapping{
		LogicalID: id, Function: function, QueueARN: o.required(source),
		Enabled:                 o.flag("Enabled", true),
		BatchSize:               o.integer("BatchSize", 10, 1, 10000),
		BatchingWindowSeconds:   o.integer("MaximumBatchingWindowInSeconds", 0, 0, 300),
		Filters:                 o.filters(),
		ReportBatchItemFailures: o.reportsItems(),
	}
	if c := o.child("ScalingConfig"); c != nil {
		m.MaximumConcurrency = c.integer("MaximumConcurrency", 0, 2, 1000)
		c.close()
	}
	m.Queue = o.r.owner(queueType, "Arn", m.QueueARN)
	return m
}

func (o *object) schedule(f Function, id, expression string) Schedule {
	o.ignore("Name", "Description", "FlexibleTimeWindow", "RetryPolicy", "PermissionsBoundary", "RoleArn", "GroupName")
	enabled := o.flag("Enabled", true)
	return Schedule{
		LogicalID: id, Function: f.Name, Expression: o.required(expression), Input: o.str("Input", ""),
		Enabled:   o.oneOf("State", "ENABLED", "ENABLED", "DISABLED") == "ENABLED" && enabled,
		Scheduler: expression == "ScheduleExpression",
	}
}

// filters reads FilterCriteria; a pattern that is no JSON object would match
// nothing on AWS.
func (o *object) filters() []string {
	c := o.child("FilterCriteria")
	if c == nil {
		return nil
	}
	var patterns []string
	for _, f := range c.children("Filters") {
		pattern := f.required("Pattern")
		if json.Unmarshal([]byte(pattern), &map[string]any{}) != nil {
			f.failf(f.at, "Pattern must be a JSON object, not %.80q", pattern)
		}
		f.close()
		patterns = append(patterns, pattern)
	}
	c.close()
	return patterns
}

func (o *object) reportsItems() bool {
	const only = "ReportBatchItemFailures"
	kinds := o.strings("FunctionResponseTypes")
	for _, kind := range kinds {
		if kind != only {
			o.failf(o.at, "FunctionResponseTypes knows only %s, not %q", only, kind)
		}
	}
	return len(kinds) > 0
}

// owner answers the physical name of the resource whose attribute has this
// value, or nothing when it belongs to another stack.
func (r *resolver) owner(typ, attribute, value string) string {
	for _, res := range r.resources {
		if res.typ != typ || attribute == "StreamArn" && property(res.properties, "StreamSpecification") == nil {
			continue
		}
		if got, err := r.getAtt(res, attribute, nil); err == nil && got == value {
			name, _ := r.name(res)
			return name
		}
	}
	return ""
}
