package template

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

const (
	functionType     = "AWS::Serverless::Function"
	tableType        = "AWS::DynamoDB::Table"
	webSocketAPIType = "AWS::Serverless::WebSocketApi"
	queueType        = "AWS::SQS::Queue"
	distributionType = "AWS::CloudFront::Distribution"
	edgeFunctionType = "AWS::CloudFront::Function"
	functionURLType  = "AWS::Lambda::Url"
	mappingType      = "AWS::Lambda::EventSourceMapping"
)

// harmless lists the types, and prefixes of types, that change nothing on one
// machine: permissions, names, logs, alarms, cache rules.
var harmless = []string{
	"AWS::ApiGateway::Account",
	"AWS::ApplicationAutoScaling::",
	"AWS::Budgets::",
	"AWS::CertificateManager::",
	"AWS::CloudFormation::WaitConditionHandle",
	"AWS::CloudFront::CachePolicy",
	"AWS::CloudFront::OriginRequestPolicy",
	"AWS::CloudFront::ResponseHeadersPolicy",
	"AWS::CloudWatch::",
	"AWS::IAM::",
	"AWS::Lambda::Permission",
	"AWS::Logs::",
	"AWS::Route53::",
	"AWS::SQS::QueuePolicy",
	"AWS::WAFv2::",
	"AWS::XRay::",
}

func isHarmless(typ string) bool {
	for _, known := range harmless {
		if typ == known || strings.HasSuffix(known, "::") && strings.HasPrefix(typ, known) {
			return true
		}
	}
	return false
}

func (r *resolver) arn(service, rest string) string {
	return "arn:aws:" + service + ":" + r.opts.Region + ":" + r.opts.AccountID + ":" + rest
}

// nameProperty is the property that gives a resource of this type its name.
func nameProperty(typ string) string {
	switch typ {
	case functionType:
		return "FunctionName"
	case tableType:
		return "TableName"
	case queueType:
		return "QueueName"
	case edgeFunctionType:
		return "Name"
	}
	return ""
}

// name answers the resource's physical name.
func (r *resolver) name(res *resource) (string, error) {
	n := property(res.properties, nameProperty(res.typ))
	if n != nil {
		return r.explicitName(res, n)
	}
	if res.typ == queueType && text(property(res.properties, "FifoQueue")) == "true" {
		return res.id + ".fifo", nil
	}
	return res.id, nil
}

func (r *resolver) explicitName(res *resource, n *yaml.Node) (string, error) {
	key := "name of " + res.id
	if r.visiting[key] {
		return "", r.errorf(n, "the name of "+res.id+" depends on itself")
	}
	r.visiting[key] = true
	defer delete(r.visiting, key)
	value, err := r.resolve(n)
	if err != nil || value == nil {
		return res.id, err
	}
	if value.Kind != yaml.ScalarNode || value.Value == "" {
		return "", r.errorf(n, "a name is expected here")
	}
	return value.Value, nil
}

// hostLabel is a logical id as the first label of a domain.
func hostLabel(id string) string { return strings.ToLower(id) }

func (r *resolver) apiDomain(id string) string {
	return hostLabel(id) + ".execute-api." + r.opts.Region + ".amazonaws.com"
}

func (r *resolver) functionURLDomain(id string) string {
	return hostLabel(id) + ".lambda-url." + r.opts.Region + ".on.aws"
}

func distributionDomain(id string) string { return hostLabel(id) + ".cloudfront.net" }

func (r *resolver) refResource(res *resource, at *yaml.Node) (string, error) {
	switch res.typ {
	case queueType:
		return r.getAtt(res, "QueueUrl", at)
	case webSocketAPIType:
		return hostLabel(res.id), nil
	case edgeFunctionType:
		return r.getAtt(res, "FunctionARN", at)
	case functionURLType:
		return r.getAtt(res, "FunctionArn", at)
	case functionType, tableType:
		return r.name(res)
	case distributionType, mappingType:
		return res.id, nil
	}
	return res.id, r.checkType(res, at)
}

// checkType refuses a reference to a type that is neither known nor harmless.
func (r *resolver) checkType(res *resource, at *yaml.Node) error {
	if isHarmless(res.typ) {
		return nil
	}
	return r.errorf(at, "resource type "+res.typ+" is not supported")
}

func (r *resolver) getAtt(res *resource, attribute string, at *yaml.Node) (string, error) {
	name, err := r.name(res)
	if err != nil {
		return "", err
	}
	switch res.typ + " " + attribute {
	case functionType + " Arn":
		return r.arn("lambda", "function:"+name), nil
	case functionURLType + " FunctionArn":
		return r.attribute(strings.TrimSuffix(res.id, "Url"), "Arn", at)
	case functionURLType + " FunctionUrl":
		return "https://" + r.functionURLDomain(res.id) + "/", nil
	case tableType + " Arn":
		return r.arn("dynamodb", "table/"+name), nil
	case tableType + " StreamArn":
		if property(res.properties, "StreamSpecification") == nil {
			return "", r.errorf(at, "the table "+res.id+" has no StreamSpecification")
		}
		return r.arn("dynamodb", "table/"+name+"/stream/"+StreamLabel), nil
	case queueType + " Arn":
		return r.arn("sqs", name), nil
	case queueType + " QueueName":
		return name, nil
	case queueType + " QueueUrl":
		return "https://sqs." + r.opts.Region + ".amazonaws.com/" + r.opts.AccountID + "/" + name, nil
	case webSocketAPIType + " ApiId":
		return hostLabel(res.id), nil
	case webSocketAPIType + " ApiEndpoint":
		return "wss://" + r.apiDomain(res.id), nil
	case distributionType + " DomainName":
		return distributionDomain(res.id), nil
	case distributionType + " Id":
		return res.id, nil
	case edgeFunctionType + " FunctionARN", edgeFunctionType + " FunctionMetadata.FunctionARN":
		return "arn:aws:cloudfront::" + r.opts.AccountID + ":function/" + name, nil
	}
	if isHarmless(res.typ) {
		return res.id + "." + attribute, nil
	}
	return "", r.errorf(at, res.typ+" has no attribute "+strconv.Quote(attribute)+" that is known here")
}
