package template

import "strings"

// mapping reads an AWS::Lambda::EventSourceMapping: what a function's Events become, for templates
// that need one of its own, such as one with a condition.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-eventsourcemapping.html
func (o *object) mapping(s *Stack, res *resource) {
	const source = "EventSourceArn"
	function := o.named(o.required("FunctionName"))
	switch arn := o.required(source); {
	case strings.HasPrefix(arn, "arn:") && strings.Contains(arn, ":dynamodb:"):
		s.Streams = append(s.Streams, o.streamMapping(source, function, res.id))
	case strings.HasPrefix(arn, "arn:") && strings.Contains(arn, ":sqs:"):
		s.QueueMappings = append(s.QueueMappings, o.queueMapping(source, function, res.id))
	default:
		o.failf(o.at, "%s must be that of a DynamoDB stream or of an SQS queue, not %.80q", source, arn)
	}
}

// named is the Name of the template's function with this name or ARN.
func (o *object) named(function string) string {
	if name := o.r.owner(functionType, "Arn", function); name != "" {
		return name
	}
	if name := o.r.owner(functionType, "Arn", o.r.arn("lambda", "function:"+function)); name != "" {
		return name
	}
	o.failf(o.at, "FunctionName %.80q is no function of this template", function)
	return ""
}
