package template

import (
	"encoding/json"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"
)

// queue reads an AWS::SQS::Queue; the defaults are SQS's own.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sqs-queue.html
func (o *object) queue(res *resource) Queue {
	o.ignore("Tags", "SqsManagedSseEnabled", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "RedriveAllowPolicy")
	q := Queue{
		LogicalID: res.id, Name: o.name(res), ARN: o.attribute(res, "Arn"), URL: o.attribute(res, "QueueUrl"),
		FIFO:                      o.flag("FifoQueue", false),
		ContentBasedDeduplication: o.flag("ContentBasedDeduplication", false),
		VisibilityTimeoutSeconds:  o.integer("VisibilityTimeout", 30, 0, 43200),
		RetentionSeconds:          o.integer("MessageRetentionPeriod", 345600, 60, 1209600),
		DelaySeconds:              o.integer("DelaySeconds", 0, 0, 900),
		ReceiveWaitSeconds:        o.integer("ReceiveMessageWaitTimeSeconds", 0, 0, 20),
	}
	o.integer("MaximumMessageSize", 1048576, 1024, 1048576)
	q.DeadLetterARN, q.MaxReceiveCount = o.redrive()
	if q.FIFO {
		q.DeduplicationScope = o.oneOf("DeduplicationScope", "queue", "queue", "messageGroup")
		q.ThroughputLimit = o.oneOf("FifoThroughputLimit", "perQueue", "perQueue", "perMessageGroupId")
	}
	return q
}

// redrive reads RedrivePolicy, a mapping or the same as a JSON text.
func (o *object) redrive() (arn string, count int) {
	n := o.get("RedrivePolicy")
	if n == nil {
		return "", 0
	}
	if n.Value != "" {
		var policy struct {
			DeadLetterTargetArn string `json:"deadLetterTargetArn"`
			MaxReceiveCount     int    `json:"maxReceiveCount"`
		}
		if json.Unmarshal([]byte(n.Value), &policy) != nil || policy.DeadLetterTargetArn == "" {
			o.failf(n, "RedrivePolicy cannot be read")
		}
		return policy.DeadLetterTargetArn, policy.MaxReceiveCount
	}
	p := o.child("RedrivePolicy")
	if p == nil {
		return "", 0
	}
	defer p.close()
	return p.required("deadLetterTargetArn"), p.integer("maxReceiveCount", 10, 1, 1000)
}

// checkTimeouts refuses what Lambda refuses: a queue whose messages show again while the function may
// still be at them.
func (r *resolver) checkTimeouts(s *Stack) error {
	for _, m := range s.QueueMappings {
		q := slices.IndexFunc(s.Queues, func(q Queue) bool { return q.Name == m.Queue })
		f := slices.IndexFunc(s.Functions, func(f Function) bool { return f.Name == m.Function })
		if q < 0 || f < 0 || s.Queues[q].VisibilityTimeoutSeconds >= s.Functions[f].TimeoutSeconds {
			continue
		}
		defer r.within(s.Queues[q].LogicalID)()
		return r.errorf(r.lineOf(s.Queues[q].LogicalID), fmt.Sprintf("VisibilityTimeout is %d, less than the Timeout of %s, which is %d",
			s.Queues[q].VisibilityTimeoutSeconds, m.Function, s.Functions[f].TimeoutSeconds))
	}
	return nil
}

// lineOf is where a resource stands.
func (r *resolver) lineOf(id string) *yaml.Node {
	for _, res := range r.resources {
		if res.id == id {
			return &yaml.Node{Line: res.line}
		}
	}
	return nil
}
