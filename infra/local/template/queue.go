package template

import "encoding/json"

// queue reads an AWS::SQS::Queue; the defaults are SQS's own.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sqs-queue.html
func (o *object) queue(res *resource) Queue {
	o.ignore("Tags", "SqsManagedSseEnabled", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "RedriveAllowPolicy",
		"DeduplicationScope", "FifoThroughputLimit")
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
